"""Answers that are cut off on purpose: each leaves one line in the log, and no traceback."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from structlog.testing import capture_logs

from tallykeep.api.responses.answers import answer_errors
from tallykeep.api.responses.download import Download
from tallykeep.api.transport import http_protocol
from tallykeep.api.transport.connections import bounded_protocol
from tallykeep.api.transport.http_protocol import BoundedProtocol

PIECE = b"x" * (1 << 16)


class Admitted:
    """An admission that ends after so many pieces."""

    key_id = "key-7"

    def __init__(self, pieces: float) -> None:
        self._left = pieces

    async def __call__(self, *, now: bool = False) -> bool:
        self._left -= 1
        return self._left >= 0


def serving(pieces: float) -> FastAPI:
    """An application whose file has no end."""
    app = FastAPI(openapi_url=None)
    answer_errors(app)

    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield PIECE
            await asyncio.sleep(0)

    @app.get("/v1/lists/{row_type}")
    async def get(row_type: str) -> Download:
        return Download(parts(), Admitted(pieces), "text/csv", "file.csv")

    return app


async def cut_off(app: Any, *, reads: bool) -> None:
    """Return once the server has closed the connection of somebody who reads, or does not."""
    server = uvicorn.Server(uvicorn.Config(app, http=bounded_protocol(10), port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    writer.write(b"GET /v1/lists/ann@example.com HTTP/1.1\r\nHost: x\r\n\r\n")
    while not server.server_state.connections:
        await asyncio.sleep(0.01)
    while server.server_state.connections:
        if reads:
            await reader.read(len(PIECE))
        for each in list(server.server_state.connections):
            assert isinstance(each, BoundedProtocol)
            each.check(asyncio.get_running_loop().time())
        await asyncio.sleep(0.01)
    while server.server_state.tasks:
        await asyncio.sleep(0.01)
    writer.close()
    server.should_exit = True
    await serving


@pytest.mark.parametrize(
    ("pieces", "reads", "reason", "key_id"),
    [
        (3, True, "what let it in is not valid any more", "key-7"),
        (float("inf"), False, "the client takes less than 16384 bytes in 0.2 seconds", None),
    ],
    ids=["a key that ended", "a slow reader"],
)
def test_an_answer_that_is_cut_off_leaves_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, pieces: float, reads: bool, reason: str,
    key_id: str | None,
) -> None:  # fmt: skip
    monkeypatch.setattr(http_protocol, "STALL_SECONDS", 0.2)
    with capture_logs() as lines, caplog.at_level(logging.WARNING):
        asyncio.run(asyncio.wait_for(cut_off(serving(pieces), reads=reads), 30))
    assert [record.getMessage() for record in caplog.records] == []
    assert lines == [
        {
            "event": "an answer is cut off", "reason": reason, "route": "/v1/lists/{row_type}", "key_id": key_id,
            "request_id": None, "log_level": "warning",
        }
    ]  # fmt: skip
