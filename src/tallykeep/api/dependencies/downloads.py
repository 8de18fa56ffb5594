"""Downloads: a slot for each, and until when whoever began it may have more of it."""

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from tallykeep.api.dependencies.auth import FromCaller, is_admitted_now, is_still_admitted, would_admit
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.credentials import read_credentials
from tallykeep.api.responses.download import Admission
from tallykeep.db.connections.pool import Connection
from tallykeep.db.transient import is_transient
from tallykeep.engine.downloads.report_files import ReportKey
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.valid_keys import grant_behind_expired_token, is_key_valid

_SECONDS = 1.0


@dataclass(slots=True)
class _CheckedEachSecond:
    """An admission that the database is asked for, at most once a second."""

    context: Context
    key_id: str
    ask: Callable[[Connection], Awaitable[bool]]
    _checked_at: float = field(default_factory=time.monotonic)

    async def __call__(self, *, now: bool = False) -> bool:
        """Return whether; `now` raises the database's errors, where else a doubt is no refusal."""
        if not now and time.monotonic() < self._checked_at + _SECONDS:
            return True
        try:
            async with self.context.pools.own.connection() as connection:
                is_valid = await self.ask(connection)
        except Exception as error:
            if now or not is_transient(error):
                raise
            return True
        self._checked_at = time.monotonic()
        return is_valid


class AdmissionOfLink(_CheckedEachSecond):
    """Whether the key that got a link to a report is still valid."""

    def __init__(self, context: Context, report: ReportKey) -> None:
        async def ask(connection: Connection) -> bool:
            return await is_key_valid(connection, report.project_id, report.key_kind, report.key_id)

        super().__init__(context, report.key_id, ask)


class AdmissionOfRequest:
    """Whether the key or the token of a request would still be admitted; a token may have expired since.

    A token lasts a quarter of an hour, and a large file may take longer. It is the key behind it that counts then.
    """

    def __init__(self, request: Request, context: Context, caller: Caller) -> None:
        self._request = request
        self._context = context
        self._caller = caller
        self._behind_token: Admission | None = None  # once it was seen that the token has expired
        self._was_expired = False

    @property
    def key_id(self) -> str:
        """Return the id of the key, or of the one that the token stands for."""
        return self._caller.key_id

    async def __call__(self, *, now: bool = False) -> bool:
        """Return whether; `now` raises the database's errors, where else a doubt is no refusal."""
        if self._behind_token is not None:
            return await self._behind_token(now=now)
        if await (is_admitted_now if now else is_still_admitted)(self._request, self._context):
            return True
        if self._caller.grant.token_id is None:
            return False
        self._behind_token = _CheckedEachSecond(
            self._context, self.key_id, self._ask_behind_token, _checked_at=-math.inf
        )
        return await self._behind_token(now=now)

    async def _ask_behind_token(self, connection: Connection) -> bool:
        token = read_credentials(self._request.scope).bearer or ""
        grant = await grant_behind_expired_token(connection, self._caller.grant, token, again=self._was_expired)
        self._was_expired = grant is not None
        return grant is not None and would_admit(self._request, grant)


async def _downloading(request: Request, context: FromContext, caller: FromCaller) -> AsyncIterator[Admission]:
    """Hold one of the caller's slots for downloads until the answer was sent, or given up."""
    async with context.slot(caller, context.shares.downloads):
        yield AdmissionOfRequest(request, context, caller)


FromDownloading = Annotated[Admission, Depends(_downloading)]
