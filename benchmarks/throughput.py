"""Requests a second, against a bare handler of the same framework that does one statement."""

import json
from dataclasses import dataclass
from statistics import median

from benchmarks.children import load
from benchmarks.children.load import Load
from benchmarks.children.processes import first_line, running
from benchmarks.lab import Lab
from benchmarks.latency import three_rows
from benchmarks.report import Figures
from benchmarks.server import HEADERS
from tallykeep.db.queries import queries

_bare = queries("benchmarks.children", "bare_api.sql")

_CONNECTIONS = 16


def get(lab: Lab) -> Figures:
    """Reading one action that has ended."""
    bench = lab.bench
    bench.database.empty()
    action_id = bench.request("POST", "/v1/vouchers/import", three_rows(0))["async_action_id"]
    bench.wait_done(action_id)
    with running("-m", "benchmarks.children.bare_api", bench.database.url) as child:
        bare = f"{first_line(child)}/actions/{action_id}"
        return _compared(lab, _load(lab, f"{bench.url}/v1/async-actions/{action_id}"), _load(lab, bare))


def submit(lab: Lab) -> Figures:
    """Small submissions of new codes: how many are DONE a second, from the first until all are, against INSERTs."""
    bench, body = lab.bench, json.dumps(three_rows(load.SERIAL))
    bench.database.empty()
    bench.database.execute(_bare.create_bodies)
    ours, floor = [], []
    try:
        with running("-m", "benchmarks.children.bare_api", bench.database.url) as child:
            bare = _load(lab, f"{first_line(child)}/bodies", body)
            for _ in range(lab.size.rounds):
                ours.append(_applied(lab, _load(lab, f"{bench.url}/v1/vouchers/import", body)))
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


def _applied(lab: Lab, ours: Load) -> _Applied:
    database = lab.bench.database
    database.empty()
    answered = load.generate(ours)
    database.wait_for_all()
    row = database.execute(_bare.applied_actions).fetchone()
    assert row is not None
    actions, others, seconds, p99_done = row
    assert not others, f"{others} actions are not DONE"
    return _Applied(actions / seconds, answered.per_second, answered.p99, p99_done * 1_000)


def _load(lab: Lab, url: str, body: str = "") -> Load:
    headers = {**HEADERS, "Content-Type": "application/json"}
    method = "POST" if body else "GET"
    return Load(url, _CONNECTIONS, lab.size.seconds, method, tuple(headers.items()), body)


def _compared(lab: Lab, ours: Load, floor: Load) -> Figures:
    """In turns; what ours leaves to do is done before the floor is measured."""
    our_rates, floor_rates = [], []
    for _ in range(lab.size.rounds):
        our_rates.append(load.generate(ours).per_second)
        lab.bench.database.wait_for_all()
        floor_rates.append(load.generate(floor).per_second)
    return Figures(median(our_rates), median(floor_rates), "requests/s")
