"""The filters of the list of tasks, as they are in the URL."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends

from tallykeep.dashboard.kit.filters import ListFilters

Time = Literal["created", "started", "finished"]

TIMES: dict[Time, str] = {"created": "Submitted", "started": "Started", "finished": "Ended"}
# The API's names for the two bounds of each.
_BOUNDS: dict[Time, tuple[str, str]] = {
    "created": ("start_date", "end_date"),
    "started": ("started_from", "started_before"),
    "finished": ("finished_from", "finished_before"),
}
# The API's name of a status and, behind a colon, which rows failed.
STATUSES = {
    "ENQUEUED,IN_PROGRESS": "Waiting or running",
    "ENQUEUED": "Waiting",
    "IN_PROGRESS": "Running",
    "DONE": "Done, failures or not",
    "DONE:none": "Done without failures",
    "DONE:some": "Some failed",
    "DONE:all": "All failed",
    "FAILED": "Ended early",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(ListFilters):
    """The filters of the list of tasks; `time` says which of a task's times the period is of."""

    path = "/tasks"
    texts = ("type", "status", "file")
    of_period = ("time", "since", "until", "zone")

    type: str = ""
    status: str = ""
    file: str = ""
    time: Time = "created"

    def api_query(self) -> dict[str, str]:
        """Return these filters as the API's parameters."""
        status, _, failures = self.status.partition(":")
        query = {"type": self.type, "status": status, "failures": failures, "file_name": self.file.strip()}
        return query | self.period(*_BOUNDS[self.time])


async def _filters(
    type: str = "",
    status: str = "",
    file: str = "",
    time: Time = "created",
    since: str = "",
    until: str = "",
    zone: str = "",
) -> Filters:
    return Filters(type=type, status=status, file=file, time=time, since=since, until=until, zone=zone)


FromFilters = Annotated[Filters, Depends(_filters)]
