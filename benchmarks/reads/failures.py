"""An action of which very many rows failed: its list of failed rows, their reasons, its page in the dashboard."""

import time
from statistics import median
from urllib.parse import urlencode

from benchmarks.children.client import dashboard
from benchmarks.files import metadata
from benchmarks.files.sorts import FAILING
from benchmarks.files.vouchers import VOUCHERS
from benchmarks.imports.vouchers import CSV_ROUTE
from benchmarks.lab import Lab
from benchmarks.report import Figures

_REQUESTS = 5


def slowest(lab: Lab) -> Figures:
    """Each way to ask for failed rows, the median of some; the slowest one counts."""
    action_id = _failed_import(lab, lab.size.failures)
    path = f"/v1/async-actions/{action_id}/failures"
    grouped = lab.bench.request("GET", f"{path}?group_by=reason")["reasons"]
    pages: dict[str, dict[str, str]] = {
        "first page": {},
        "deep page": {"after_row": str(lab.size.failures // 2)},
        "reasons": {"group_by": "reason"},
        "of one reason": {"reason": grouped[0]["reason"]},
        "with their rows": {"source_rows": "true"},
    }
    taken = {name: _milliseconds(lab, f"{path}?{urlencode(query)}") for name, query in pages.items()}
    lab.bench.database.empty()
    each = ", ".join(f"{name} {value:.1f}" for name, value in taken.items())
    return Figures(max(taken.values()), unit="ms", note=f"{lab.size.failures:,} failed rows; ms: {each}")


def task_page(lab: Lab) -> Figures:
    """The dashboard's page of the task."""
    action_id = _failed_import(lab, lab.size.shown_failures)
    with dashboard(lab.bench.url) as browser:
        taken = []
        for _ in range(_REQUESTS):
            started = time.perf_counter()
            page = browser.get(f"/tasks/{action_id}")
            taken.append(time.perf_counter() - started)
            assert page.status_code == 200, page.text[:500]
    lab.bench.database.empty()
    return Figures(median(taken) * 1_000, unit="ms", note=f"{lab.size.shown_failures:,} failed rows")


def _failed_import(lab: Lab, rows: int) -> str:
    """The id of an import that has failed altogether, row by row."""
    bench = lab.bench
    bench.database.empty()
    bench.define_schema("voucher", metadata.SCHEMA)
    action_id = bench.submit(CSV_ROUTE, VOUCHERS.file(lab, FAILING, rows))
    assert bench.database.wait_for_end(action_id)["failed"] == rows
    bench.database.settle("failures")
    return action_id


def _milliseconds(lab: Lab, path: str) -> float:
    taken = []
    for _ in range(_REQUESTS):
        started = time.perf_counter()
        lab.bench.request("GET", path)
        taken.append(time.perf_counter() - started)
    return median(taken) * 1_000
