"""Requests that do not leave the process: streamed both ways, given up on both sides."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tallykeep.api.transport import body_pacing as receiving
from tallykeep.api.transport.body_pacing import PacedBodies
from tallykeep.core.errors import AnswerCutOffError
from tallykeep.dashboard.kit.in_process import InProcess

Asgi = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]


async def _begin(send: Any, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"x-a", b"1")]})


def _ask(app: Asgi, work: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]) -> Any:
    async def scenario() -> Any:
        async with asyncio.timeout(60), httpx.AsyncClient(transport=InProcess(app), base_url="http://host:1") as client:
            return await work(client)

    return asyncio.run(scenario())


def test_an_application_sees_what_a_server_would_show_it() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        await _begin(send, 201)
        await send({"type": "http.response.body", "body": body[::-1]})

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"ab", b"c"):
            yield piece

    async def work(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/a%2Fb%20c", params={"q": "ü"}, content=pieces(), headers={"X-B": "2"})

    answer = _ask(app, work)
    assert (answer.status_code, answer.content, answer.headers["x-a"]) == (201, b"cba", "1")
    assert (seen["path"], seen["raw_path"], seen["query_string"]) == ("/a/b c", b"/a%2Fb%20c", b"q=%C3%BC")
    assert (seen["server"], dict(seen["headers"])[b"x-b"]) == (("host", 1), b"2")


def test_an_answer_comes_as_it_is_made_and_waits_for_a_slow_reader() -> None:
    made: list[int] = []
    over = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await _begin(send)
            for number in range(1_000_000):
                made.append(number)
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        finally:
            over.set()

    async def work(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", "/") as answer:
            chunks = answer.aiter_bytes()
            assert await anext(chunks) == b"x"
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(made) < 20
        # Who leaves an answer ends its making.
        assert over.is_set()

    _ask(app, work)


def test_an_answer_that_is_cut_off_is_not_taken_for_a_whole_one() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await _begin(send)
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("in the middle")

    async def work(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", "/") as answer:
            with pytest.raises(AnswerCutOffError):
                await answer.aread()

    _ask(app, work)


def test_what_goes_wrong_before_the_answer_begins_is_raised() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("before")

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        return

    for app, error in ((failing, RuntimeError), (silent, httpx.RemoteProtocolError)):
        with pytest.raises(error):
            _ask(app, lambda client: client.get("/"))


def test_a_body_that_breaks_off_breaks_off_the_request() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        raise ValueError("broken off")

    with pytest.raises(ValueError, match="broken off"):
        _ask(app, lambda client: client.post("/", content=pieces()))


def test_a_body_whose_reading_was_broken_off_does_not_pass_for_a_whole_one() -> None:
    received: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        received.append(await receive())
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await receive()
        received.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def body() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.sleep(60)

    async def ask() -> None:
        async with httpx.AsyncClient(transport=InProcess(app), base_url="http://host:1") as client:
            await client.post("/", content=body())

    asyncio.run(ask())
    assert [message["type"] for message in received] == ["http.request", "http.disconnect"]


def test_a_body_that_is_handed_on_is_paced_where_it_came_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "WINDOW_SECONDS", 0.05)
    monkeypatch.setattr(receiving, "LEAST_BYTES_A_SECOND", 1)
    received: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            received.append(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def body() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"row\n"
            await asyncio.sleep(0.02)

    async def ask() -> None:
        paced = InProcess(PacedBodies(app, max_seconds=60))
        async with httpx.AsyncClient(transport=paced, base_url="http://host:1") as client:
            await client.post("/", content=body())

    asyncio.run(ask())
    assert b"".join(received) == b"row\n" * 10
