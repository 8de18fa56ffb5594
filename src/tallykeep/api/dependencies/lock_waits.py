"""Lock waits: how long one request waits for what others have locked, and who held it up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from psycopg import Error
from psycopg.errors import QueryCanceled

from tallykeep.core.errors import ServiceUnavailableError
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries

_sql = queries(__package__, "lock_waits.sql")

SECONDS = 3.0
_CHECK_AGAIN_SECONDS = 0.2
_AT_LEAST_SECONDS = 0.5
_RETRY_AFTER = 2
_HOLDERS = {"tallykeep worker": "An action"}


class LockWaits:
    """The waits of one request that begins now; `connections` are to ask with who holds what.

    A statement has its own limit (lock_timeout); a request may run into several waits, one after another.
    """

    def __init__(self, connections: Connections, seconds: float = SECONDS) -> None:
        self._connections = connections
        self._seconds = seconds
        self._until = asyncio.get_running_loop().time() + seconds
        self._checking: asyncio.Task[None] | None = None
        self._holder: str | None = None

    @asynccontextmanager
    async def on(self, connection: Connection) -> AsyncIterator[None]:
        """Work with the connection; raises ServiceUnavailableError where it had to wait for too long."""
        loop = asyncio.get_running_loop()
        at = max(self._until, loop.time() + _AT_LEAST_SECONDS)
        timer = loop.call_at(at, self._begin_to_check, connection)
        try:
            yield
        except QueryCanceled:
            if self._holder is None:
                raise
            raise self._refusal() from None
        finally:
            timer.cancel()
            if self._checking is not None:
                if self._holder is None:
                    self._checking.cancel()
                # One that is under way is waited for: later it would take back what the connection does for the next.
                await asyncio.wait((self._checking,))

    def _begin_to_check(self, connection: Connection) -> None:
        self._checking = asyncio.create_task(self._check(connection), name="timeout")

    async def _check(self, connection: Connection) -> None:
        """Take the statement back as soon as it is one that waits for others; one that works may go on."""
        params = {"pid": connection.info.backend_pid}
        while self._holder is None:
            with suppress(Error):
                async with self._connections.connection() as connection_to_ask:
                    row = await (await connection_to_ask.execute(_sql.find_holder, params)).fetchone()
                if row:
                    self._holder = _HOLDERS.get(row["application"] or "", "Another request")
                    await connection.cancel_safe(timeout=self._seconds)
                    return
            await asyncio.sleep(_CHECK_AGAIN_SECONDS)

    def _refusal(self) -> ServiceUnavailableError:
        refused = ServiceUnavailableError(
            f"{self._holder} has kept what this needs locked for {self._seconds:g} seconds. Nothing was changed; send"
            " the same request again in a moment"
        )
        refused.headers["Retry-After"] = str(_RETRY_AFTER)
        return refused
