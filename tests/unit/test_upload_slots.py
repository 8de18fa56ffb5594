"""Which slots an upload takes: a small one none of those that large ones of the same key may hold for long."""

import asyncio
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import Request

from tallykeep.api.dependencies.context import Context
from tallykeep.api.dependencies.shares import Shares
from tallykeep.api.requests.bodies import upload_slot
from tests.postgres import quiet_settings

_CALLER: Any = SimpleNamespace(who=(1, "key"))


def _request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw})


async def _held_beside_all_large(headers: dict[str, str]) -> bool:
    """Whether the upload is let in while its key has as many large ones under way as it may have."""
    shares = Shares(quiet_settings(max_uploads=4))
    context = cast(Context, SimpleNamespace(shares=shares, slot=Context.slot))
    async with AsyncExitStack() as large:
        for _ in range(shares.uploads.bounds.of_key):
            await large.enter_async_context(upload_slot(_request(content_length="65537"), context, _CALLER))
        this = asyncio.ensure_future(large.enter_async_context(upload_slot(_request(**headers), context, _CALLER)))
        for _ in range(5):
            await asyncio.sleep(0)
        if not this.done():
            this.cancel()
            return False
        return True


@pytest.mark.parametrize(
    ("headers", "is_small"),
    [
        ({"content_length": "65536"}, True),
        ({"content_length": "1"}, True),
        ({}, True),  # a retry without a body
        ({"content_length": "65537"}, False),
        ({"content_length": "20", "content_encoding": "gzip"}, False),
        ({"transfer_encoding": "chunked"}, False),
        ({"content_length": "-1"}, False),
        ({"content_length": "\u0661".encode().decode("latin-1")}, False),
    ],
)
def test_only_what_is_announced_as_small_passes_large_uploads(headers: dict[str, str], is_small: bool) -> None:
    assert asyncio.run(_held_beside_all_large(headers)) is is_small
