"""Downloads: a slot for each, and until when whoever began it may have more of it."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from tallykeep.api.dependencies.auth import FromCaller, is_admitted_now, is_still_admitted
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.responses.download import Admission
from tallykeep.db.transient import is_transient
from tallykeep.engine.downloads.report_files import ReportKey
from tallykeep.tenants.valid_keys import is_key_valid

_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class AdmissionOfRequest:
    """Whether the key or the token of a request would still be admitted."""

    request: Request
    context: Context

    async def __call__(self, *, now: bool = False) -> bool:
        """Return whether; `now` raises the database's errors, where else a doubt is no refusal."""
        return await (is_admitted_now if now else is_still_admitted)(self.request, self.context)


@dataclass(slots=True)
class AdmissionOfLink:
    """Whether the key that got a link to a report is still valid; asked for at most once a second."""

    context: Context
    report: ReportKey
    _checked_at: float = field(default_factory=time.monotonic)

    async def __call__(self, *, now: bool = False) -> bool:
        """Return whether; `now` raises the database's errors, where else a doubt is no refusal."""
        if not now and time.monotonic() < self._checked_at + _SECONDS:
            return True
        report = self.report
        try:
            async with self.context.pools.own.connection() as connection:
                is_valid = await is_key_valid(connection, report.project_id, report.key_kind, report.key_id)
        except Exception as error:
            if now or not is_transient(error):
                raise
            return True
        self._checked_at = time.monotonic()
        return is_valid


async def _downloading(request: Request, context: FromContext, caller: FromCaller) -> AsyncIterator[Admission]:
    """Hold one of the caller's slots for downloads until the answer was sent, or given up."""
    async with context.slot(caller, context.shares.downloads):
        yield AdmissionOfRequest(request, context)


FromDownloading = Annotated[Admission, Depends(_downloading)]
