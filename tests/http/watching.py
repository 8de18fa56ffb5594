"""Actions that are held back, and a reader of event streams."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

_TIMEOUT_SECONDS = 60


@contextmanager
def vouchers_held_back(database_url: str) -> Iterator[None]:
    """No voucher is written while the context lasts; actions that want to do so wait."""
    with psycopg.connect(database_url) as connection:
        connection.execute("LOCK TABLE vouchers IN SHARE MODE")
        yield


class WatchQueries:
    """The questions for watched actions that the API asks the database, as long as anybody waits for some."""

    _LAST = (
        "SELECT max(query_start) FROM pg_stat_activity"
        " WHERE application_name = 'tallykeep api' AND query LIKE '%AS watched (project_id, id)%'"
    )

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def until_queried(self) -> None:
        """Return at the next question."""
        before, deadline = self._last(), time.monotonic() + _TIMEOUT_SECONDS
        while self._last() == before:
            assert time.monotonic() < deadline, "the API does not ask for watched actions"
            time.sleep(0.02)

    def until_silent(self) -> None:
        """Return when a second has gone by without a question."""
        last, since, deadline = self._last(), time.monotonic(), time.monotonic() + _TIMEOUT_SECONDS
        while time.monotonic() - since <= 1:
            assert time.monotonic() < deadline, "the API goes on asking for watched actions"
            if (current := self._last()) != last:
                last, since = current, time.monotonic()
            time.sleep(0.02)

    def _last(self) -> Any:
        return (self._connection.execute(self._LAST).fetchone() or (None,))[0]


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event, or a comment (whose name is empty), and when it came."""

    name: str
    content: Any
    at: float


def events(answer: httpx.Response) -> Iterator[Event]:
    """The events of a stream until it closes."""
    name = ""
    for line in answer.iter_lines():
        if line.startswith(":"):
            yield Event("", line[1:].strip(), time.monotonic())
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield Event(name, json.loads(line.removeprefix("data: ")), time.monotonic())
