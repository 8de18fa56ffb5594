"""The filters of the list of tasks, as they are in the URL."""

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Depends

from tallykeep.dashboard.kit.zones import in_utc

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
class Filters:
    """The filters of the list of tasks; empty texts filter nothing. `since` and `until` are in the reader's `zone`."""

    type: str = ""
    status: str = ""
    file: str = ""
    time: Time = "created"
    since: str = ""
    until: str = ""
    zone: str = ""

    @property
    def active(self) -> int:
        """How many there are."""
        return sum(map(bool, (self.type, self.status, self.file, self.since or self.until)))

    @property
    def fields(self) -> dict[str, str]:
        """Return the parameters with which a URL or a form has the same filters."""
        fields = {"type": self.type, "status": self.status, "file": self.file}
        if self.since or self.until:
            fields |= {"time": self.time, "since": self.since, "until": self.until, "zone": self.zone}
        return {name: value for name, value in fields.items() if value}

    def url(self, path: str = "/tasks", **more: str) -> str:
        """Return a path with these filters."""
        query = urlencode(self.fields | more)
        return f"{path}?{query}" if query else path

    def api_query(self) -> dict[str, str]:
        """Return these filters as the API's parameters."""
        from_name, before_name = _BOUNDS[self.time]
        status, _, failures = self.status.partition(":")
        query = {"type": self.type, "status": status, "failures": failures, "file_name": self.file.strip()}
        return query | {from_name: in_utc(self.since, self.zone), before_name: in_utc(self.until, self.zone)}


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
