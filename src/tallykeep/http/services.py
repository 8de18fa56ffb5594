"""What the routes work with, handed to the application once; and how a route gets at it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from tallykeep.config import Settings
from tallykeep.db.pool import Pool
from tallykeep.engine.accept import Acceptance
from tallykeep.engine.kinds import ActionTypes
from tallykeep.engine.read import Reader
from tallykeep.engine.report import ReportLinks


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a route may need."""

    settings: Settings
    pool: Pool
    acceptance: Acceptance
    reader: Reader
    kinds: ActionTypes
    report_secret: bytes

    def report_links(self, request: Request) -> ReportLinks:
        """What makes links to report files, on the address at which this request reached us."""
        return ReportLinks(self.report_secret, str(request.base_url), timedelta(days=self.settings.report_days))


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


FromServices = Annotated[Services, Depends(_services)]
