"""Previews of a large file's beginning, as the command line and the dashboard ask for them."""

import time
from statistics import median

import httpx

from benchmarks.files.sorts import DIRTY, OWN, WIDE
from benchmarks.files.vouchers import VOUCHERS
from benchmarks.lab import Lab
from benchmarks.report import Figures
from benchmarks.server import HEADERS

_SAMPLE = 1 << 18
_REQUESTS = 10


def first_bytes(lab: Lab) -> Figures:
    """The first 256 KiB, the same of ten megabytes as of a thousand: the median of each sort; the slowest counts."""
    taken = {sort: _milliseconds(lab, sort) for sort in (OWN, WIDE, DIRTY)}
    each = ", ".join(f"{sort} {value:.1f}" for sort, value in taken.items())
    return Figures(max(taken.values()), unit="ms", note=f"256 KiB; ms: {each}")


def _milliseconds(lab: Lab, sort: str) -> float:
    with VOUCHERS.file_of(lab, sort, _SAMPLE).open("rb") as file:
        content = file.read(_SAMPLE)
    headers = {**HEADERS, "Content-Type": "text/csv"}
    taken = []
    with httpx.Client(base_url=lab.bench.url, headers=headers, trust_env=False, timeout=60) as client:
        for _ in range(_REQUESTS):
            started = time.perf_counter()
            answer = client.post("/v1/imports/preview", params={"partial": "true"}, content=content)
            taken.append(time.perf_counter() - started)
            assert answer.status_code == 200 and answer.json()["row_type"] == "vouchers", answer.text[:500]
    return median(taken) * 1_000
