"""What starts and ends actions leaves its entries, in the same transaction, whichever way it goes."""

import asyncio
from typing import Any

import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.core.errors import ConflictError, InvalidPayloadError
from tallykeep.core.options.submission_options import OnError
from tests.db.audit_log import chain, chained, entries_in
from tests.db.engine import Engine, open_engine

GOOD = "Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,1\nC,GIFT_VOUCHER,1\n"
MIXED = "Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\nB,,1\nC,GIFT_VOUCHER,1\n"


async def of(engine: Engine, action_id: str) -> dict[str, dict[str, Any]]:
    """The action's entries by event: there is one of each at most."""
    rows = await engine.query(
        "SELECT * FROM audit_pending WHERE project_id = %s AND action_id = %s", engine.project_id, action_id
    )
    assert len(rows) == len({row["event"] for row in rows})
    return {row["event"]: row for row in rows}


@pytest.mark.parametrize(
    ("batch_rows", "text", "options", "outcome", "counts"),
    [
        (10, GOOD, {}, "success", {"ended_by": "COMPLETED", "done_count": 3, "failed_count": 0}),
        (1, GOOD, {}, "success", {"ended_by": "COMPLETED", "done_count": 3, "failed_count": 0}),
        (1, MIXED, {}, "success", {"ended_by": "COMPLETED", "done_count": 2, "failed_count": 1}),
        (1, GOOD, {"on_error": OnError.REJECT}, "success", {"ended_by": "COMPLETED", "done_count": 3}),
        (1, MIXED, {"on_error": OnError.REJECT}, "failed", {"ended_by": "REJECTED", "unprocessed_count": 2}),
        (1, MIXED, {"on_error": OnError.STOP}, "failed", {"ended_by": "STOPPED", "unprocessed_count": 1}),
        (1, GOOD, {"dry_run": True}, "success", {"ended_by": "COMPLETED", "dry_run": True}),
        (10, "Code,Voucher Type,Value\n", {}, "success", {"ended_by": "COMPLETED", "total_count": 0}),
    ],
    ids=["one batch", "several", "failures", "atomic", "rejected", "stopped", "dry run", "empty"],
)
def test_an_action_has_one_entry_of_its_start_and_one_of_its_end(
    database_url: str, batch_rows: int, text: str, options: dict[str, Any], outcome: str, counts: dict[str, Any]
) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            action_id = await engine.submit_csv(text, **options)
            before = await of(engine, action_id)
            assert before.keys() == {"action.submit", *([] if "\nA" in text else ["action.end"])}
            submitted = before["action.submit"]
            assert submitted["details"]["type"] == "VOUCHERS.IMPORT_CSV"
            assert (submitted["details"]["rows"], submitted["outcome"]) == (text.count("\n") - 1, "success")
            action = await engine.finish(action_id)
            assert action["log_id"] == submitted["id"]
            after = await of(engine, action_id)
            assert after.keys() == {"action.submit", "action.end"}
            ended = after["action.end"]
            assert (ended["outcome"], ended["door"], ended["request_id"]) == (outcome, "worker", "v-test")
            assert counts.items() <= ended["details"].items()
            assert "dry_run" in ended["details"] or not options.get("dry_run")
            await chain(engine)
            assert [row["event"] for row in await chained(engine)] == ["action.submit", "action.end"]

    asyncio.run(scenario())


def test_what_is_canceled_has_both_entries_once(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await engine.submit_csv(GOOD)

            def entry() -> Entry:
                return Entry(project_id=engine.project_id, event=Event.ACTION_CANCEL, action_id=action_id)

            for _ in range(2):
                await engine.controller.cancel(engine.project_id, action_id, "key", entry())
            entries = await of(engine, action_id)
            assert entries.keys() == {"action.submit", "action.cancel", "action.end"}
            assert (entries["action.end"]["outcome"], entries["action.end"]["details"]["ended_by"]) == (
                "failed",
                "CANCELED",
            )
            done = await engine.submit_csv(GOOD)
            await engine.finish(done)
            with pytest.raises(ConflictError):
                await engine.controller.cancel(engine.project_id, done, "key", entry())
            assert (await of(engine, done)).keys() == {"action.submit", "action.end"}

    asyncio.run(scenario())


def test_submissions_that_are_committed_together_have_their_entries_each(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            ids = await asyncio.gather(*(engine.submit_csv(GOOD) for _ in range(20)))
            for action_id in ids:
                (entry,) = (await of(engine, action_id)).values()
                assert entry["id"] == (await engine.get(action_id))["log_id"]

    asyncio.run(scenario())


def test_small_actions_that_end_together_have_their_entries_each(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            texts = [GOOD.replace("\nA", f"\nA{number}").replace("\nB", f"\nB{number}") for number in range(5)]
            ids = [await engine.submit_csv(text.replace("\nC", f"\nC{n}")) for n, text in enumerate(texts)]
            await engine.applier.advance(engine.project_id, small=True)
            for action_id in ids:
                action = await engine.get(action_id)
                assert (action["status"], (await of(engine, action_id)).keys()) == (
                    "DONE",
                    {"action.submit", "action.end"},
                )

    asyncio.run(scenario())


def test_a_submission_that_breaks_off_leaves_no_entry(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            with pytest.raises(InvalidPayloadError):
                await engine.submit("VOUCHERS.IMPORT", b'[{"code": "A"}, {"code": "B"}, {"co')
            assert await engine.query("SELECT FROM audit_pending") == []

    asyncio.run(scenario())


def test_a_planned_action_refers_to_the_entry_of_the_change_it_belongs_to(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await engine.submit_csv(GOOD))
            submission = engine.submission("VOUCHERS.METADATA_KEY_PURGE", parameters={"key": "k"})
            assert submission.action_type is ACTION_TYPES["VOUCHERS.METADATA_KEY_PURGE"]
            async with engine.pool.connection() as connection, connection.transaction():
                accepted = await engine.acceptance.accept_planned(connection, submission)
            assert (await of(engine, accepted.action_id)).keys() <= {"action.end"}
            assert submission.entry
            assert (await engine.get(accepted.action_id))["log_id"] == submission.entry.id

    asyncio.run(scenario())


def test_entries_never_hold_what_rows_hold(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            text = "Code,Voucher Type,Value,Note\nVERY-SECRET-CODE,GIFT_VOUCHER,x,private remark\n"
            await engine.finish(await engine.submit_csv(text))
            shown = str(entries_in(database_url))
            assert "VERY-SECRET-CODE" not in shown
            assert "private remark" not in shown

    asyncio.run(scenario())
