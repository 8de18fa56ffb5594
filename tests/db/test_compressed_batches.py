"""Whether bodies of batches are compressed is seen nowhere but in their table: every door to them tells the same."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tallykeep.catalog.personal_data.export import PEOPLE
from tallykeep.core.batch import Batch
from tallykeep.core.errors import DamagedBatchError
from tallykeep.core.ids import new_id
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.engine import stored_batches
from tallykeep.engine.applying.claim import SMALL_BYTES
from tallykeep.engine.downloads.failed_rows import as_csv, as_ndjson, failed_rows
from tallykeep.engine.downloads.source_rows import as_source_file, as_spreadsheet, shown_source_rows
from tallykeep.engine.erasing.reading import stored_rows
from tallykeep.engine.intake.staging import Staged, Staging
from tallykeep.engine.reading.throughput import list_batches
from tallykeep.engine.stored_batches import batch_of
from tallykeep.formats.people.person import Person
from tests.db.engine import Engine, open_engine
from tests.db.erasing import MARKER, erase, source_ids
from tests.db.joint import JointHolding, serve_all

ROWS, A_BATCH = 900, 300
FAILED = {2, 299, 601}  # rows
ANN = 450
SMALL = "\n".join(f"C-{row},{row}" for row in range(9)).encode()


def customers() -> bytes:
    """A file whose batches are large enough to be compressed; two of them have rows that fail."""

    def line(row: int) -> str:
        email = "no address" if row in FAILED else f"{row}@example.com"
        return f'C-{row},Name {row},{email},"{row} street of long names, house {row}, second floor"'

    return "\n".join(["Source_id,Name,Email,Address_Line_1", *map(line, range(1, ROWS + 1))]).encode()


def vouchers(separator: bytes, before: bytes = b"", behind: bytes = b"") -> bytes:
    rows = [{"code": f"V-{row}", "type": "GIFT_VOUCHER", "gift": {"amount": row}} for row in range(1, ROWS + 1)]
    rows[4]["gift"] = {"amount": -1}
    return before + separator.join(map(orjson.dumps, rows)) + behind


BODIES = {
    "csv": ("CUSTOMERS.IMPORT_CSV", customers()),
    "json": ("VOUCHERS.IMPORT", vouchers(b",", b"[", b"]")),
    "ndjson": ("VOUCHERS.IMPORT", vouchers(b"\n")),
}


@pytest.fixture(params=["compressed", "as it came"])
def is_compressed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(stored_batches, "_WORTH_BYTES", 0 if request.param == "compressed" else 1 << 40)
    return bool(request.param == "compressed")


async def bodies(engine: Engine, action_id: str) -> list[dict[str, Any]]:
    return await engine.query(
        "SELECT octet_length(body) AS size, uncompressed_size FROM batches WHERE action_id = %s ORDER BY first_row",
        action_id,
    )


async def assert_stored(engine: Engine, action_id: str, *, is_compressed: bool) -> None:
    stored = await bodies(engine, action_id)
    assert len(stored) >= ROWS // A_BATCH
    for each in stored:
        assert (each["uncompressed_size"] is not None) == is_compressed
        assert each["size"] < (each["uncompressed_size"] or 1 << 40)


async def content(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("kind", BODIES)
def test_what_was_sent_comes_out_at_every_door(database_url: str, is_compressed: bool, kind: str) -> None:
    action_type, body = BODIES[kind]

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=A_BATCH) as engine:
            action_id = await engine.submit(action_type, body)
            await assert_stored(engine, action_id, is_compressed=is_compressed)
            ended = await engine.finish(action_id)
            failed = FAILED if kind == "csv" else {5}
            assert (ended["done_count"], ended["failed_count"]) == (ROWS - len(failed), len(failed))
            parent = await engine.controller.find(engine.project_id, action_id)
            of_action = (engine.pool, engine.project_id, action_id, parent.source)
            original = await content(as_source_file(*of_action))
            if kind == "csv":
                assert original.splitlines()[1:] == body.splitlines()[1:]
                assert len((await content(as_spreadsheet(*of_action))).splitlines()) == ROWS + 1
            else:
                rows = (
                    orjson.loads(original) if kind == "json" else [orjson.loads(line) for line in original.splitlines()]
                )
                expected = orjson.loads(body) if kind == "json" else [orjson.loads(line) for line in body.splitlines()]
                assert rows == expected
            assert set(await shown_source_rows(*of_action, [1, 301, 900])) == {1, 301, 900}
            rows_of = [row async for some in failed_rows(*of_action) for row in some]
            assert {row.number for row in rows_of} == failed
            assert len((await content(as_ndjson(failed_rows(*of_action), parent.source))).splitlines()) == len(failed)
            as_file = await content(as_csv(lambda: failed_rows(*of_action), parent.source))
            assert len(as_file.splitlines()) == len(failed) + 1
            async with engine.pool.connection() as connection:
                page = await list_batches(connection, engine.project_id, action_id, limit=10, after_row=0)
            # A separator, or a line feed, is all that no batch holds of the rows.
            sizes = sum(batch["size"] for batch in page["batches"])
            assert len(body) - 100 < sizes <= len(body) + ROWS

    asyncio.run(scenario())


def test_failed_rows_are_retried(database_url: str, is_compressed: bool) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=A_BATCH) as engine:
            action_id = await engine.submit("CUSTOMERS.IMPORT_CSV", customers())
            await engine.finish(action_id)
            parent = await engine.controller.find(engine.project_id, action_id)
            again = engine.submission("CUSTOMERS.IMPORT_CSV")
            accepted = await engine.controller.retry(parent, again, SubmissionOptions(), None, unprocessed=False)
            ended = await engine.finish(accepted.action_id)
            assert (ended["done_count"], ended["failed_count"]) == (0, len(FAILED))

    asyncio.run(scenario())


@pytest.mark.parametrize("is_rejected", [False, True])
def test_an_atomic_action_reads_all_of_its_batches(database_url: str, is_compressed: bool, is_rejected: bool) -> None:
    body = customers() if is_rejected else customers().replace(b"no address", b"some@example.com")

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=A_BATCH) as engine:
            action_id = await engine.submit("CUSTOMERS.IMPORT_CSV", body, on_error="reject")
            await assert_stored(engine, action_id, is_compressed=is_compressed)
            ended = await engine.finish(action_id)
            assert ended["done_count"] == (0 if is_rejected else ROWS)
            assert ended["failed_count"] == (len(FAILED) if is_rejected else 0)

    asyncio.run(scenario())


def test_a_person_is_found_and_erased(database_url: str, is_compressed: bool) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=A_BATCH) as engine:
            action_id = await engine.submit("CUSTOMERS.IMPORT_CSV", customers())
            await engine.finish(action_id)
            person = Person(keys=frozenset({f"C-{ANN}"}))
            shown = [row async for rows in stored_rows(engine.pool, engine.project_id, person, PEOPLE) for row in rows]
            assert [row["row"] for row in shown] == [ANN]
            assert (await engine.finish(await erase(engine, f"C-{ANN}")))["done_count"] == 1
            await assert_stored(engine, action_id, is_compressed=is_compressed)
            parent = await engine.controller.find(engine.project_id, action_id)
            file = await content(as_source_file(engine.pool, engine.project_id, action_id, parent.source))
            lines, original = file.splitlines(), customers().splitlines()
            assert [at for at in range(1, ROWS + 1) if lines[at] != original[at]] == [ANN]
            assert lines[ANN].decode() == "," + MARKER  # one column more than there

    asyncio.run(scenario())


def test_a_batch_at_which_processes_died_is_cut_up(database_url: str, is_compressed: bool) -> None:
    async def run_isolated(project_id: int, action_id: str, first_row: int) -> int:
        return -9

    async def scenario() -> None:
        async with open_engine(database_url, run_isolated=run_isolated, batch_rows=A_BATCH) as engine:
            action_id = await engine.submit("CUSTOMERS.IMPORT_CSV", customers())
            await engine.query(
                "INSERT INTO attempts SELECT project_id, action_id, first_row, 9 FROM batches"
                " WHERE action_id = %s AND first_row = 1 RETURNING attempts",
                action_id,
            )
            await engine.advance()
            parts = await engine.query(
                "SELECT row_count, uncompressed_size FROM batches WHERE action_id = %s ORDER BY first_row", action_id
            )
            assert len(parts) > ROWS // A_BATCH
            assert {part["uncompressed_size"] is not None for part in parts} == {is_compressed}
            assert [part["row_count"] for part in parts][-2:] == [A_BATCH, A_BATCH]
            assert sum(part["row_count"] for part in parts) == ROWS
            await engine.query("DELETE FROM attempts RETURNING 1")
            ended = await engine.finish(action_id)
            assert (ended["done_count"], ended["failed_count"]) == (ROWS - len(FAILED), len(FAILED))

    asyncio.run(scenario())


def test_what_is_staged_is_read_before_acceptance(database_url: str, is_compressed: bool) -> None:
    batches = [Batch(1, 9, SMALL * 100, [1, 2], [0]), Batch(10, 9, SMALL)]

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            staged = Staged(Staging(engine.pool), engine.pool, (engine.project_id, new_id("aa_")))
            await staged.write(batches)
            await staged.written()
            assert [await staged.read(each.first_row) for each in batches] == batches
            assert await staged.read(2) is None
            await staged.give_up()

    asyncio.run(scenario())


def test_what_is_large_without_compression_joins_no_others(database_url: str) -> None:
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
    large = [{"code": f"L-{row}", **gift, "metadata": {"note": "x" * 8_000}} for row in range(50)]

    async def scenario() -> None:
        holding = JointHolding()
        async with open_engine(database_url, holding.action_types) as engine:
            action_id = await engine.submit_json(large)
            (stored,) = await bodies(engine, action_id)
            assert stored["size"] < SMALL_BYTES < stored["uncompressed_size"]
            others = [await engine.submit_json([{"code": f"S-{number}", **gift}]) for number in range(2)]
            await serve_all(engine)
            assert [(await engine.get(each))["status"] for each in (action_id, *others)] == ["DONE"] * 3
            assert sum(holding.sizes) == len(others)

    asyncio.run(scenario())


async def damage(engine: Engine, action_id: str, first_row: int) -> None:
    """Change one byte amid the body, as a disk does."""
    (batch,) = await engine.query(
        "UPDATE batches SET body = set_byte(body, at, get_byte(body, at) # 255)"
        " FROM (SELECT octet_length(body) / 2 AS at FROM batches WHERE action_id = %s AND first_row = %s) AS amid"
        " WHERE action_id = %s AND first_row = %s RETURNING uncompressed_size",
        action_id, first_row, action_id, first_row,
    )  # fmt: skip
    assert batch["uncompressed_size"] > stored_batches._WORTH_BYTES


def damaged(first_row: int) -> Any:
    return pytest.raises(DamagedBatchError, match=f"the batch at row {first_row}.* is damaged")


def test_an_action_with_a_damaged_batch_is_given_up_and_says_which(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=A_BATCH) as engine:
            action_id = await engine.submit("CUSTOMERS.IMPORT_CSV", customers())
            await damage(engine, action_id, 301)
            ended = await engine.finish(action_id)
            assert (ended["status"], ended["done_count"], ended["unprocessed_count"]) == ("FAILED", 298, 600)
            assert "the batch at row 301 is damaged" in ended["reason"]
            assert "send the rows that have no outcome again" in ended["reason"]

    asyncio.run(scenario())


@pytest.mark.parametrize("first_row", [1, 601])
def test_so_is_an_atomic_one_of_which_nothing_stays(database_url: str, first_row: int) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=A_BATCH) as engine:
            body = customers().replace(b"no address", b"some@example.com")
            action_id = await engine.submit("CUSTOMERS.IMPORT_CSV", body, on_error="reject")
            await damage(engine, action_id, first_row)
            ended = await engine.finish(action_id)
            assert (ended["status"], ended["done_count"], ended["unprocessed_count"]) == ("FAILED", 0, ROWS)
            assert f"the batch at row {first_row} is damaged" in ended["reason"]
            assert await source_ids(engine) == []

    asyncio.run(scenario())


def test_so_is_one_that_is_tried_in_a_process_of_its_own(database_url: str) -> None:
    """Which would otherwise seem to have died of a row."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=A_BATCH) as engine:
            body = customers().replace(b"no address", b"some@example.com")
            action_id = await engine.submit("CUSTOMERS.IMPORT_CSV", body, on_error="reject")
            await damage(engine, action_id, 601)
            async with engine.pool.connection() as connection:
                await engine.applier.apply_isolated(connection, engine.project_id, action_id, 1)
            ended = await engine.get(action_id)
            assert (ended["status"], ended["ended_by"], ended["unprocessed_count"]) == ("FAILED", "GAVE_UP", ROWS)
            assert "the batch at row 601 is damaged" in ended["reason"]

    asyncio.run(scenario())


def test_what_shows_rows_says_which_batch_is_damaged(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=A_BATCH) as engine:
            action_id = await engine.submit("CUSTOMERS.IMPORT_CSV", customers())
            await engine.finish(action_id)
            await damage(engine, action_id, 601)
            parent = await engine.controller.find(engine.project_id, action_id)
            of_action = (engine.pool, engine.project_id, action_id, parent.source)
            assert set(await shown_source_rows(*of_action, [1, 300])) == {1, 300}
            assert set(await shown_source_rows(*of_action, [1, 601])) == {1}, "a page of failures is shown all the same"
            with damaged(601):
                await content(as_source_file(*of_action))
            with damaged(601):
                await content(as_ndjson(failed_rows(*of_action), parent.source))
            again = engine.submission("CUSTOMERS.IMPORT_CSV")
            with damaged(601):
                await engine.controller.retry(parent, again, SubmissionOptions(), None, unprocessed=False)

    asyncio.run(scenario())


def test_erasures_and_exports_go_past_a_damaged_batch_and_say_so(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=A_BATCH) as engine:
            action_id = await engine.submit("CUSTOMERS.IMPORT_CSV", customers())
            await engine.finish(action_id)
            for first_row in (1, 601):
                await damage(engine, action_id, first_row)
            person = Person(keys=frozenset({f"C-{ANN}"}))
            rows = [row async for some in stored_rows(engine.pool, engine.project_id, person, PEOPLE) for row in some]
            assert [row["row"] for row in rows] == [1, ANN, 601]
            assert rows[0]["content"] is None
            assert f"the batch at row 1 of the action {action_id} is damaged" in rows[0]["reason"]
            ended = await engine.finish(await erase(engine, f"C-{ANN}"))
            assert (ended["status"], ended["failed_count"]) == ("DONE", 1)
            assert ended["done_count"] == 1, "the row in the batch that can be read"
            assert ended["total_count"] == 2
            assert "Not all could be erased" in ended["result"]["message"]
            (failure,) = await engine.query("SELECT reason FROM failures WHERE action_id = %s", ended["id"])
            for first_row in (1, 601):
                assert f"the batch at row {first_row} of the action {action_id} is damaged" in failure["reason"]
            assert await engine.query("SELECT FROM customers WHERE source_id = %s", f"C-{ANN}") == []
            stored = await engine.query("SELECT * FROM batches WHERE action_id = %s AND first_row = 301", action_id)
            assert batch_of(stored[0]).body.splitlines()[ANN - 301].decode() == "," + MARKER

    asyncio.run(scenario())


def test_a_batch_that_is_rewritten_is_stored_as_its_size_wants_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored uncompressed by an earlier version, and what is small once a person is gone from it."""

    async def rewritten(engine: Engine, action_id: str, row: int) -> dict[str, Any]:
        assert (await engine.finish(await erase(engine, f"C-{row}")))["failed_count"] == 0
        return (await bodies(engine, action_id))[0]

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            with monkeypatch.context() as before:
                before.setattr(stored_batches, "_WORTH_BYTES", 1 << 40)
                action_id = await engine.submit("CUSTOMERS.IMPORT_CSV", customers())
            await engine.finish(action_id)
            assert [each["uncompressed_size"] for each in await bodies(engine, action_id)] == [None]
            now = await rewritten(engine, action_id, 10)
            assert now["size"] < now["uncompressed_size"]
            with monkeypatch.context() as after:
                after.setattr(stored_batches, "_WORTH_BYTES", 1 << 40)
                now = await rewritten(engine, action_id, 11)
            assert now["uncompressed_size"] is None
            assert now["size"] > 16_384

    asyncio.run(scenario())
