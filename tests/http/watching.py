"""Actions that are held back, and a reader of event streams."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg


@contextmanager
def vouchers_held_back(database_url: str) -> Iterator[None]:
    """No voucher is written while the context lasts; actions that want to do so wait."""
    with psycopg.connect(database_url) as connection:
        connection.execute("LOCK TABLE vouchers IN SHARE MODE")
        yield


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
