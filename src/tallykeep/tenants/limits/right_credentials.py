"""What was right before, by the address it came from: there it is served whoever guesses.

A process knows of its own at once. Others, and the next one after a restart, find it in PostgreSQL, where it is a
digest among those of wrong credentials, and only that.
"""

import asyncio
import time
from hashlib import blake2b
from typing import TypeVar

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.pool import Connections
from tallykeep.db.queries import queries
from tallykeep.tenants.authenticate import token_hash

_sql = queries(__package__, "wrong_credentials.sql")
_log = structlog.get_logger()

MAX_RIGHT = 30_000  # identities, and tokens
MAX_SHARED = 10_000  # tokens an hour: whoever has a right one may send it from any number of addresses
MAX_SOUGHT = 1_000  # at a time
_SHARED_AT_A_TIME = 1_000
_SHARED_SECONDS = 3_600.0
_KEPT_SECONDS, _KEPT_SECONDS_OF_OAUTH = 86_400.0, 900.0
_DIGEST_BYTES = 16

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
Identity = tuple[str, str | bytes]  # how it came, and a key's id or a token's digest
_Origin = tuple[str, Identity]  # the client that it came from, and who that was
_Token = tuple[str, Identity, bytes]


class RightCredentials:
    """The identities and the tokens that were right, each from some address."""

    def __init__(self) -> None:
        self._identities: dict[_Origin, None] = {}
        self._tokens: dict[_Token, float] = {}  # when others are told again
        self._unshared: dict[bytes, float] = {}  # for how many seconds they are to be kept
        self._ended: dict[bytes, None] = {}  # what others are to forget
        self._sought: dict[bytes, _Token] = {}
        self._seeking = asyncio.Lock()
        self._shared, self._shared_until = 0, 0.0

    @property
    def has_news(self) -> bool:
        """Return whether there is anything that others are still to be told."""
        return bool(self._unshared or self._ended)

    def has_identity(self, client: str, identity: Identity) -> bool:
        """Return whether any token of this identity was right from there."""
        return (client, identity) in self._identities

    def has_token(self, client: str, identity: Identity, token: str) -> bool:
        """Return whether this very token was right from there."""
        return (client, identity, token_hash(token)) in self._tokens

    def add(self, client: str, identity: Identity, token: str) -> bool:
        """Remember what was right; return whether others are to be told."""
        right, now = (client, identity, token_hash(token)), time.monotonic()
        if now < self._tokens.get(right, 0.0):
            return False
        kept_seconds = _KEPT_SECONDS_OF_OAUTH if identity[0] == "token" else _KEPT_SECONDS
        _keep(self._identities, right[:2], None)
        if not self._may_share(now):
            _keep(self._tokens, right, self._shared_until)
            return False
        _keep(self._tokens, right, now + kept_seconds / 2)
        self._ended.pop(_digest_of_token(right), None)
        self._unshared |= dict.fromkeys((_digest_of_identity(right), _digest_of_token(right)), kept_seconds)
        return True

    def remove(self, client: str, identity: Identity, token: str) -> None:
        """Forget a token that was right and is wrong now; others are to forget it, too."""
        right = (client, identity, token_hash(token))
        if self._tokens.pop(right, None) is not None:
            digest = _digest_of_token(right)
            self._unshared.pop(digest, None)
            self._ended[digest] = None

    async def seek(self, pool: Connections, client: str, identity: Identity, token: str) -> None:
        """Learn whether this was right from there over another process.

        However many seek, they do so together, on one connection; where they are too many, or the database is out of
        reach, nothing is learned.
        """
        right = (client, identity, token_hash(token))
        of_identity, of_token = _digest_of_identity(right), _digest_of_token(right)
        if len(self._sought) >= 2 * MAX_SOUGHT or of_token in self._ended:
            return
        self._sought |= {of_identity: right, of_token: right}
        async with self._seeking:
            if of_token in self._sought:  # else it was among those of somebody before
                await self._find(pool)

    async def _find(self, pool: Connections) -> None:
        """Find all that is sought; where that fails nobody waits for another try."""
        sought = dict(self._sought)
        try:
            known = await _select_known(pool, list(sought))
        except (psycopg.Error, PoolTimeout) as error:
            _log.info("what was right over other processes cannot be found", reason=reason_of(error))
            known = set()
        for digest, right in sought.items():
            self._sought.pop(digest, None)
            if digest in known and digest not in self._ended:
                _keep(self._identities, right[:2], None)
                if digest == _digest_of_token(right):
                    _keep(self._tokens, right, 0.0)

    async def share(self, pool: Connections) -> None:
        """Tell the others what is new, and what has ended; raise the database's errors, with the rest kept."""
        while digests := list(self._ended)[:_SHARED_AT_A_TIME]:
            async with pool.connection() as connection:
                await connection.execute(_sql.delete_right, {"digests": digests})
            for digest in digests:
                self._ended.pop(digest, None)
        while shared := dict(list(self._unshared.items())[:_SHARED_AT_A_TIME]):
            async with pool.connection() as connection:
                await connection.execute(_sql.add_right, {"digests": list(shared), "seconds": list(shared.values())})
            for digest in shared:
                self._unshared.pop(digest, None)

    def _may_share(self, now: float) -> bool:
        """Count what others are told, by the hour: what they keep of it is bounded."""
        if now >= self._shared_until:
            self._shared, self._shared_until = 0, now + _SHARED_SECONDS
        self._shared += 1
        return self._shared <= MAX_SHARED


async def _select_known(pool: Connections, digests: list[bytes]) -> set[bytes]:
    async with pool.connection() as connection:
        rows = await (await connection.execute(_sql.find_right, {"digests": digests})).fetchall()
    return {bytes(row["digest"]) for row in rows}


def _keep(kept: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    """Keep what was right; where there is too much, the oldest is forgotten."""
    if key not in kept and len(kept) >= MAX_RIGHT:
        del kept[next(iter(kept))]
    kept[key] = value


def _digest_of_identity(right: _Token) -> bytes:
    return _digest("right identity", *right[:2])


def _digest_of_token(right: _Token) -> bytes:
    return _digest("right token", *right[:2], right[2].hex())


def _digest(what: str, client: str, identity: Identity, *more: str) -> bytes:
    way, shown = identity
    text = shown.hex() if isinstance(shown, bytes) else shown
    name = "\0".join((what, client, way, text, *more))
    return blake2b(name.encode("utf-8", "surrogateescape"), digest_size=_DIGEST_BYTES).digest()
