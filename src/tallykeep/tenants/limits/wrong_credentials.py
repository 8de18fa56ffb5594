"""Wrong credentials: who has sent too many within a minute has to wait, and nobody else.

They are counted by address, by the identity that was shown (a key's id; a token stands for itself), and by both
together. Who sends the right ones from another address is never refused because of them, nor is the very token that was
right before from the same address, over whichever process.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.pool import Connection, Connections, Pool
from tallykeep.db.queries import queries
from tallykeep.tenants.addresses import as_one_client
from tallykeep.tenants.authenticate import token_hash
from tallykeep.tenants.limits.right_credentials import Identity, RightCredentials

_sql = queries(__package__, "wrong_credentials.sql")
_log = structlog.get_logger()

SECONDS = 60.0
MAX_COUNTED = 30_000  # by each of the three
_DIGEST_BYTES = 16
_MAX_ID_LENGTH = 65  # one more than any key's id has
_SHARE_SECONDS = 0.5
_SHARED_AT_A_TIME = 1_000


def identity_of(way: str, key_id: str, token: str) -> Identity:
    """Return what somebody says to be: this key, or who has this token, which has no `key_id`."""
    return (way, key_id[:_MAX_ID_LENGTH]) if key_id else (way, token_hash(token))


@dataclass(slots=True)
class _Counted:
    """How many were wrong until `ends_at`, and how many of these other processes do not know of."""

    ends_at: float
    count: int = 0
    unshared: int = 0


class WrongCredentials:
    """The wrong credentials of the last minute; `maximum` of them are let through by address and by identity."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._counted: dict[bytes, _Counted] = {}
        self._unshared: dict[bytes, None] = {}
        self._right = RightCredentials()
        self._changed = asyncio.Event()
        self._quiet_from = 0.0

    @property
    def is_quiet(self) -> bool:
        """Return whether nothing was wrong for a minute, so that nobody has to wait."""
        return time.monotonic() >= self._quiet_from

    def wait_seconds(self, address: str | None, identity: Identity, token: str) -> int:
        """Return how long this token from this address is not looked at, to this process's knowledge; 0 if it is."""
        client, now = as_one_client(address), time.monotonic()
        if self._right.has_token(client, identity, token):
            return 0  # else whoever knows an id would keep out all who use it from behind the same address
        by_address, by_identity, by_both = self._standings(client, identity, now)
        ends = [by_both.ends_at] if by_both.count >= self._maximum else []
        if not self._right.has_identity(client, identity):
            if by_address.count >= self._maximum:
                ends.append(by_address.ends_at)
            if by_both.count and by_identity.count >= self._maximum:
                ends.append(min(by_both.ends_at, by_identity.ends_at))
        return max((math.ceil(end - now) for end in ends), default=0)

    async def refused_seconds(self, pool: Connections, address: str | None, identity: Identity, token: str) -> int:
        """Return how long it is not looked at, once other processes were asked whether it was right before."""
        if not self.wait_seconds(address, identity, token):
            return 0
        await self._right.seek(pool, as_one_client(address), identity, token)
        return self.wait_seconds(address, identity, token)

    def add_right(self, address: str | None, identity: Identity, token: str) -> None:
        """Remember that the identity's token was right from this address; what is kept of it is a digest."""
        if self._maximum and self._right.add(as_one_client(address), identity, token):
            self._changed.set()

    def add_wrong(self, address: str | None, identity: Identity, token: str) -> None:
        """Count an identity whose token was wrong; one that was right before, and was revoked since, is no more."""
        if not self._maximum:
            return
        client = as_one_client(address)
        self._right.remove(client, identity, token)
        now = time.monotonic()
        self._quiet_from = now + SECONDS
        for digest in counted_by(client, identity):
            counted = self._current(digest, now)
            counted.count += 1
            counted.unshared += 1
            self._unshared[digest] = None
        self._changed.set()

    @asynccontextmanager
    async def shared_over(self, pool: Pool) -> AsyncIterator[None]:
        """Count together with the other processes: what is new is told to them, and what they know is learned."""
        sharing = asyncio.create_task(self._keep_sharing(pool), name="wrong credentials")
        try:
            yield
        finally:
            sharing.cancel()
            await asyncio.wait((sharing,))

    async def _keep_sharing(self, pool: Pool) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(_SHARE_SECONDS)
            self._changed.clear()
            self._forget_over()
            try:
                while self._unshared:
                    await self._share_some(pool)
                await self._right.share(pool)
            except (psycopg.Error, PoolTimeout) as error:
                _log.info("wrong credentials are counted by this process alone", reason=reason_of(error))
                self._unshared.clear()
                if self._right.has_news:
                    self._changed.set()

    async def _share_some(self, pool: Pool) -> None:
        digests = list(self._unshared)[:_SHARED_AT_A_TIME]
        counts: dict[bytes, int] = {}
        for digest in digests:
            del self._unshared[digest]
            if (counted := self._counted.get(digest)) is not None:
                counts[digest], counted.unshared = counted.unshared, 0
        if not counts:
            return
        params = {"seconds": SECONDS, "digests": list(counts), "counts": list(counts.values())}
        queried_at = time.monotonic()
        async with pool.connection() as connection:
            rows = await (await connection.execute(_sql.add_wrong, params)).fetchall()
        self._learn(rows, queried_at)

    def _learn(self, rows: Iterable[dict[str, Any]], queried_at: float) -> None:
        """Take over what all processes have counted together, and what this one has counted since."""
        for row in rows:
            if (counted := self._counted.get(bytes(row["digest"]))) is not None:
                counted.count = row["count"] + counted.unshared
                counted.ends_at = queried_at + row["seconds"]
                self._quiet_from = max(self._quiet_from, counted.ends_at)

    def _standings(self, client: str, identity: Identity, now: float) -> list[_Counted]:
        nothing = _Counted(now)
        standings = (self._counted.get(digest, nothing) for digest in counted_by(client, identity))
        return [counted if counted.ends_at > now else nothing for counted in standings]

    def _current(self, digest: bytes, now: float) -> _Counted:
        counted = self._counted.get(digest)
        if counted is None or counted.ends_at <= now:
            self._counted.pop(digest, None)
            self._forget_some()
            counted = self._counted[digest] = _Counted(now + SECONDS)
        return counted

    def _forget_some(self) -> None:
        """Forget the oldest where there are too many."""
        while len(self._counted) >= 3 * MAX_COUNTED:
            oldest = next(iter(self._counted))
            del self._counted[oldest]
            self._unshared.pop(oldest, None)

    def _forget_over(self) -> None:
        now = time.monotonic()
        self._counted = {digest: counted for digest, counted in self._counted.items() if counted.ends_at > now}


def counted_by(client: str, identity: Identity) -> tuple[bytes, bytes, bytes]:
    """Return the digests that a client's identity is counted by: of the client, of the identity, and of both."""
    way, shown = identity
    text = shown.hex() if isinstance(shown, bytes) else shown
    names = (f"address\0{client}", f"identity\0{way}\0{text}", f"both\0{client}\0{way}\0{text}")
    by_address, by_identity, by_both = (
        blake2b(name.encode("utf-8", "surrogateescape"), digest_size=_DIGEST_BYTES).digest() for name in names
    )
    return by_address, by_identity, by_both


async def delete_old_wrong_credentials(connection: Connection, step: int) -> int:
    """Delete some of what was wrong more than a minute ago, or right long ago; return how many."""
    return (await connection.execute(_sql.delete_over, {"step": step})).rowcount
