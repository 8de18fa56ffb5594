"""A relay between the clients and the API, which loses answers of submissions after they were accepted.

The answer goes out after the commit: whoever has it in hand knows that the submission is there, and what its client
then has to find out.
"""

import asyncio
import json
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil

_HEAD_ENDS = b"\r\n\r\n"
_MAX_HEAD_LENGTH = 1 << 16
# That an answer is lost: of a submission with an Idempotency-Key, and without one. The first of each kind is.
_CHANCES = {True: 0.12, False: 0.5}


@dataclass(frozen=True)
class Lost:
    """An answer that its client never got: the action that it told, and the submission's Idempotency-Key."""

    action_id: str
    key: str | None
    killed: bool  # the API was killed before the connection was cut


class Relay:
    """Listens on a port of its own, for one request at a time on each connection."""

    def __init__(self, port: int, seed: int) -> None:
        self.lost: list[Lost] = []
        self.url = ""
        self._port = port
        self._random = random.Random(f"{seed} relay")
        self._kill: Callable[[], None] | None = None
        self._loop = asyncio.new_event_loop()
        self._links: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="relay")

    def start(self) -> "Relay":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def kill_at_next_answer(self, kill: Callable[[], None]) -> None:
        """Call `kill` when the next submission is accepted and its answer is here, before that is lost."""
        self._kill = kill

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_MAX_HEAD_LENGTH)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"

    async def _close(self) -> None:
        self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        server: asyncio.StreamWriter | None = None
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self._port, limit=_MAX_HEAD_LENGTH)
            while await self._exchange(reader, client, answers, server):
                pass
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # one of the two is gone, and so the other's connection goes; or the relay is stopped
        finally:
            self._links.discard(link)
            for writer in (client, server):
                if writer is not None:
                    writer.transport.abort()

    async def _exchange(
        self, reader: asyncio.StreamReader, client: asyncio.StreamWriter,
        answers: asyncio.StreamReader, server: asyncio.StreamWriter,
    ) -> bool:  # fmt: skip
        """Hand one request and its answer on; False when the answer is lost, and the connection with it."""
        request = await _message(reader)
        server.write(request.head + request.body)
        await server.drain()
        answer = await _message(answers)
        if (
            request.head.startswith(b"POST ")
            and b'"async_action_id"' in answer.body
            and await self._loses(request, answer)
        ):
            return False
        client.write(answer.head + answer.body)
        await client.drain()
        return True

    async def _loses(self, request: "_Message", answer: "_Message") -> bool:
        kill, self._kill = self._kill, None
        key = request.header(b"idempotency-key")
        first = all((lost.key is None) != (key is None) for lost in self.lost)
        if kill is None and not first and self._random.random() > _CHANCES[key is not None]:
            return False
        action_id = str(json.loads(answer.body)["async_action_id"])
        self.lost.append(Lost(action_id, key, kill is not None))
        if kill is not None:
            with suppress(psutil.NoSuchProcess):
                await asyncio.to_thread(kill)
        return True


@dataclass(frozen=True)
class _Message:
    head: bytes
    body: bytes

    def header(self, name: bytes) -> str | None:
        for line in self.head.split(b"\r\n")[1:]:
            title, _, value = line.partition(b":")
            if title.lower() == name:
                return value.strip().decode()
        return None


async def _message(reader: asyncio.StreamReader) -> _Message:
    """A request or an answer whose length is told; those of the nemesis's clients all are."""
    head = await reader.readuntil(_HEAD_ENDS)
    length = _Message(head, b"").header(b"content-length")
    return _Message(head, await reader.readexactly(int(length or 0)))
