"""A network line to PostgreSQL that can be cut, or fall silent: bytes go in and nothing comes out, nor is it closed."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

_CHUNK = 1 << 16


class Line:
    """Listens on a port of 127.0.0.1 and leads to a server's Unix socket, from a thread of its own."""

    def __init__(self, server_socket: str) -> None:
        self.server_socket = server_socket
        self.port = 0
        self._generation = 0  # connections of earlier ones stay silent for ever
        self._silent = False
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="line")

    def start(self) -> "Line":
        self._thread.start()
        self.restore()
        return self

    def stop(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def fall_silent(self) -> None:
        """From now on whatever is sent is lost; connections, old ones and new, are not closed."""
        self._generation += 1
        self._silent = True

    def be_heard(self) -> None:
        """New connections get through; the others stay silent."""
        self._generation += 1
        self._silent = False

    def cut(self) -> None:
        """Close all connections, and refuse new ones."""
        self._do(self._cut())

    def restore(self) -> None:
        """Listen again, on the same port."""
        self._do(self._listen())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        writers, ways = [client], list[asyncio.Task[None]]()
        try:
            generation = -1 if self._silent else self._generation
            if generation == -1:
                await self._lose(reader)
                return
            answers, server = await asyncio.open_unix_connection(self.server_socket)
            writers.append(server)
            ways += [
                asyncio.create_task(self._hand_on(reader, server, generation)),
                asyncio.create_task(self._hand_on(answers, client, generation)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._links.discard(link)
            for way in ways:
                way.cancel()
            for writer in writers:
                writer.transport.abort()

    async def _hand_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, generation: int) -> None:
        with suppress(OSError):
            while chunk := await source.read(_CHUNK):
                if generation != self._generation:
                    await self._lose(source)
                    await asyncio.Event().wait()  # the other side is not told either
                target.write(chunk)
                await target.drain()
        if generation != self._generation:
            await asyncio.Event().wait()

    async def _lose(self, source: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while await source.read(_CHUNK):
                pass
