"""The planning of a project's deletion: what there is of it is counted by the action itself, so many rows a batch.

Whoever asks for the deletion does not wait for that. A batch of planning adds ranges of keys, and the next one of its
kind; the last of them adds the batch that ends the deletion. Ranges are numbered far behind all planning, so that
nothing is deleted before everything is planned.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from tallykeep.core.action_type import Planned
from tallykeep.core.batch import ClaimedBatch
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.managing.project_tables import LARGE_ROWS, TABLES, behind, columns
from tallykeep.tenants.managing.deletion import FIRST_RANGE

_sql = queries(__package__, "deletion_planning.sql")

_BATCHES_OF_A_STEP = 50  # of which one step plans the rows: with the usual 10,000 rows, half a second
_FEWER = 50  # times fewer rows make a batch where they are large


def plan_deletion(_: dict[str, Any]) -> Planned:
    """Return what a deletion begins with: the end of what runs, and the first step of its planning."""
    return Planned(sql.SQL(_sql.first_batches).format(), {"table": next(iter(TABLES))})


@dataclass(slots=True)
class Step:
    """One step: where it begins, how many rows were planned before, and how many a batch should have."""

    table: str | None
    behind: dict[str, Any] | None
    planned: int
    rows: int

    async def take(self, connection: Connection, claimed: ClaimedBatch, project_id: int) -> None:
        """Plan the next ranges and what comes behind them, in the transaction of the batch `claimed`."""
        before, batches, left = self.planned, 0, self.rows * _BATCHES_OF_A_STEP
        while self.table is not None and left > 0:
            params = {
                **claimed.action_key, "target": project_id, "behind": Jsonb(self.behind), "max_rows": left,
                "size": max(self.rows // (_FEWER if self.table in LARGE_ROWS else 1), 1),
                "first_row": FIRST_RANGE + self.planned,
            }  # fmt: skip
            statement = _ranges_of(self.table, is_first=self.behind is None)
            added = await (await connection.execute(statement, params)).fetchone()
            if added is None:
                raise RuntimeError("an aggregate has one row")
            batches, left, self.planned = batches + added["batches"], left - added["rows"], self.planned + added["rows"]
            if left > 0:
                self.table, self.behind = _after(self.table), None
            else:
                self.behind = added["last_key"]
        rows = self.planned - before + await self._add_next(connection, claimed, project_id)
        tally = {**claimed.action_key, "rows": rows, "batches": batches + 1}
        await connection.execute(_sql.add_to_tally, tally)

    async def _add_next(self, connection: Connection, claimed: ClaimedBatch, project_id: int) -> int:
        """Add the next step, or the last batch; returns for how many rows it counts."""
        if self.table is not None:
            first_row, row_count = claimed.batch.first_row + 1, 1
            body = {
                "step": "plan", "table": self.table, "behind": self.behind, "planned": self.planned, "rows": self.rows
            }  # fmt: skip
        else:
            counted = await (await connection.execute(_sql.count_keys, {"target": project_id})).fetchone()
            first_row, row_count = FIRST_RANGE + self.planned, 1 + (counted["total"] if counted else 0)
            body = {"step": "finish"}
        params = {**claimed.action_key, "first_row": first_row, "row_count": row_count, "body": json.dumps(body)}
        await connection.execute(_sql.add_batch, params)
        return row_count


def step_of(batch: Mapping[str, Any]) -> Step:
    """Return the step that a batch of planning is."""
    return Step(**{name: batch[name] for name in Step.__slots__})


def _after(table: str) -> str | None:
    names: Sequence[str] = list(TABLES)
    index = names.index(table) + 1
    return names[index] if index < len(names) else None


def _ranges_of(table: str, *, is_first: bool) -> sql.Composed:
    keys = TABLES[table]
    names = {
        "table": sql.Identifier(table),
        "name": sql.Literal(table),
        "keys": columns(keys),
        "bounds": sql.SQL(", ").join(part for key in keys for part in (sql.Literal(key), sql.Identifier(key))),
        "behind": sql.SQL("") if is_first else behind(table),
    }
    return sql.SQL(_sql.plan_ranges).format(**names)
