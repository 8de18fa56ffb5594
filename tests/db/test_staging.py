"""Batches of uploads that are not accepted yet: nobody sees them, and what breaks off is swept up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tallykeep.core.errors import InvalidPayloadError, NotFoundError, UploadLostError
from tallykeep.engine.intake import staging
from tallykeep.engine.intake import upload_reader as intake
from tallykeep.engine.intake.accept import Acceptance
from tallykeep.engine.retention.pruner import Pruner
from tests.db.engine import Bytes, Engine, open_engine
from tests.postgres import quiet_settings

ACTION_TYPE = "VOUCHERS.IMPORT_CSV"
HEAD = b"Code,Voucher Type,Value\n"
LEFT_FOR_LONG = "UPDATE uploads SET touched_at = touched_at - interval '1 hour' RETURNING action_id"


def rows(count: int, prefix: str = "C") -> bytes:
    return b"".join(b"%s%d,GIFT_VOUCHER,1\n" % (prefix.encode(), number) for number in range(count))


@dataclass
class Slow:
    """An upload that is there in part, until the test says how it goes on."""

    upload: asyncio.Task[str]
    _end: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def ends(self, rest: bytes = b"") -> None:
        self._end.set_result(rest)

    def breaks(self) -> None:
        self._end.set_exception(ConnectionResetError("the client went away"))


@asynccontextmanager
async def slow_upload(engine: Engine, count: int, **options: str) -> AsyncIterator[Slow]:
    """So many rows of which some are staged by now."""
    end: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def body() -> AsyncIterator[bytes]:
        yield HEAD + rows(count)
        yield await end

    async def accept() -> str:
        submission = engine.submission(ACTION_TYPE, **options)
        return (await engine.acceptance.accept(submission, Bytes(body()))).action_id

    upload = asyncio.create_task(accept())
    try:
        await until(lambda: engine.query("SELECT FROM batches"))
        yield Slow(upload, end)
    finally:
        upload.cancel()
        await asyncio.gather(upload, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.01)


async def left(engine: Engine) -> dict[str, int]:
    tables = ("async_actions", "batches", "uploads", "removals", "procrastinate_jobs", "idempotency_keys")
    return {table: (await engine.query(f"SELECT count(*) AS rows FROM {table}"))[0]["rows"] for table in tables}


NOTHING = dict.fromkeys(
    ("async_actions", "batches", "uploads", "removals", "procrastinate_jobs", "idempotency_keys"), 0
)


def pruner(engine: Engine) -> Pruner:
    return Pruner(engine.pool, quiet_settings())


def test_what_is_staged_is_seen_by_nobody_until_it_is_accepted(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine, slow_upload(engine, 5_000) as slow:
            (staged,) = await engine.query("SELECT DISTINCT action_id AS id FROM batches")
            with pytest.raises(NotFoundError):
                await engine.get(staged["id"])
            await engine.advance()
            await engine.rescuer.rescue()
            await pruner(engine).prune()
            assert await engine.jobs() == 0
            assert await engine.query("SELECT FROM batches WHERE status <> 'OPEN'") == []
            slow.ends(rows(5, "D"))
            assert await slow.upload == staged["id"]
            action = await engine.get(staged["id"])
            assert (action["status"], action["total_count"]) == ("ENQUEUED", 5_005)
            (counted,) = await engine.query("SELECT count(*) AS batches, sum(row_count)::int AS rows FROM batches")
            assert counted == {"batches": 501, "rows": 5_005}
            assert await engine.query("SELECT FROM uploads") == []

    asyncio.run(scenario())


def test_a_slow_upload_holds_no_connection_and_no_transaction(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine, slow_upload(engine, 5_000) as slow:
            await until(lambda: engine.query("SELECT WHERE (SELECT count(*) FROM batches) > 400"))
            busy = "SELECT FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND datname ="
            await until(lambda: _none(engine, f"{busy} current_database()"))
            engine.pool.size = 1
            await engine.pool.drain()
            await asyncio.wait_for(engine.submit(ACTION_TYPE, HEAD + rows(25, "D")), 20)
            slow.ends()
            await slow.upload

    asyncio.run(scenario())


async def _none(engine: Engine, query: str) -> bool:
    return not await engine.query(query)


@pytest.mark.parametrize("key", [None, "once"])
def test_what_breaks_off_is_removed_at_once(database_url: str, key: str | None) -> None:
    async def scenario() -> None:
        options = {"idempotency_key": key} if key else {}
        async with open_engine(database_url, batch_rows=10) as engine:
            async with slow_upload(engine, 5_000, **options) as slow:
                slow.breaks()
                with pytest.raises(ConnectionResetError):
                    await slow.upload
                assert await left(engine) == NOTHING
            async with slow_upload(engine, 5_000, **options) as slow:
                slow.ends(b'"' + b"x" * (2 << 20))
                with pytest.raises(InvalidPayloadError):
                    await slow.upload
                assert await left(engine) == NOTHING

    asyncio.run(scenario())


def test_a_canceled_request_leaves_nothing(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine:
            async with slow_upload(engine, 5_000):
                pass
            await until(lambda: _is_clean(engine))

    asyncio.run(scenario())


async def _is_clean(engine: Engine) -> bool:
    return await left(engine) == NOTHING


def test_the_pruner_sweeps_up_what_nobody_touches_any_more_and_it_cannot_be_accepted(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine, slow_upload(engine, 5_000) as slow:
            await pruner(engine).prune()
            assert await engine.query("SELECT FROM batches") != []
            assert len(await engine.query(LEFT_FOR_LONG)) == 1
            await pruner(engine).prune()
            assert await left(engine) == NOTHING
            slow.ends()
            with pytest.raises(UploadLostError, match="send it again"):
                await slow.upload
            assert await left(engine) == NOTHING

    asyncio.run(scenario())


def test_nothing_is_added_to_what_was_swept_up(database_url: str) -> None:
    async def scenario() -> None:
        swept_up = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield HEAD + rows(5_000)
            await swept_up.wait()
            for part in range(10):
                yield rows(3_000, f"D{part}-")
            raise AssertionError("all rows were taken in")  # not only the upload's end is refused

        async with open_engine(database_url, batch_rows=10) as engine:
            upload = asyncio.create_task(engine.acceptance.accept(engine.submission(ACTION_TYPE), Bytes(body())))
            await until(lambda: engine.query("SELECT FROM batches"))
            await engine.query(LEFT_FOR_LONG)
            await pruner(engine).prune()
            swept_up.set()
            with pytest.raises(UploadLostError):
                await upload
            assert await left(engine) == NOTHING

    asyncio.run(scenario())


def test_an_upload_that_goes_on_slowly_is_touched(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_TOUCH_SECONDS", 0.01)

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine, slow_upload(engine, 5_000) as slow:
            await engine.query(LEFT_FOR_LONG)
            recent = "SELECT FROM uploads WHERE touched_at > now() - interval '1 minute'"
            await until(lambda: engine.query(recent))
            slow.ends()
            await slow.upload

    asyncio.run(scenario())


def test_an_upload_that_begins_as_the_last_one_ends_is_touched(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_TOUCH_SECONDS", 0.01)

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            own = staging.Staging(engine.pool)
            own.begin((engine.project_id, "aa_first"))
            await asyncio.sleep(0)
            own.end((engine.project_id, "aa_first"))
            own.begin((engine.project_id, "aa_second"))
            await engine.query(
                "INSERT INTO uploads VALUES (%s, 'aa_second', now(), now() - interval '1 hour') RETURNING 1",
                engine.project_id,
            )
            await until(lambda: engine.query("SELECT FROM uploads WHERE touched_at > now() - interval '1 minute'"))
            own.end((engine.project_id, "aa_second"))

    asyncio.run(scenario())


def test_an_upload_of_which_a_crash_of_the_server_has_taken_batches_is_not_accepted(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine, slow_upload(engine, 5_000) as slow:
            await until(lambda: engine.query("SELECT WHERE (SELECT count(*) FROM batches) > 400"))
            await engine.query("DELETE FROM batches WHERE first_row = 101 RETURNING 1")
            slow.ends(rows(3_000, "D"))
            with pytest.raises(UploadLostError, match="send it again"):
                await slow.upload
            assert await left(engine) == NOTHING

    asyncio.run(scenario())


def test_a_process_that_died_leaves_its_uploads_to_the_pruner(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine:
            await engine.query(
                "WITH begun AS (INSERT INTO uploads VALUES (%s, 'aa_dead', now(), now() - interval '6 minutes'),"
                " (%s, 'aa_alive', now(), now() - interval '1 minute') RETURNING project_id, action_id)"
                " INSERT INTO batches (project_id, action_id, first_row, row_count, body)"
                " SELECT project_id, action_id, row, 1, 'x' FROM begun, generate_series(1, 25) AS row RETURNING 1",
                engine.project_id, engine.project_id,
            )  # fmt: skip
            await pruner(engine).prune()
            rows = await engine.query("SELECT action_id, count(*) AS rows FROM batches GROUP BY action_id")
            assert rows == [{"action_id": "aa_alive", "rows": 25}]
            assert await left(engine) == {**NOTHING, "batches": 25, "uploads": 1}

    asyncio.run(scenario())


def test_two_that_send_the_same_key_at_once_start_one_action(database_url: str) -> None:
    async def scenario() -> None:
        async with (
            open_engine(database_url, batch_rows=10) as engine,
            slow_upload(engine, 5_000, idempotency_key="once") as first,
            slow_upload(engine, 5_000, idempotency_key="once") as second,
        ):
            await until(lambda: engine.query("SELECT WHERE (SELECT count(*) FROM uploads) = 2"))
            first.ends()
            second.ends()
            assert await first.upload == await second.upload
            rows = await left(engine)
            assert (rows["async_actions"], rows["uploads"], rows["removals"]) == (1, 0, 0)
            assert rows["batches"] == 500

    asyncio.run(scenario())


def test_a_few_batches_are_written_with_their_action_in_few_ways_to_the_server(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def staged(*_: object) -> None:
        raise AssertionError("they are not worth staging")

    monkeypatch.setattr(staging.Staging, "begin", staged)

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await engine.submit(ACTION_TYPE, HEAD, *(rows(1_000, f"C{part}-") for part in range(25)))
            batches = await engine.query("SELECT row_count FROM batches WHERE action_id = %s ORDER BY 1", action_id)
            assert (len(batches), sum(batch["row_count"] for batch in batches)) == (3, 25_000)

    asyncio.run(scenario())


def test_rows_of_a_column_that_is_unclear_are_looked_at_where_they_were_staged(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine:
            unambiguous = b"Code,Voucher Type,Value\nA,GIFT_VOUCHER,1.250\nB,GIFT_VOUCHER,12.5\n"
            action_id = await engine.submit(ACTION_TYPE, unambiguous, *(rows(1_000, f"C{part}-") for part in range(5)))
            assert (await engine.query("SELECT FROM uploads")) == []
            (action,) = await engine.query("SELECT source FROM async_actions WHERE id = %s", action_id)
            assert action["source"]["decimal_marks"] == {"Value": "."}

    asyncio.run(scenario())


@pytest.mark.parametrize("staged", [False, True])
def test_a_body_of_ids_that_says_nothing_starts_an_action_without_rows(
    database_url: str, monkeypatch: pytest.MonkeyPatch, staged: bool
) -> None:
    if staged:
        monkeypatch.setattr(intake, "_WORTH_WRITING", 1)

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine:
            assert isinstance(engine.acceptance, Acceptance)
            keys = b",".join(b'"C%d"' % number for number in range(20_000))
            action_id = await engine.submit("VOUCHERS.METADATA_UPDATE", b'{"codes":[' + keys, b"]}")
            action = await engine.get(action_id)
            assert (action["status"], action["total_count"]) == ("DONE", 0)
            assert await engine.query("SELECT FROM batches") == []

    asyncio.run(scenario())
