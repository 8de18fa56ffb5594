"""Group commit: what comes while a caller's submission is being committed is committed together, and fails alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from tallykeep.core.action_type import Submission
from tallykeep.core.errors import TooManyRequestsError
from tallykeep.db.connections.pool import Connection, Pool
from tests.db.engine import Bytes, Engine, open_engine
from tests.db.meeting import meeting
from tests.db.waiting import until_set

_STEPS = 200  # of the event loop: more than a small submission takes until it waits for somebody's commit
_ROWS = b'[{"code":"A%d","gift":{"amount":%d}}]'


class _Gate:
    """A pool that lends nothing until it is opened, or fails then."""

    def __init__(self, pool: Pool, error: Exception | None = None) -> None:
        self._pool = pool
        self._error = error
        self.requested = asyncio.Event()
        self.opened = asyncio.Event()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self.requested.set()
        await self.opened.wait()
        if self._error is not None:
            raise self._error
        async with self._pool.connection() as connection:
            yield connection


async def _accept(engine: Engine, gate: _Gate | None, submission: Submission, body: bytes, **more: Any) -> str:
    async def chunks() -> AsyncIterator[bytes]:
        yield body

    acceptance = engine.acceptance.over(gate or engine.pool)
    return (await acceptance.accept(submission, Bytes(chunks(), **more))).action_id


def _begin(
    engine: Engine, number: int, gate: _Gate | None = None, file_name: str | None = None, **more: Any
) -> asyncio.Task[str]:
    submission = engine.submission("VOUCHERS.IMPORT", **more)
    return asyncio.create_task(_accept(engine, gate, submission, _ROWS % (number, number + 1), file_name=file_name))


async def _begun(engine: Engine, gate: _Gate) -> asyncio.Task[str]:
    """A submission whose commit is under way until the gate is opened."""
    first = _begin(engine, 0, gate)
    await until_set(gate.requested)
    return first


async def _until_they_wait(*others: asyncio.Task[str]) -> None:
    for _ in range(_STEPS):
        await asyncio.sleep(0)
    assert not any(other.done() for other in others)


async def _in_order(engine: Engine) -> list[dict[str, Any]]:
    return await engine.query(
        "SELECT id, number, xmin::text AS transaction FROM async_actions WHERE project_id = %s ORDER BY number",
        engine.project_id,
    )


def test_those_that_come_during_a_commit_are_committed_together_in_their_order(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            gate = _Gate(engine.pool)
            first = await _begun(engine, gate)
            others = [_begin(engine, number) for number in range(1, 6)]
            await _until_they_wait(*others)
            gate.opened.set()
            ids = [await each for each in (first, *others)]
            committed = await _in_order(engine)
            assert [(row["id"], row["number"]) for row in committed] == list(zip(ids, range(1, 7), strict=True))
            assert len({row["transaction"] for row in committed[1:]}) == 1
            assert committed[0]["transaction"] != committed[1]["transaction"]
            assert await engine.jobs() == 6
            for number, action_id in enumerate(ids):
                action = await engine.finish(action_id)
                assert (action["done_count"], action["failed_count"]) == (1, 0), number

    asyncio.run(scenario())


_COLUMNS = """
SELECT
    to_jsonb(actions) - 'id' - 'number' - 'created_at' - 'updated_at' - 'served_at' - 'log_id' AS action,
    (
        SELECT to_jsonb(entry) - '{id,action_id,resource_id,created_at}'::text[]
        FROM audit_pending AS entry
        WHERE entry.id = actions.log_id AND entry.action_id = actions.id AND entry.resource_id = actions.id
    ) AS entry,
    created_at = updated_at AND created_at - served_at = interval '10 seconds' AS is_on_time,
    to_jsonb(batches) - 'action_id' AS batch
FROM async_actions AS actions
JOIN batches ON batches.project_id = actions.project_id AND batches.action_id = actions.id
WHERE actions.id = %s
"""


@pytest.mark.parametrize(
    ("action_type", "body"),
    [
        ("VOUCHERS.IMPORT", b'[{"code":"A"},{"code":"B"}]'),
        ("VOUCHERS.IMPORT", b'{"code":"A"}\n\n{"code":"B"}\n'),
        ("VOUCHERS.IMPORT_CSV", b'Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n\n"B,GIFT_VOUCHER,2\nC,GIFT_VOUCHER,3\n'),
    ],
)
def test_alone_or_together_makes_the_same_action(database_url: str, action_type: str, body: bytes) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:

            def begin() -> asyncio.Task[str]:
                submission = engine.submission(action_type, requested_by="key", parent_id="aa_parent")
                return asyncio.create_task(_accept(engine, None, submission, body, file_name="rows"))

            single = await begin()
            gate = _Gate(engine.pool)
            submission = engine.submission("VOUCHERS.IMPORT", requested_by="key")
            first = asyncio.create_task(_accept(engine, gate, submission, b"[{}]"))
            await until_set(gate.requested)
            others = [begin(), begin()]
            await _until_they_wait(*others)
            gate.opened.set()
            await first
            (expected,) = await engine.query(_COLUMNS, single)
            assert expected["is_on_time"]
            assert expected["entry"]
            for other in others:
                assert await engine.query(_COLUMNS, await other) == [expected]

    asyncio.run(scenario())


@pytest.mark.parametrize("refused", [{"file_name": "a\0b"}, {"parameters": {"target": "a\0b"}}])
def test_one_that_is_refused_fails_alone(database_url: str, refused: dict[str, Any]) -> None:
    """By the driver, or by the server, which does not store this character either."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            gate = _Gate(engine.pool)
            first = await _begun(engine, gate)
            others = [_begin(engine, 1), _begin(engine, 2, **refused), _begin(engine, 3)]
            await _until_they_wait(*others)
            gate.opened.set()
            outcomes = await asyncio.gather(first, *others, return_exceptions=True)
            assert isinstance(outcomes[2], psycopg.DataError)
            committed = [row["id"] for row in await _in_order(engine)]
            assert committed == [outcome for outcome in outcomes if isinstance(outcome, str)]
            assert (len(committed), await engine.jobs()) == (3, 3)

    asyncio.run(scenario())


def test_one_whose_commit_fails_holds_up_nobody(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            gate = _Gate(engine.pool, RuntimeError("no connection"))
            first = await _begun(engine, gate)
            others = [_begin(engine, 1), _begin(engine, 2)]
            await _until_they_wait(*others)
            gate.opened.set()
            with pytest.raises(RuntimeError, match="no connection"):
                await first
            assert [await other for other in others] == [row["id"] for row in await _in_order(engine)]

    asyncio.run(scenario())


def test_a_group_whose_connection_is_lost_is_not_committed_again(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            before = await _accept(engine, None, engine.submission("VOUCHERS.IMPORT"), b"[{}]")
            gate = _Gate(engine.pool, RuntimeError("no connection"))
            first = await _begun(engine, gate)
            others = [_begin(engine, 1), _begin(engine, 2)]
            await _until_they_wait(*others)
            async with meeting(engine) as other:
                await other.execute("SELECT FROM schedules WHERE project_id = %s FOR UPDATE", engine.project_id)
                gate.opened.set()
                await other.until_waited_for()
                await other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
                )
            outcomes = await asyncio.gather(first, *others, return_exceptions=True)
            assert [type(outcome).__name__ for outcome in outcomes] == ["RuntimeError", *["AdminShutdown"] * 2]
            assert [row["id"] for row in await _in_order(engine)] == [before]

    asyncio.run(scenario())


def test_a_group_that_gets_no_connection_is_refused_at_once(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            gate, busy = _Gate(engine.pool), _Gate(engine.pool, TooManyRequestsError("come again"))
            first = await _begun(engine, gate)
            others = [_begin(engine, number, busy) for number in range(1, 4)]
            await _until_they_wait(*others)
            gate.opened.set()
            busy.opened.set()
            outcomes = await asyncio.gather(first, *others, return_exceptions=True)
            assert outcomes[1] is outcomes[2] is outcomes[3]  # of one try, not of one each
            assert isinstance(outcomes[1], TooManyRequestsError)
            assert [row["id"] for row in await _in_order(engine)] == [outcomes[0]]

    asyncio.run(scenario())


def test_one_that_is_canceled_while_it_waits_is_left_out(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            gate = _Gate(engine.pool)
            first = await _begun(engine, gate)
            others = [_begin(engine, number) for number in range(1, 4)]
            await _until_they_wait(*others)
            others[1].cancel()
            gate.opened.set()
            outcomes = await asyncio.gather(first, *others, return_exceptions=True)
            assert isinstance(outcomes[2], asyncio.CancelledError)
            committed = [row["id"] for row in await _in_order(engine)]
            assert committed == [outcome for outcome in outcomes if isinstance(outcome, str)]
            assert len(committed) == 3

    asyncio.run(scenario())


def test_nobody_waits_for_the_commit_of_another_caller(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            gate = _Gate(engine.pool)
            first = await _begun(engine, gate)
            other = await _begin(engine, 1, requested_by="another key")
            assert [row["id"] for row in await _in_order(engine)] == [other]
            gate.opened.set()
            await first

    asyncio.run(scenario())


def test_a_group_takes_no_more_than_fits_and_the_next_one_the_rest(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallykeep.engine.intake.group_commit._MAX_GROUP", 3)

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            gate = _Gate(engine.pool)
            first = await _begun(engine, gate)
            others = [_begin(engine, number) for number in range(1, 6)]
            await _until_they_wait(*others)
            gate.opened.set()
            ids = [await each for each in (first, *others)]
            committed = await _in_order(engine)
            assert [row["id"] for row in committed] == ids
            transactions = [row["transaction"] for row in committed]
            assert [transactions.count(each) for each in dict.fromkeys(transactions)] == [1, 3, 2]

    asyncio.run(scenario())
