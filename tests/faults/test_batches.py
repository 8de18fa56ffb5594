"""Whichever round trip of a batch's life is lost, in whichever way: the outcome is that of a run without faults."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from tallykeep.core.options.submission_options import OnError
from tests.db.engine import Engine
from tests.faults.sweep import Finding, Stage, audit, drive, open_stage

GIFTS = "".join(f"C{number},{'' if number == 4 else 'GIFT_VOUCHER'},{number},{number}\n" for number in range(1, 8))
FILE = f"Code,Voucher Type,Value,Note\n{GIFTS}C1,GIFT_VOUCHER,9,again\n".encode()
SOUND_FILE = FILE.replace(b"C4,,", b"C4,GIFT_VOUCHER,")
ROWS = [{"code": code, "gift": {"amount": row}} for row, code in enumerate(["A", "B", "A", "C", "D", "B", "E"], 1)]
PEOPLE = b"Source_id,Name,Birthdate,City\np1,Ann,,Rome\np2,Bob,tomorrow,\np1,Anna,,\np3,Cid,,\np4,Dan,,\np1,,,Oslo\n"
CHANGES = [{"code": code, "metadata": {"seen": row}} for row, code in enumerate(["C1", "NONE", "C2", "C1", "C3"], 1)]


@dataclass(frozen=True)
class Story:
    """What is submitted before the faults begin, and what becomes of it: done, failed, unprocessed, created."""

    action_type: str
    body: bytes
    tally: tuple[int, int, int, int]
    before: tuple[tuple[str, bytes], ...] = ()
    beside: tuple[tuple[str, bytes], ...] = ()
    submission_options: dict[str, Any] = field(default_factory=dict)


STORIES = {
    "csv": Story("VOUCHERS.IMPORT_CSV", FILE, (7, 1, 0, 6)),
    "csv of codes that exist": Story(
        "VOUCHERS.IMPORT_CSV", FILE, (7, 1, 0, 4), before=(("VOUCHERS.IMPORT", orjson.dumps([
            {"code": "C2", "gift": {"amount": 77}}, {"code": "C3", "gift": {"amount": 77}}])),)),
    "json": Story("VOUCHERS.IMPORT", orjson.dumps(ROWS), (5, 2, 0, 5)),
    "upsert": Story("CUSTOMERS.IMPORT_CSV", PEOPLE, (5, 1, 0, 3)),
    "bulk update": Story(
        "VOUCHERS.BULK_UPDATE", orjson.dumps(CHANGES), (4, 1, 0, 0), before=(("VOUCHERS.IMPORT_CSV", SOUND_FILE),)),
    "dry run": Story("VOUCHERS.IMPORT", orjson.dumps(ROWS), (5, 2, 0, 5), submission_options={"dry_run": True}),
    # One job applies them together, all but the customers and the codes that exist.
    "small ones": Story(
        "VOUCHERS.IMPORT", orjson.dumps([{"code": "A", "gift": {"amount": 1}}, {"code": "B"}]), (1, 1, 0, 1),
        before=(("VOUCHERS.IMPORT", orjson.dumps([{"code": "C2", "gift": {"amount": 77}}])),),
        beside=(
            ("VOUCHERS.IMPORT_CSV", b"Code,Voucher Type,Value\nD1,GIFT_VOUCHER,1\nD2,GIFT_VOUCHER,2\n"),
            ("CUSTOMERS.IMPORT_CSV", b"Source_id,Name\np1,Ann\n"),
            ("VOUCHERS.IMPORT_CSV", b"Code,Voucher Type,Value\nC2,GIFT_VOUCHER,1\nC3,GIFT_VOUCHER,2\n"),
            ("VOUCHERS.IMPORT", orjson.dumps([{"code": "E", "gift": {"amount": 5}}])),
        )),
    "stop": Story(
        "VOUCHERS.IMPORT_CSV", FILE, (3, 1, 4, 3), submission_options={"on_error": OnError.STOP, "max_failures": 1}),
    "reject, flawed": Story("VOUCHERS.IMPORT_CSV", FILE, (0, 1, 7, 0), submission_options={"on_error": OnError.REJECT}),
    "reject, sound": Story(
        "VOUCHERS.IMPORT_CSV", SOUND_FILE, (8, 0, 0, 7), submission_options={"on_error": OnError.REJECT}),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_a_batch_at_every_fault_point(database_url: str, proxy_dir: Path, name: str) -> None:
    asyncio.run(_sweep(database_url, proxy_dir, name, drive))


@pytest.mark.parametrize("name", ["csv", "json", "upsert", "small ones"])
def test_two_workers_at_every_fault_point(database_url: str, proxy_dir: Path, name: str) -> None:
    async def two_workers(stage: Stage, engine: Engine) -> None:
        await asyncio.gather(drive(stage, engine), drive(stage, engine))

    asyncio.run(_sweep(database_url, proxy_dir, name, two_workers))


async def _sweep(
    database_url: str, proxy_dir: Path, name: str, drive_on: Callable[[Stage, Engine], Awaitable[None]]
) -> None:
    story = STORIES[name]
    async with open_stage(database_url, proxy_dir, f"{name} {drive_on.__name__}", batch_rows=3) as stage:
        tell = partial(_tell, stage, story, drive_on)
        expected = await tell()
        _check(expected, story)
        for at, lost in stage.faults():
            finding = await tell(lambda at=at, lost=lost: stage.proxy.arm(at, lost))
            assert finding == expected, f"the {lost} of round trip {at} was lost"


async def _tell(
    stage: Stage,
    story: Story,
    drive_on: Callable[[Stage, Engine], Awaitable[None]],
    begin_faults: Callable[[], None] = lambda: None,
) -> Finding:
    engine = stage.new_project()
    stage.proxy.arm(None)
    stage.query("DELETE FROM procrastinate_jobs RETURNING id")  # of earlier runs: only the run's own are served
    for action_type, body in story.before:
        await engine.submit(action_type, body)
        await drive(stage, engine)
    for action_type, body in story.beside:
        await engine.submit(action_type, body)
    await engine.submit(story.action_type, story.body, **story.submission_options)
    begin_faults()
    await drive_on(stage, engine)
    return audit(stage, engine)


def _check(finding: Finding, story: Story) -> None:
    action = finding["actions"][-1]
    counts = ("done_count", "failed_count", "unprocessed_count", "created_count")
    assert tuple(action[name] for name in counts) == story.tally
    assert action["open_batches"] == 0 or action["status"] == "FAILED"
    assert len(finding["failures"]) == action["failed_count"]
    assert finding["dry_run_keys"] == []
