"""Whichever round trip of a submission is lost: it is there completely or not at all, and with a key exactly once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tallykeep.db.connections.pool import make_pool
from tallykeep.db.transient import is_transient
from tallykeep.engine.intake import upload_reader as intake
from tallykeep.engine.retention.pruner import Pruner
from tallykeep.resources.campaigns.store import create_campaign
from tests.db.engine import Bytes, Engine
from tests.faults.sweep import Stage, audit, drive, open_stage
from tests.postgres import quiet_settings

ROWS = 8
BODIES = {
    "VOUCHERS.IMPORT_CSV": b"Code,Voucher Type,Value\n" + b"".join(b"C%d,GIFT_VOUCHER,1\n" % n for n in range(ROWS)),
    "VOUCHERS.IMPORT": orjson.dumps([{"code": f"C{number}", "gift": {"amount": 1}} for number in range(ROWS)]),
}
CAMPAIGN = {"name": "Fall", "voucher": {"gift": {"amount": 1}}}
Submit = Callable[[Engine, str | None], Awaitable[str]]


def _by_stream(action_type: str, content: bytes, piece: int) -> Submit:
    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(content), piece):
            yield content[start : start + piece]

    async def submit(engine: Engine, key: str | None) -> str:
        request = engine.submission(action_type, idempotency_key=key)
        return (await engine.acceptance.accept(request, Bytes(body()))).action_id

    return submit


async def _generate(engine: Engine, key: str | None) -> str:
    """A planned action, as its route starts it."""
    request = engine.submission("CAMPAIGN.VOUCHERS_GENERATE", idempotency_key=key)
    async with engine.pool.connection() as connection, connection.transaction():
        if known := await engine.acceptance.replayed(connection, request, Bytes(_nothing()).options):
            return known.action_id
        finding = await connection.execute("SELECT id FROM campaigns WHERE project_id = %s", (engine.project_id,))
        campaign = await finding.fetchone()
        assert campaign
        parameters = {"campaign_id": campaign["id"], "count": ROWS}
        request = engine.submission("CAMPAIGN.VOUCHERS_GENERATE", idempotency_key=key, parameters=parameters)
        return (await engine.acceptance.accept_planned(connection, request)).action_id


async def _nothing() -> AsyncIterator[bytes]:
    for chunk in ():
        yield chunk


WAYS = {
    "csv": _by_stream("VOUCHERS.IMPORT_CSV", BODIES["VOUCHERS.IMPORT_CSV"], 40),
    "json": _by_stream("VOUCHERS.IMPORT", BODIES["VOUCHERS.IMPORT"], 40),
    # So large that batches are full before the end.
    "staged": _by_stream("VOUCHERS.IMPORT", BODIES["VOUCHERS.IMPORT"].replace(b"},", b"}," + b" " * 12_000), 20_000),
    "planned": _generate,
}


@pytest.mark.parametrize("key", [None, "once"])
@pytest.mark.parametrize("name", WAYS)
def test_a_submission_at_every_fault_point(
    database_url: str, proxy_dir: Path, name: str, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "staged":  # each batch by a transaction of its own, before the action is there
        monkeypatch.setattr(intake, "_WORTH_WRITING", 1)

    async def scenario() -> None:
        async with open_stage(database_url, proxy_dir, f"{name} {key}", batch_rows=3) as stage:
            for at, lost in stage.faults():
                engine = stage.new_project()
                stage.proxy.arm(None)
                async with engine.pool.connection() as connection:
                    await create_campaign(connection, engine.project_id, CAMPAIGN)
                stage.proxy.arm(at, lost)
                await _submit_and_audit(stage, engine, WAYS[name], key)

    asyncio.run(scenario())


async def _submit_and_audit(stage: Stage, engine: Engine, way: Submit, key: str | None) -> None:
    acknowledged = await _attempt(engine, way, key)
    await _sweep_up(stage, engine)
    started = _started(stage, engine)
    assert len(started) == 1 if acknowledged else len(started) <= 1
    _nothing_of_a_half(stage, engine, len(started))
    if key:
        again = await _attempt(engine, way, key) or await _attempt(engine, way, key)
        await _sweep_up(stage, engine)
        started = _started(stage, engine)
        assert started == [again]
        assert acknowledged in (None, again)
    await drive(stage, engine)
    _check(stage, engine, len(started))


async def _sweep_up(stage: Stage, engine: Engine) -> None:
    """Be the pruner some minutes later; the process itself removes what it can, which a fault may have kept it from."""
    stage.query("UPDATE uploads SET touched_at = touched_at - interval '1 hour' RETURNING 1")
    async with make_pool(stage.database_url, size=1, name="pruner") as past_the_proxy:
        await Pruner(past_the_proxy, quiet_settings()).prune()
    left = "SELECT FROM uploads WHERE project_id = %(id)s UNION ALL SELECT FROM removals WHERE project_id = %(id)s"
    assert stage.truth.execute(left, {"id": engine.project_id}).fetchall() == []


async def _attempt(engine: Engine, way: Submit, key: str | None) -> str | None:
    """The id that the client was told; None where it got an error that leaves it in the dark."""
    try:
        return await way(engine, key)
    except Exception as error:
        assert is_transient(error), error
        return None


def _started(stage: Stage, engine: Engine) -> list[str]:
    return [row["id"] for row in stage.query("SELECT id FROM async_actions WHERE project_id = %s", engine.project_id)]


def _nothing_of_a_half(stage: Stage, engine: Engine, actions: int) -> None:
    """What belongs to an action is there with it, or is not."""
    batches = stage.query("SELECT sum(row_count)::int AS rows FROM batches WHERE project_id = %s", engine.project_id)
    jobs = stage.query(
        "SELECT count(*)::int AS jobs FROM procrastinate_jobs WHERE args ->> 'project_id' = %s", str(engine.project_id)
    )
    keys = stage.query("SELECT count(*)::int AS keys FROM idempotency_keys WHERE project_id = %s", engine.project_id)
    assert (batches[0]["rows"] or 0) == ROWS * actions
    assert (jobs[0]["jobs"] > 0) == (actions > 0)
    assert keys[0]["keys"] <= actions


def _check(stage: Stage, engine: Engine, actions: int) -> None:
    finding: Any = audit(stage, engine)
    assert [action["done_count"] for action in finding["actions"]] == [ROWS] * actions
    assert len(finding["vouchers"]) == ROWS * actions
    assert finding["failures"] == []
    assert {batch["status"] for batch in finding["batches"]} <= {"CLOSED"}
