"""How many bytes make a batch depends on what its rows become."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.concurrency.side_thread import SideThread
from tallykeep.engine.intake.open_upload import Opener
from tallykeep.formats.json.runs import RUN_BYTES
from tests.postgres import quiet_settings

_ROW = b'{"source_id":"' + b"x" * 84 + b'"}'
_ROWS = 8_000
_BATCH_BYTES = 320_000


class _Upload:
    file_name = None
    by_line = None

    def early_option(self, name: str) -> Any:
        return None


async def _body() -> AsyncIterator[bytes]:
    yield b"[" + b",".join([_ROW] * _ROWS) + b"]"


async def _sizes(name: str, batch_bytes: int) -> list[int]:
    opener = Opener(quiet_settings(batch_bytes=batch_bytes))
    async with opener.open(ACTION_TYPES[name], _Upload(), _body(), (1, "key"), SideThread()) as opened:
        batches = [batch async for chunk in opened.content for batch in opened.splitter.feed(chunk)]
        batches += opened.splitter.finish()
    assert sum(batch.row_count for batch in batches) == _ROWS
    return [len(batch.body) for batch in batches]


@pytest.mark.parametrize(("name", "divisor"), [("CUSTOMERS.BULK_UPDATE", 1), ("ORDERS.IMPORT", 4)])
def test_batches_of_orders_have_a_quarter_of_the_bytes(name: str, divisor: int) -> None:
    sizes = asyncio.run(_sizes(name, _BATCH_BYTES))
    assert len(sizes) > 1
    assert _BATCH_BYTES / divisor <= max(sizes) < _BATCH_BYTES / divisor + RUN_BYTES + len(_ROW)
