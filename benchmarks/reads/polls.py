"""Polls of an action that has not changed: with what was known of it last time, against without."""

import re
import time
from statistics import median

import httpx

from benchmarks.lab import Lab
from benchmarks.latency import three_rows
from benchmarks.report import Figures, NotMeasuredError
from benchmarks.server import HEADERS, Bench

_ROUNDS = 5
_POLLS_A_ROUND = 200
_COUNTED = 100
# Sessions of the API are called so in PostgreSQL's log.
_STATEMENT = re.compile(r"^tallykeep (?:api|reads|writes|intake)\|.*?(?:statement|execute [^:]*): ", re.MULTILINE)


def unchanged(lab: Lab) -> Figures:
    """A thousand polls each, in turns; the statements that they run are counted apart, by the database's log."""
    bench = lab.bench
    bench.database.empty()
    action_id = bench.request("POST", "/v1/vouchers/import", three_rows(0))["async_action_id"]
    bench.wait_done(action_id)
    path = f"/v1/async-actions/{action_id}"
    with httpx.Client(base_url=bench.url, headers=HEADERS, trust_env=False) as client:
        etag = client.get(path).headers.get("ETag")
        if etag is None:
            raise NotMeasuredError("the API sends no ETag with an action")
        known = {"If-None-Match": etag}
        ours, floor = [], []
        for _ in range(_ROUNDS):
            ours.append(_seconds(client, path, known, 304))
            floor.append(_seconds(client, path, {}, 200))
        statements = [_statements(bench, client, path, headers) for headers in (known, {})]
    note = f"{_ROUNDS * _POLLS_A_ROUND:,} polls; statements a poll: {statements[0]:.2f} against {statements[1]:.2f}"
    return Figures(median(ours) * 1_000, median(floor) * 1_000, "ms", note=note)


def _seconds(client: httpx.Client, path: str, headers: dict[str, str], status: int) -> float:
    """The seconds a poll takes, on average of one round."""
    started = time.perf_counter()
    for _ in range(_POLLS_A_ROUND):
        answer = client.get(path, headers=headers)
        assert answer.status_code == status, answer.text[:500]
    return (time.perf_counter() - started) / _POLLS_A_ROUND


def _statements(bench: Bench, client: httpx.Client, path: str, headers: dict[str, str]) -> float:
    """The API's statements a poll; keys that are looked up once a second, and whatever else it does, are counted."""

    def poll() -> None:
        for _ in range(_COUNTED):
            client.get(path, headers=headers)

    return len(_STATEMENT.findall(bench.statements_of(poll))) / _COUNTED
