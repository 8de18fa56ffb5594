"""Batches without a person's rows: the body is rewritten, and what is told of failed rows holds no values of theirs."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

from tallykeep.core.action_type import People
from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import DamagedBatchError
from tallykeep.db.queries import queries
from tallykeep.engine.erasing.steps import Step
from tallykeep.engine.erasing.values_in_reasons import reason_without_values
from tallykeep.engine.file_rules.cell_rules import read_replaced
from tallykeep.engine.reason_groups import bare_reason, group_digest, group_number
from tallykeep.engine.stored_batches import batch_of, to_be_stored
from tallykeep.formats.people.person import ERASED, Person
from tallykeep.formats.people.rows import rows_about, values_of, without_rows

_sql = queries(__package__, "erasing.sql")

MAX_BATCHES, MAX_BYTES = 200, 4 << 20  # at a time, and in memory


@dataclass(frozen=True, slots=True)
class _Erased:
    """What a batch becomes, and what the rows held that were erased in it, as they were applied, by number."""

    batch: Batch
    values: dict[int, Any]


async def erase_from_batches(step: Step, person: Person) -> tuple[int, list[DamagedBatchError]]:
    """Erase the person's rows from the batches of a step; returns how many there were, and what could not be read.

    The tallies stay as they are, and so do the numbers of all rows.
    """
    total, damaged, behind = 0, list[DamagedBatchError](), step.start
    while held := await step.fetch(_sql.next_batches, behind, limit=MAX_BATCHES, max_bytes=MAX_BYTES):
        behind = held[-1]["action_id"], held[-1]["first_row"]
        for one in held:
            # Reading thousands of rows takes milliseconds, which others need not wait for.
            try:
                erased = await asyncio.to_thread(partial(_without, one, person, step.people.get(one["type"])))
            except DamagedBatchError as error:
                damaged.append(error)
                continue
            if erased is not None:
                await _rewrite(step, person, one, erased)
                total += len(erased.values)
    return total, damaged


def _without(held: dict[str, Any], person: Person, people: People | None) -> _Erased | None:
    batch, source = batch_of(held), Source(**held["source"])
    numbers = rows_about(person, batch, source, people, read_replaced)
    if not numbers:
        return None
    return _Erased(without_rows(batch, source, numbers), values_of(batch, source, numbers, read_replaced))


async def _rewrite(step: Step, person: Person, held: dict[str, Any], erased: _Erased) -> None:
    action_id = held["action_id"]
    (stored,) = await to_be_stored([erased.batch])
    await step.write(_sql.rewrite_batch, action_id, **stored._asdict())
    await _rewrite_failures(step, person, action_id, erased.values)
    if len(erased.values) == held["total_count"]:
        await step.write(_sql.forget_what_is_said_of_all, action_id, erased=ERASED)
        await step.write(_sql.rewrite_deliveries, action_id)


async def _rewrite_failures(step: Step, person: Person, action_id: str, values: dict[int, Any]) -> None:
    wanted = {"project_id": step.project_id, "action_id": action_id, "rows": list(values)}
    failures = await (await step.connection.execute(_sql.failures_of_rows, wanted)).fetchall()
    if not failures:
        return
    rewritten = await asyncio.to_thread(partial(_rewritten, failures, values, person, action_id))
    await step.write(_sql.rewrite_failures, action_id, **rewritten)
    await step.write(_sql.forget_counts, action_id)


def _rewritten(
    failures: list[dict[str, Any]], values: dict[int, Any], person: Person, action_id: str
) -> dict[str, Any]:
    """Return the parameters that write these failures without what their rows held."""
    reasons = [reason_without_values(each["reason"], values[each["row"]], person) for each in failures]
    return {
        "erased": ERASED,
        "rows": [each["row"] for each in failures],
        "reasons": reasons,
        "reason_groups": [group_number(group_digest(action_id, bare_reason(reason))) for reason in reasons],
    }
