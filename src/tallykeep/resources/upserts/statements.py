"""The statements of an upserted resource, filled in from its table's columns."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, LiteralString

from psycopg import sql

from tallykeep.core import exact_json
from tallykeep.db.copy_format import copy_text
from tallykeep.db.queries import queries

_sql = queries(__package__, "store.sql")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of upserted resources; `columns` are those that a change writes behind its source_id.

    `defaults` are what null resets columns to, and what new resources have. A change adds to the columns `objects`,
    where it replaces others. `own_timestamps`: resources written together still differ in the microsecond.
    `reference` is the column that has the id of a resource of another table, and that table. `required` are the columns
    without which a resource is not complete.
    """

    name: str
    columns: tuple[str, ...]
    json_columns: tuple[str, ...]
    objects: tuple[str, ...] = ("metadata",)
    defaults: dict[str, Any] = field(default_factory=dict)
    own_timestamps: bool = False
    reference: tuple[str, str] | None = None
    required: tuple[str, ...] = ()

    @property
    def referring_column(self) -> str | None:
        """The column of `reference`."""
        return self.reference[0] if self.reference is not None else None

    @cached_property
    def default_texts(self) -> dict[str, str]:
        """The defaults as COPY takes them."""
        return {name: copy_text(_text(default)) for name, default in {"metadata": {}, **self.defaults}.items()}


class Statements:
    """The statements that read and write a table's resources."""

    def __init__(self, table: Table) -> None:
        self._parts = _parts_of(table)
        self.create_stage = self._filled(_sql.create_stage)
        self.clear_stage = self._filled(_sql.clear_stage)
        self.copy_stage = self._filled(_sql.copy_stage)
        self.lock_by_source_id = self._filled(_sql.lock_by_source_id)
        self.lock_by_id = self._filled(_sql.lock_by_id)
        self.insert_staged = self._filled(_sql.insert_staged)
        self.update_staged = self._filled(_sql.update_staged)
        self.create_changes = self._filled(_sql.create_changes)
        self.clear_changes = self._filled(_sql.clear_changes)
        self.copy_changes = self._filled(_sql.copy_changes)
        self.take_out_unchecked = self._filled(_sql.take_out_unchecked)
        self.take_out_incomplete = self._filled(_sql.take_out_incomplete)
        self.take_out_rows = self._filled(_sql.take_out_rows)
        self.merge_changes = self._filled(_sql.merge_changes)
        self.insert_changes = self._filled(_sql.insert_changes)
        self.copy_new = self._filled(_sql.copy_new)
        self.lock_changed = self._filled(_sql.lock_changed)
        self.kept_by_changes = self._filled(_sql.kept_by_changes)
        self.update_changed = self._filled(_sql.update_changed)
        self.earlier_open_batches = _sql.earlier_open_batches
        self.created_by_changes = self._filled(_sql.created_by_changes)
        self.lock_referred = self._filled(_sql.lock_referred) if table.reference else b""
        self.get_by_id_or_source_id = self._filled(_sql.get_by_id_or_source_id)
        self.delete_one = self._filled(_sql.delete_one)

    def _filled(self, form: LiteralString) -> bytes:
        return sql.SQL(form).format(**self._parts).as_bytes(None)


def matching(table: str, within: str | None = None) -> LiteralString:
    """Select all of the table, or what has in the column `within` the value of the parameter of this name."""
    query: sql.Composable = sql.SQL(_sql.every_one).format(table=sql.Identifier(table))
    if within is not None:
        one = sql.SQL(_sql.of_one_value).format(column=sql.Identifier(within), value=sql.Placeholder(within))
        query = sql.SQL("{} {}").format(query, one)
    return query.as_string(None)


def _parts_of(table: Table) -> dict[str, sql.Composable]:
    own = table.own_timestamps
    return {
        "table": sql.Identifier(table.name),
        "stage": sql.Identifier(f"{table.name}_stage"),
        "changes": sql.Identifier(f"{table.name}_changes"),
        "columns": _joined(sql.Identifier(name) for name in table.columns),
        "staged_columns": _joined(sql.Identifier("stage", name) for name in table.columns),
        "timestamp": sql.SQL(_sql.timestamp_of_its_own if own else _sql.shared_timestamp),
        "timestamp_of_change": sql.SQL(_sql.timestamp_of_its_own_row if own else _sql.shared_timestamp),
        "inserted": _joined(_inserted(table, name) for name in table.columns),
        "resolved": _joined(_resolved(table, name) for name in table.columns),
        "merged": _joined(_merged(table, name) for name in table.columns),
        "complete": _complete(table),
        **_parts_of_reference(table.reference),
        "changed": _joined(_changed(table, name) for name in table.columns),
    }


def _parts_of_reference(reference: tuple[str, str] | None) -> dict[str, sql.Composable]:
    if reference is None:
        return {"with_referred": sql.SQL("")}
    column, referred = map(sql.Identifier, reference)
    return {"with_referred": sql.SQL(_sql.with_referred).format(column=column), "referred": referred}


def _complete(table: Table) -> sql.Composable:
    conditions = [sql.SQL(_sql.is_there).format(column=sql.Identifier(column)) for column in table.required]
    return sql.SQL(" AND ").join(conditions) if conditions else sql.SQL(_sql.anything)


def _inserted(table: Table, column: str) -> sql.Composable:
    """Return the value of a new resource in the column."""
    if column == table.referring_column:
        return sql.SQL(_sql.id_of_referred)
    if (default := _default(table, column)) is None:
        return sql.Identifier(column)
    return sql.SQL(_sql.value_or_default).format(column=sql.Identifier(column), default=default)


def _resolved(table: Table, column: str) -> sql.Composable:
    """Return the same where what it refers to was found before."""
    return sql.Identifier(column) if column == table.referring_column else _inserted(table, column)


def _merged(table: Table, column: str) -> sql.Composable:
    """Return the new value of an existing resource's column."""
    name, default = sql.Identifier(column), _default(table, column)
    if column in table.objects:
        return sql.SQL(_sql.added_to).format(column=name)
    if default is not None:
        return sql.SQL(_sql.replaced_unless_default).format(column=name, default=default)
    return sql.SQL(_sql.replaced).format(column=name)


def _changed(table: Table, column: str) -> sql.Composable:
    """Return the new value of an existing resource's column, whose change is nothing where it says nothing."""
    form = _sql.changed_by_adding if column in table.objects else _sql.changed
    return sql.SQL(form).format(column=sql.Identifier(column))


def _default(table: Table, column: str) -> sql.Composable | None:
    default = {"metadata": {}, **table.defaults}.get(column)
    if column == table.referring_column:
        default = ""  # see id_of_referred
    return None if default is None else sql.Literal(_text(default))


def _text(default: Any) -> str:
    return default if isinstance(default, str) else exact_json.dumps(default).decode()


def _joined(parts: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(parts)
