"""Requests a second, against a bare handler of the same framework that does one statement."""

import json
from statistics import median

from benchmarks import load
from benchmarks.lab import Lab
from benchmarks.latency import three_rows
from benchmarks.load import Load
from benchmarks.processes import first_line, running
from benchmarks.report import Figures
from benchmarks.server import HEADERS
from tallykeep.db.queries import queries

_bare = queries(__package__, "bare_api.sql")

_CONNECTIONS = 16


def get(lab: Lab) -> Figures:
    """Reading one action that has ended."""
    bench = lab.bench
    bench.database.empty()
    action_id = bench.request("POST", "/v1/vouchers/import", three_rows(0))["async_action_id"]
    bench.wait_done(action_id)
    with running("-m", "benchmarks.bare_api", bench.database.url) as child:
        bare = f"{first_line(child)}/actions/{action_id}"
        return _compared(lab, _load(lab, f"{bench.url}/v1/async-actions/{action_id}"), _load(lab, bare))


def submit(lab: Lab) -> Figures:
    """Small submissions of new codes, with the worker applying them beside."""
    bench, body = lab.bench, json.dumps(three_rows(load.SERIAL))
    bench.database.empty()
    bench.database.execute(_bare.create_bodies)
    try:
        with running("-m", "benchmarks.bare_api", bench.database.url) as child:
            bare = f"{first_line(child)}/bodies"
            figures = _compared(lab, _load(lab, f"{bench.url}/v1/vouchers/import", body), _load(lab, bare, body))
    finally:
        bench.database.execute(_bare.drop_bodies)
    bench.database.empty()
    return figures


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
