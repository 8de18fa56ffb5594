"""Dirty files of vouchers: a batch leaves what its rows would leave one after another, whichever of them fail."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tallykeep.resources.campaigns.store import create_campaign
from tallykeep.resources.metadata.schemas import create_schema
from tests.db.engine import Bytes, Engine, open_engine
from tests.db.test_upserts import mostly
from tests.sizes import examples

CODES = mostly(["A", "B", "C", "D", "E", "F", "G"], " A", "ü", "", "null", "back\\slash", "A", "con\x01trol")
CELLS = {
    "Code": CODES,
    "Voucher Type": mostly(["GIFT_VOUCHER"], "LOYALTY_CARD", "COUPON", "", "null"),
    "Value": mostly(["5", "2.50"], "ten", "", "null"),
    "Active": mostly(["", "true"], "false", "maybe", "null"),
    "Category": mostly(["", "New"], "null"),
    "Start Date": mostly(["", "2026-01-01"], "2026-02-30", "2027-01-01", "null"),
    "Expiration Date": mostly(["", "2026-06-01"], "2025-01-01", "soon", "null"),
    "Redemption Limit": mostly(["", "3"], "-3", "null"),
    "Additional Info": mostly(["", "a note"], "back\\slash", "null"),
    "Tier": mostly(["gold", "tin"], "", "brass", "null"),
    "Score": mostly(["", "1"], "7", "many", "null"),
}
SCHEMA = {"Tier": {"type": "string", "eq": ["gold", "tin"], "optional": False}, "Score": {"type": "number", "lt": 5}}
WANTED = """
SELECT
    code, type, active, category, start_date, expiration_date, gift, loyalty_card, redemption_quantity,
    additional_info, metadata, campaign_id IS NULL AS is_of_none
FROM vouchers WHERE project_id = %s ORDER BY code
"""
FAILED = 'SELECT action_id = %s AS is_last, "row", key, reason FROM failures WHERE project_id = %s ORDER BY 1, 2'


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file of up to fourteen rows, in some of which all are the same, and in others none is right."""
    more = draw(st.lists(st.sampled_from(sorted(CELLS.keys() - {"Code", "Voucher Type", "Value"})), unique=True))
    header = ["Code", "Voucher Type", "Value", *more]
    rows = draw(st.lists(st.tuples(*[CELLS[title] for title in header]), min_size=1, max_size=14))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows * draw(st.sampled_from([1, 1, 1, 2])))
    return text.getvalue()


@settings(
    max_examples=examples(20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking against a database takes minutes
)
@given(files=st.lists(files(), min_size=1, max_size=2), has_schema=st.booleans(), is_into_campaign=st.booleans())
def test_a_batch_leaves_what_its_rows_would(
    database_url: str, files: list[str], has_schema: bool, is_into_campaign: bool
) -> None:
    async def outcome(batch_rows: int) -> tuple[Any, ...]:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            if has_schema:
                async with engine.pool.connection() as connection:
                    await create_schema(connection, engine.project_id, "voucher", SCHEMA, None)
            campaign_id = await _campaign(engine) if is_into_campaign else None
            ended = [await _imported(engine, text, campaign_id) for text in files]
            failed = await engine.query(FAILED, ended[-1][0], engine.project_id)
            return [counts for _, counts in ended], failed, await engine.query(WANTED, engine.project_id)

    assert asyncio.run(outcome(1_000)) == asyncio.run(outcome(1))


async def _campaign(engine: Engine) -> str:
    body = {"name": "Fall", "voucher": {"gift": {"amount": 1}, "metadata": {"Tier": "gold"}}}
    async with engine.pool.connection() as connection, connection.transaction():
        campaign_id, _ = await create_campaign(connection, engine.project_id, body)
    return campaign_id


async def _imported(engine: Engine, text: str, campaign_id: str | None) -> tuple[str, list[int]]:
    action_id = await _submitted(engine, text, campaign_id)
    action = await engine.finish(action_id)
    return action_id, [action[name] for name in ("total_count", "done_count", "failed_count", "created_count")]


async def _submitted(engine: Engine, text: str, campaign_id: str | None) -> str:
    if campaign_id is None:
        return await engine.submit_csv(text)

    async def body() -> AsyncIterator[bytes]:
        yield text.encode()

    submission = engine.submission("CAMPAIGN.VOUCHERS_IMPORT_CSV", parameters={"campaign_id": campaign_id})
    return (await engine.acceptance.accept(submission, Bytes(body()))).action_id
