"""When keys were last used: written down beside the requests, at most once a minute for a key."""

import asyncio

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.pool import Pool
from tallykeep.tenants.authenticate import note_use
from tallykeep.tenants.callers import Grant

_log = structlog.get_logger()


class LastUses:
    """Notes uses one after another, on one connection at a time; what fails is left to a later request."""

    def __init__(self) -> None:
        self._due: dict[tuple[str, str], Grant] = {}
        self._noting: asyncio.Task[None] | None = None

    def note(self, pool: Pool, grant: Grant) -> None:
        """Note that a key is in use, soon."""
        self._due[grant.key_kind, grant.key_id] = grant
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note_all(pool), name="last uses of keys")

    async def _note_all(self, pool: Pool) -> None:
        try:
            while self._due:
                _, grant = self._due.popitem()
                async with pool.connection() as connection:
                    await note_use(connection, grant)
        except (psycopg.Error, PoolTimeout) as error:
            self._due.clear()
            _log.info("the use of a key was not noted", reason=reason_of(error))
