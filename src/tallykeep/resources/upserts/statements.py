"""The statements of an upserted resource, filled in from its table's columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from tallykeep.db.queries import queries

_sql = queries(__package__, "store.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of upserted resources; `columns` are those that a change writes behind its source_id.

    `own_moments`: resources that are created or updated together still differ in the microsecond.
    """

    name: str
    columns: tuple[str, ...]
    json_columns: tuple[str, ...]
    own_moments: bool = False


class Statements:
    """What reads and writes a table's resources."""

    def __init__(self, table: Table) -> None:
        self._parts = _parts_of(table)
        self.create_stage = self._filled(_sql.create_stage)
        self.clear_stage = self._filled(_sql.clear_stage)
        self.copy_stage = self._filled(_sql.copy_stage)
        self.lock_by_source_id = self._filled(_sql.lock_by_source_id)
        self.lock_by_id = self._filled(_sql.lock_by_id)
        self.insert_staged = self._filled(_sql.insert_staged)
        self.update_staged = self._filled(_sql.update_staged)

    def _filled(self, form: LiteralString) -> bytes:
        return sql.SQL(form).format(**self._parts).as_bytes(None)


def _parts_of(table: Table) -> dict[str, sql.Composable]:
    return {
        "table": sql.Identifier(table.name),
        "stage": sql.Identifier(f"{table.name}_stage"),
        "columns": _listed(sql.Identifier(name) for name in table.columns),
        "staged_columns": _listed(sql.Identifier("stage", name) for name in table.columns),
        "moment": sql.SQL(_sql.moment_of_its_own if table.own_moments else _sql.shared_moment),
    }


def _listed(parts: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(parts)
