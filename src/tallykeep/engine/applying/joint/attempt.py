"""One joint attempt at the rows of several batches. Whatever is unusual about one of them, it is left out."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog

from tallykeep.core.action_type import ActionTypes, BeginJointly
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import CannotJoinError
from tallykeep.core.logs.failures import reason_in_log
from tallykeep.core.operation import JointOperation
from tallykeep.core.rows import Failure
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import hold_if_open
from tallykeep.engine.applying.attempt import BatchOutcome, filled_rows
from tallykeep.engine.applying.joint.claim import ActionKey
from tallykeep.engine.applying.shortened_keys import ShortenedKeys

_log = structlog.get_logger()

Outcomes = list[tuple[ClaimedBatch, BatchOutcome]]


async def apply_jointly(connection: Connection, action_types: ActionTypes, claimed: list[ClaimedBatch]) -> Outcomes:
    """Apply these batches within the transaction open on `connection`; return those that were, with their outcomes.

    Of the others nothing was written: they have to be applied separately.
    """
    outcomes: Outcomes = []
    for begin, batches in _by_operation(action_types, await _behind_gates(connection, action_types, claimed)):
        operation = await begin(connection, batches)
        failures = await _check(operation, action_types, batches)
        for batch, created in await operation.write():
            outcomes.append((batch, BatchOutcome(failures[_key(batch)], created)))
    return outcomes


async def _behind_gates(
    connection: Connection, action_types: ActionTypes, claimed: list[ClaimedBatch]
) -> list[ClaimedBatch]:
    """Return the batches whose gates are open, with the present; from now on these are held."""
    gates = {
        (each.project_id, gate)
        for each in claimed
        for gate in action_types[each.action_type].gates(each.source.parameters)
    }
    projects, timestamp = await hold_if_open(connection, sorted(gates))
    return [replace(each, timestamp=timestamp) for each in claimed if each.project_id in projects]


def _by_operation(
    action_types: ActionTypes, claimed: Iterable[ClaimedBatch]
) -> list[tuple[BeginJointly, list[ClaimedBatch]]]:
    groups: dict[BeginJointly, list[ClaimedBatch]] = {}
    for each in claimed:
        begin = action_types[each.action_type].begin_jointly
        if begin is not None:
            groups.setdefault(begin, []).append(each)
    return list(groups.items())


async def _check(
    operation: JointOperation, action_types: ActionTypes, claimed: Sequence[ClaimedBatch]
) -> dict[ActionKey, list[Failure]]:
    """Read and check the rows of each batch; return the failures of those that can be written."""
    failures: dict[ActionKey, list[Failure]] = {}
    for each in claimed:
        await asyncio.sleep(0)  # one is checked in a moment; many of them are not
        try:
            failures[_key(each)] = _check_one(operation, action_types, each)
        except Exception as error:  # of one of them: all that is to be said of it, its own attempt will say
            _log.debug("a batch cannot join", action_id=each.action_id, reason=reason_in_log(error))
    return failures


def _check_one(operation: JointOperation, action_types: ActionTypes, claimed: ClaimedBatch) -> list[Failure]:
    action_type = action_types[claimed.action_type]
    claimed, rows = filled_rows(claimed, action_type)
    shortened = ShortenedKeys(action_type, claimed)
    if shortened.may_occur(rows) and shortened.find(rows):
        raise CannotJoinError("some of its keys were shortened by a spreadsheet")
    return operation.check(claimed, rows)


def _key(claimed: ClaimedBatch) -> ActionKey:
    return claimed.project_id, claimed.action_id
