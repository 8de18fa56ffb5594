"""Requests a second, against a bare handler of the same framework that does one statement."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median

from benchmarks.children import load
from benchmarks.children.load import Load
from benchmarks.children.processes import first_line, running
from benchmarks.lab import Lab
from benchmarks.latency import three_rows
from benchmarks.report import Figures
from benchmarks.server import HEADERS, Bench
from tallykeep.db.queries import queries

_bare = queries("benchmarks.children", "bare_api.sql")

_CONNECTIONS = 16


Credentials = Callable[[Bench], Mapping[str, str]]


def with_keys(_: Bench) -> Mapping[str, str]:
    """The keys of an application, in headers."""
    return HEADERS


def with_bearer(bench: Bench) -> Mapping[str, str]:
    """A token of OAuth, asked for once."""
    return {"Authorization": f"Bearer {bench.access_token()}"}


def get(credentials: Credentials) -> Callable[[Lab], Figures]:
    """Reading one action that has ended."""
    return partial(_get, credentials)


def submit(credentials: Credentials) -> Callable[[Lab], Figures]:
    """Small submissions of new codes: how many are DONE a second, from the first until all are, against INSERTs."""
    return partial(_submit, credentials)


def _get(credentials: Credentials, lab: Lab) -> Figures:
    bench = lab.bench
    bench.database.empty()
    action_id = bench.request("POST", "/v1/vouchers/import", three_rows(0))["async_action_id"]
    bench.wait_done(action_id)
    with running("-m", "benchmarks.children.bare_api", bench.database.url) as child:
        bare = f"{first_line(child)}/actions/{action_id}"
        ours = _load(lab, f"{bench.url}/v1/async-actions/{action_id}", headers=credentials(bench))
        return _compared(lab, ours, _load(lab, bare))


def _submit(credentials: Credentials, lab: Lab) -> Figures:
    bench, body = lab.bench, json.dumps(three_rows(load.SERIAL))
    bench.database.empty()
    bench.database.execute(_bare.create_bodies)
    ours, floor = [], []
    try:
        with running("-m", "benchmarks.children.bare_api", bench.database.url) as child:
            bare = _load(lab, f"{first_line(child)}/bodies", body)
            for _ in range(lab.size.rounds):
                ours.append(_applied(lab, credentials, body))
                floor.append(load.generate(bare).per_second)
    finally:
        bench.database.execute(_bare.drop_bodies)
    bench.database.empty()
    middle = sorted(ours, key=lambda each: each.per_second)[len(ours) // 2]
    note = (
        f"{middle.accepted_per_second:,.0f} a second are accepted, 99 % within {middle.p99_accepted:,.0f} ms; of "
        f"these, 99 % are DONE {middle.p99_done:,.0f} ms after that"
    )
    return Figures(middle.per_second, median(floor), "requests/s", note=note)


@dataclass(frozen=True)
class _Applied:
    """What came of a load of submissions; milliseconds."""

    per_second: float
    accepted_per_second: float
    p99_accepted: float
    p99_done: float


def _applied(lab: Lab, credentials: Credentials, body: str) -> _Applied:
    bench, database = lab.bench, lab.bench.database
    database.empty()
    answered = load.generate(_load(lab, f"{bench.url}/v1/vouchers/import", body, credentials(bench)))
    database.wait_for_all()
    row = database.execute(_bare.applied_actions).fetchone()
    assert row is not None
    actions, others, seconds, p99_done = row
    assert not others, f"{others} actions are not DONE"
    return _Applied(actions / seconds, answered.per_second, answered.p99, p99_done * 1_000)


def _load(lab: Lab, url: str, body: str = "", headers: Mapping[str, str] = HEADERS) -> Load:
    method, all_headers = "POST" if body else "GET", {**headers, "Content-Type": "application/json"}
    return Load(url, _CONNECTIONS, lab.size.seconds, method, tuple(all_headers.items()), body)


def _compared(lab: Lab, ours: Load, floor: Load) -> Figures:
    """In turns; what ours leaves to do is done before the floor is measured."""
    our_rates, floor_rates = [], []
    for _ in range(lab.size.rounds):
        our_rates.append(load.generate(ours).per_second)
        lab.bench.database.wait_for_all()
        floor_rates.append(load.generate(floor).per_second)
    return Figures(median(our_rates), median(floor_rates), "requests/s")
