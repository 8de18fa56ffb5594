"""Joint attempts have the outcome of separate ones: for whatever is unusual about actions, and for rows by chance."""

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallykeep.core.options.submission_options import OnError
from tests.db.engine import Engine, open_engine
from tests.db.joint import serve_all
from tests.db.test_joint_attempts import of_another_project, submit
from tests.postgres import fresh_database
from tests.sizes import examples

CSV = "Code,Voucher Type,Value\n"
STOP = {"on_error": OnError.STOP, "max_failures": 1}
# What cannot join, may not, or fails in part; and beside each of them, what can.
Submission = tuple[str, bytes, dict[str, Any]]
SUBMISSIONS: list[Submission] = [
    ("VOUCHERS.IMPORT", orjson.dumps([{"code": "NEW", "gift": {"amount": 1}}]), {}),
    ("VOUCHERS.IMPORT", orjson.dumps([{"code": code, "gift": {"amount": 1}} for code in ("OLD", "N2")]), {}),
    ("VOUCHERS.IMPORT_CSV", f"{CSV}OLD,GIFT_VOUCHER,7\nN3,GIFT_VOUCHER,8\n".encode(), {}),
    ("VOUCHERS.IMPORT_CSV", f"{CSV}N4,GIFT_VOUCHER,7\n,GIFT_VOUCHER,8\nN5,NO,1\nN6,GIFT_VOUCHER,ten\n".encode(), {}),
    ("VOUCHERS.IMPORT", orjson.dumps([{"code": "NEW", "gift": {"amount": 2}}]), {}),
    ("VOUCHERS.IMPORT_CSV", f"{CSV}NEW,GIFT_VOUCHER,9\n".encode(), {}),
    ("VOUCHERS.IMPORT", orjson.dumps([{"code": "R", "gift": {"amount": 2}}, {"code": "R", "gift": {"amount": 3}}]), {}),
    ("VOUCHERS.IMPORT_CSV", f"{CSV}R2,GIFT_VOUCHER,9\nR2,DISCOUNT_VOUCHER,9\n".encode(), {}),
    ("VOUCHERS.IMPORT_CSV", f"{CSV}4.1E+12,GIFT_VOUCHER,9\n4.1E+12,GIFT_VOUCHER,8\n".encode(), {}),
    ("VOUCHERS.IMPORT", b"[17, {}, null]", {}),
    ("VOUCHERS.IMPORT", orjson.dumps([{"code": "DRY", "gift": {"amount": 2}}]), {"dry_run": True}),
    ("VOUCHERS.IMPORT_CSV", f"{CSV}S1,NO,1\nS2,GIFT_VOUCHER,1\n".encode(), STOP),
    ("VOUCHERS.IMPORT_CSV", f"{CSV}J1,NO,1\nJ2,GIFT_VOUCHER,1\n".encode(), {"on_error": OnError.REJECT}),
    ("CUSTOMERS.IMPORT_CSV", b"Source_id,Name\np1,Ann\n", {}),
    ("VOUCHERS.BULK_UPDATE", orjson.dumps([{"code": "OLD", "metadata": {"seen": 1}}]), {}),
    ("VOUCHERS.IMPORT", orjson.dumps([{"code": "LAST \\ \t", "gift": {"amount": 1}, "metadata": {"a": "\n"}}]), {}),
]  # fmt: skip
_AUDIT = (
    "SELECT type, status, operation_status, ended_by, reason, total_count, done_count, failed_count, unprocessed_count,"
    " created_count, open_count, open_batches, retry_count FROM async_actions WHERE project_id = %s ORDER BY number",
    'SELECT number, "row", key, failures.reason, error_key, line FROM failures JOIN async_actions AS this'
    " ON this.project_id = failures.project_id AND this.id = action_id WHERE this.project_id = %s ORDER BY 1, 2",
    "SELECT number, first_row, row_count, batches.status, batches.done_count, batches.failed_count,"
    " batches.unprocessed_count FROM batches JOIN async_actions AS this"
    " ON this.project_id = batches.project_id AND this.id = action_id WHERE this.project_id = %s ORDER BY 1, 2",
    "SELECT code, type, gift, metadata, active, updated_at IS NULL AS is_new FROM vouchers"
    " WHERE project_id = %s ORDER BY code",
    "SELECT source_id, name FROM customers WHERE project_id = %s",
    "SELECT key FROM dry_run_keys WHERE project_id = %s",
    "SELECT attempts FROM attempts WHERE project_id = %s",
)


async def audited(engine: Engine) -> list[Any]:
    """Everything there is of a project but ids and times."""
    return [await engine.query(sql, engine.project_id) for sql in _AUDIT]


async def outcome(engine: Engine, existing: list[str], order: list[Submission], *, jointly: bool) -> list[Any]:
    """What has come of these submissions, each applied by itself or together with others as they come."""
    await engine.finish(await submit(engine, *existing))
    await engine.query("DELETE FROM procrastinate_jobs RETURNING 1")
    actions = [await engine.submit(name, body, **submission_options) for name, body, submission_options in order]
    if jointly:
        await serve_all(engine)
        assert await engine.jobs() == 0
    for action in actions:
        await engine.finish(action)
    return await audited(engine)


async def assert_the_same(database_url: str, existing: list[str], order: list[Submission]) -> None:
    async with open_engine(database_url) as engine:
        separately = await outcome(engine, existing, order, jointly=False)
        other = of_another_project(engine, database_url)
        assert await outcome(other, existing, order, jointly=True) == separately


@pytest.mark.parametrize("rotation", range(0, len(SUBMISSIONS), 5))
def test_the_outcome_is_that_of_separate_attempts(database_url: str, rotation: int) -> None:
    asyncio.run(assert_the_same(database_url, ["OLD"], SUBMISSIONS[rotation:] + SUBMISSIONS[:rotation]))


_ROW = st.tuples(
    st.sampled_from(["new", "new", "new", "again", "old", ""]),
    st.sampled_from(["GIFT_VOUCHER", "GIFT_VOUCHER", "DISCOUNT_VOUCHER", "NO", ""]),
    st.sampled_from(["1", "7", "ten", "", "0.5"]),
)
_ACTION = st.tuples(st.booleans(), st.lists(_ROW, min_size=1, max_size=4))


@settings(max_examples=examples(8))
@given(actions=st.lists(_ACTION, min_size=2, max_size=8))
def test_the_outcome_of_any_rows_is_that_of_separate_attempts(
    postgres: str, template: str, actions: list[tuple[bool, list[tuple[str, str, str]]]]
) -> None:
    # The codes of each action are its own: where two share one, it matters which of them is first.
    order = [_submission(number, *action) for number, action in enumerate(actions)]
    with fresh_database(postgres, template) as url:
        asyncio.run(assert_the_same(url, [f"OLD{number}" for number in range(len(actions))], order))


def _submission(number: int, is_csv: bool, rows: list[tuple[str, str, str]]) -> Submission:
    codes = {"again": f"N{number}-0", "old": f"OLD{number}", "": ""}
    lines = [(codes.get(kind, f"N{number}-{at}"), *rest) for at, (kind, *rest) in enumerate(rows)]
    if is_csv:
        return "VOUCHERS.IMPORT_CSV", (CSV + "".join(",".join(line) + "\n" for line in lines)).encode(), {}
    values = [{"code": code, "type": type_, "gift": {"amount": value}} for code, type_, value in lines]
    return "VOUCHERS.IMPORT", orjson.dumps(values), {}
