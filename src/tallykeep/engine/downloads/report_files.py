"""Report files: one line a resource, put together from what each batch added; reached by signed links.

A link names the key that got it. It works as long as that key and the report do.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import IO, Any, NamedTuple

from itsdangerous import BadSignature, URLSafeSerializer

from tallykeep.core.action import Action
from tallykeep.core.action_type import ActionTypes, Report
from tallykeep.core.errors import NotFoundError
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries
from tallykeep.engine.downloads.spooled import pieces_of, spool
from tallykeep.engine.installation_secret import installation_secret
from tallykeep.tenants.valid_keys import is_key_valid

_sql = queries(__package__, "report_files.sql")

_SECRET = "report links"  # noqa: S105 - the name of a secret  # pragma: allowlist secret
_SALT = "tallykeep.report"


async def signing_secret(connection: Connection) -> bytes:
    """Return the installation's secret for report links; it is created when first needed."""
    return await installation_secret(connection, _SECRET)


class ReportKey(NamedTuple):
    """The contents of a link: the report, until when it works in seconds since the epoch, and the key that got it."""

    project_id: int
    action_id: str
    till: int
    key_kind: str
    key_id: str


@dataclass(frozen=True, slots=True)
class ReportLinks:
    """Makes the links to reports that one caller gets; `base_url` ends with a slash."""

    secret: bytes
    base_url: str
    lifetime: timedelta
    key_kind: str
    key_id: str

    def report_of(self, action: Action) -> Report | None:
        """Return the report of an action that has ended, for one key always under the same link."""
        if action.finished_at is None:
            return None
        till = action.finished_at + self.lifetime
        key = ReportKey(action.project_id, action.id, round(till.timestamp()), self.key_kind, self.key_id)
        return Report(f"{self.base_url}v1/reports/{_serializer(self.secret).dumps(key)}", till)


def read_link(secret: bytes, token: str) -> ReportKey:
    """Read what a link leads to; raise NotFoundError where it is forged, or of a version that named no key."""
    try:
        return ReportKey(*_serializer(secret).loads(token))
    except (BadSignature, TypeError):
        raise NotFoundError("There is no such report") from None


def _serializer(secret: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=_SALT, signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"})


async def report_header(connection: Connection, action_types: ActionTypes, report: ReportKey) -> str:
    """Return the first line of the report file.

    Raises NotFoundError where the link has expired, where the key that got it was revoked, and where the action has no
    report, or none any more.
    """
    action_id = report.action_id
    if not await is_key_valid(connection, report.project_id, report.key_kind, report.key_id):
        raise NotFoundError(
            "The link to this report ended with the key that got it; get the action with another one",
            resource_id=action_id,
            resource_type="report",
        )
    action = await (await connection.execute(_sql.get_type, report._asdict())).fetchone()
    if action is not None and action["expired"]:
        raise NotFoundError("The link to this report has expired", resource_id=action_id, resource_type="report")
    if action is None or not action_types[action["type"]].report_header:
        raise NotFoundError.of("report", action_id)
    return ",".join(action_types[action["type"]].report_header) + "\n"


async def report_lines(
    pool: Connections, report: ReportKey, rewritten: Callable[[str], str] = str
) -> AsyncIterator[bytes]:
    """Yield the other lines of the report file, in pieces; between them no connection is held.

    `rewritten` is given whole lines, some at a time, beside the event loop.
    """
    key, after = {"project_id": report.project_id, "action_id": report.action_id}, 0
    while part := await _next_part(pool, {**key, "after": after}):
        after = part["first_row"]
        file = await asyncio.to_thread(_spooled, part.pop("body"), rewritten)
        async for piece in pieces_of(file):
            yield piece


def _spooled(lines: str, rewritten: Callable[[str], str]) -> IO[bytes]:
    return spool(rewritten(lines).encode())


async def _next_part(pool: Connections, behind: dict[str, object]) -> dict[str, Any] | None:
    async with pool.connection() as connection:
        return await (await connection.execute(_sql.next_report_part, behind)).fetchone()
