"""Idempotency: a submission that is sent again under the same key is the same action."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.action_type import Submission
from tallykeep.core.errors import IdempotencyKeyReusedError, TallykeepError
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "idempotency.sql")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The action's id, and whether an earlier submission under the same key had started it already."""

    action_id: str
    replayed: bool = False


class KeyTakenError(TallykeepError):
    """Another submission under the same key was faster; this one has to leave nothing behind."""


class Fingerprint:
    """The digest that distinguishes two submissions under one key: of type, path, options, and the rows' bytes."""

    def __init__(self, submission: Submission) -> None:
        self._hash = hashlib.sha256() if submission.idempotency_key else None
        self._request = [submission.action_type.name, *submission.request]
        self.size = 0

    async def over(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the chunks as they are, hashing and counting them on their way."""
        async for chunk in chunks:
            self.size += len(chunk)
            if self._hash is not None:
                self._hash.update(chunk)
            yield chunk

    def digest(self, submission_options: SubmissionOptions) -> bytes:
        """Return 32 bytes; complete once every chunk has passed.

        Options that are left to their defaults do not count: one that a later version adds changes no digest.
        """
        if self._hash is None:
            return bytes(32)
        total = self._hash.copy()
        total.update(exact_json.dumps([*self._request, submission_options.to_json()], sort_keys=True))
        return total.digest()


async def find_accepted(connection: Connection, submission: Submission) -> dict[str, Any] | None:
    """Return what is known under the submission's key: the action's id and the digest of what started it."""
    if not submission.idempotency_key:
        return None
    params = {"project_id": submission.project_id, "key": submission.idempotency_key}
    return await (await connection.execute(_sql.get_key, params)).fetchone()


def replay(submission: Submission, known: dict[str, Any], digest: bytes) -> Accepted:
    """Return the known action again; raise IdempotencyKeyReusedError where its key came with another submission."""
    if bytes(known["digest"]) != digest:
        raise IdempotencyKeyReusedError(
            f"The Idempotency-Key {submission.idempotency_key!r} was used for another submission,"
            f" which started {known['action_id']}; send a new key with a new submission"
        )
    return Accepted(str(known["action_id"]), replayed=True)


async def remember(connection: Connection, submission: Submission, digest: bytes, action_id: str) -> None:
    """Keep the key, in the transaction that makes the action; raises KeyTakenError where another has it by now."""
    if not submission.idempotency_key:
        return
    params = {"project_id": submission.project_id, "key": submission.idempotency_key}
    kept = await connection.execute(_sql.add_key, {**params, "digest": digest, "action_id": action_id})
    if not kept.rowcount:
        raise KeyTakenError(f"the key {submission.idempotency_key} is taken")
