"""What the routes work with, handed to the application once; and how a route gets at it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from tallykeep.config import Settings
from tallykeep.db.pool import Pool
from tallykeep.engine.accept import Acceptance
from tallykeep.engine.beginning import Samples
from tallykeep.engine.control import Controller
from tallykeep.engine.kinds import ActionTypes
from tallykeep.engine.read import Reader
from tallykeep.engine.report import ReportLinks
from tallykeep.engine.watch import BriefWatcher, Watcher
from tallykeep.http.known_keys import KnownKeys


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
    known_keys: KnownKeys = field(default_factory=KnownKeys)

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
