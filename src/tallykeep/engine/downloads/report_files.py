"""Report files: one line a resource, put together from what each batch added; reached by signed links that expire."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from itsdangerous import BadSignature, URLSafeSerializer

from tallykeep.core.action import Action
from tallykeep.core.action_type import ActionTypes, Report
from tallykeep.core.errors import NotFoundError
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries
from tallykeep.engine.installation_secret import installation_secret

_sql = queries(__package__, "report_files.sql")

_SECRET = "report links"  # noqa: S105 - the name of a secret
_SALT = "tallykeep.report"


async def signing_secret(connection: Connection) -> bytes:
    """Return the installation's secret for report links; it is created when first needed."""
    return await installation_secret(connection, _SECRET)


class ReportKey(NamedTuple):
    """The contents of a link: which report it leads to, and until when it works, in seconds since the epoch."""

    project_id: int
    action_id: str
    till: int


@dataclass(frozen=True, slots=True)
class ReportLinks:
    """Makes the links to reports and reads them again."""

    secret: bytes
    base_url: str
    lifetime: timedelta

    def report_of(self, action: Action) -> Report | None:
        """Return the report of an action that has ended, always under the same link."""
        if action.finished_at is None:
            return None
        till = action.finished_at + self.lifetime
        token = self._serializer.dumps([action.project_id, action.id, round(till.timestamp())])
        return Report(f"{self.base_url}v1/reports/{token}", till)

    def read(self, token: str) -> ReportKey:
        """Read what the link leads to; raise NotFoundError where it is forged."""
        try:
            return ReportKey(*self._serializer.loads(token))
        except BadSignature:
            raise NotFoundError("There is no such report") from None

    @property
    def _serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret, salt=_SALT)


async def report_header(connection: Connection, action_types: ActionTypes, report: ReportKey) -> str:
    """Return the first line of the report file.

    Raises NotFoundError where the link has expired, and where the action has no report, or none any more.
    """
    action_id = report.action_id
    action = await (await connection.execute(_sql.get_type, report._asdict())).fetchone()
    if action is not None and action["expired"]:
        raise NotFoundError("The link to this report has expired", resource_id=action_id, resource_type="report")
    if action is None or not action_types[action["type"]].report_header:
        raise NotFoundError.of("report", action_id)
    return ",".join(action_types[action["type"]].report_header) + "\n"


async def report_lines(pool: Connections, report: ReportKey) -> AsyncIterator[str]:
    """Yield the other lines of the report file, part by part; between parts no connection is held."""
    key, after = {"project_id": report.project_id, "action_id": report.action_id}, 0
    while part := await _next_part(pool, {**key, "after": after}):
        yield part["body"]
        after = part["first_row"]


async def _next_part(pool: Connections, behind: dict[str, object]) -> dict[str, Any] | None:
    async with pool.connection() as connection:
        return await (await connection.execute(_sql.next_report_part, behind)).fetchone()
