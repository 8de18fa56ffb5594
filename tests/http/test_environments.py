"""What child processes are told: no token of the first project, and no way into the database without need."""

import asyncio
import os
from contextlib import suppress

import psutil
import pytest

from tallykeep.formats.xlsx.workbook import Workbooks
from tallykeep.server.isolated_worker import in_a_process_of_its_own
from tests.postgres import quiet_settings
from tests.unit.test_sheet import workbook
from tests.unit.test_workbook import readers, stream

KEYS = {
    "TALLYKEEP_APP_ID": "first-app", "TALLYKEEP_APP_TOKEN": "token-of-the-first-app",
    "TALLYKEEP_MANAGEMENT_ID": "first-manager", "TALLYKEEP_MANAGEMENT_TOKEN": "token-of-the-first-manager",
}  # fmt: skip


def settings_of(process: psutil.Process) -> set[str]:
    """The names of our variables in the environment that the process was started with, as anybody may read it."""
    return {name for name in process.environ() if name.startswith("TALLYKEEP_")}


@pytest.fixture
def _set_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**KEYS, "TALLYKEEP_DATABASE_URL": "postgresql://me:secret@nowhere/x"}.items():
        monkeypatch.setenv(name, value)


async def first_child() -> psutil.Process:
    """The process that is started meanwhile, once it runs a program of its own."""
    before = {child.pid for child in psutil.Process().children()}
    ours = psutil.Process().cmdline()
    while True:
        for child in psutil.Process().children():
            with suppress(psutil.Error):
                if child.pid not in before and child.cmdline() not in ([], ours):
                    return child
        await asyncio.sleep(0)


@pytest.mark.usefixtures("_set_keys")
def test_a_process_for_one_batch_is_told_the_database_alone() -> None:
    async def scenario() -> set[str]:
        run = in_a_process_of_its_own(quiet_settings(), "postgresql://nobody@127.0.0.1:9/none")
        looking = asyncio.create_task(first_child())
        running = asyncio.create_task(run(1, "aa_1", 1))
        names = settings_of(await looking)
        running.cancel()  # it waits for its database
        await asyncio.wait([running])
        return names

    assert asyncio.run(scenario()) == {"TALLYKEEP_DATABASE_URL"}


@pytest.mark.usefixtures("_set_keys")
def test_a_reader_of_workbooks_is_told_nothing() -> None:
    large = workbook([["Code"], *([f"C{number}" * 20] for number in range(20_000))]).getvalue()

    async def scenario() -> set[str]:
        async with Workbooks(quiet_settings()).as_csv(stream(large), None, frozenset(), (1, "")) as (_, rows):
            assert await anext(aiter(rows))
            (reader,) = readers()
            return settings_of(reader)

    assert "TALLYKEEP_APP_TOKEN" in os.environ
    assert asyncio.run(scenario()) == set()
