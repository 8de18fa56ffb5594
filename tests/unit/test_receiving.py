"""Bodies at a pace: only the time counts in which the client had sent nothing."""

import asyncio
import time
from typing import Any

import pytest

from tallykeep.api.transport import body_pacing as receiving
from tallykeep.api.transport.body_pacing import PacedBodies
from tallykeep.core.errors import UploadTimeoutError

FAST = b"x" * 1_000


def read(
    monkeypatch: pytest.MonkeyPatch,
    pieces: list[bytes],
    pause: float,
    *,
    busy: float = 0,
    max_seconds: float = 60,
    window: float = 0.2,
) -> int:
    """How many bytes are read of a body that comes so, 500 bytes a second being the least."""
    monkeypatch.setattr(receiving, "WINDOW_SECONDS", window)
    monkeypatch.setattr(receiving, "LEAST_BYTES_A_SECOND", 500)
    coming, received = list(pieces), 0

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        piece = coming.pop(0) if coming else b""
        return {"type": "http.request", "body": piece, "more_body": bool(coming)}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal received
        more = True
        while more:
            message = await receive()
            received += len(message["body"])
            more = message["more_body"]
            time.sleep(busy)  # the server is busy with it, and with others

    async def send(message: Any) -> None:
        raise AssertionError

    asyncio.run(PacedBodies(app, max_seconds)({"type": "http"}, receive, send))
    return received


def test_a_body_that_comes_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, [FAST] * 20, 0) == 20_000


def test_one_that_pauses_is_read_if_enough_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, [FAST] * 4, 0.4, window=1) == 4_000


def test_a_byte_now_and_then_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UploadTimeoutError, match="came too slowly"):
        read(monkeypatch, [b"x"] * 1_000, 0.05)


def test_nothing_at_all_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UploadTimeoutError, match="came too slowly: 0 bytes"):
        read(monkeypatch, [FAST], 60)


def test_all_pauses_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UploadTimeoutError, match=r"longer than 0\.5 seconds"):
        read(monkeypatch, [FAST] * 1_000, 0.05, max_seconds=0.5)


def test_a_busy_server_cuts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, [b"x"] * 20, 0, busy=0.05, max_seconds=0.9) == 20
