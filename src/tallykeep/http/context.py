"""What the routes work with, handed to the application once; and how a route gets at it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from tallykeep.config import Settings
from tallykeep.db.pool import Connection, Pool
from tallykeep.db.retry import in_transaction
from tallykeep.engine.accept import Acceptance
from tallykeep.engine.beginning import Samples
from tallykeep.engine.control import Controller
from tallykeep.engine.kinds import ActionTypes
from tallykeep.engine.read import Reader
from tallykeep.engine.report import ReportLinks
from tallykeep.engine.side_thread import SideThread
from tallykeep.engine.watch import BriefWatcher, Watcher
from tallykeep.http.known_keys import KnownKeys

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a route may need."""

    settings: Settings
    pool: Pool
    intake: Pool
    acceptance: Acceptance
    reader: Reader
    samples: Samples
    controller: Controller
    watcher: Watcher
    brief_watcher: BriefWatcher
    kinds: ActionTypes
    report_secret: bytes
    aside: SideThread
    known_keys: KnownKeys = field(default_factory=KnownKeys)

    async def transact(self, work: Callable[[Connection], Awaitable[Done]]) -> Done:
        """Do the work in one transaction, and anew in another one where others were in its way.

        An answer that is read within is there to be read: nobody can delete behind it what was written.
        """
        async with self.pool.connection() as connection:
            return await in_transaction(connection, partial(work, connection))

    async def drain(self) -> None:
        """Replace the idle connections of both pools."""
        await self.pool.drain()
        await self.intake.drain()

    def report_links(self, request: Request) -> ReportLinks:
        """What makes links to report files, on the address at which this request reached us."""
        return ReportLinks(self.report_secret, str(request.base_url), timedelta(days=self.settings.keep_reports_days))


async def _context(request: Request) -> Context:  # not in a thread, as FastAPI would call a plain function
    context: Context = request.app.state.context
    return context


FromContext = Annotated[Context, Depends(_context)]
