"""Peak memory of a role while a file is accepted and imported, a big one against a small one; a server for each."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.files.sorts import OWN
from benchmarks.files.vouchers import VOUCHERS
from benchmarks.imports.vouchers import CSV_ROUTE
from benchmarks.lab import Lab
from benchmarks.report import Figures
from benchmarks.server import running_bench

_EVERY = 0.05
_MAX = 200  # MiB, whatever is imported
_MEBIBYTE = 1 << 20
_ROLES = ("api", "worker")


@dataclass
class _Peak:
    """In MiB: resident pages, and those that are the process's own."""

    rss: float = 0
    uss: float = 0


def of(role: str) -> Callable[[Lab], Figures]:
    """The measure of one role. Both are watched in one run, whose figures the second one finds."""

    def measure(lab: Lab) -> Figures:
        big, small = (_peaks(lab, size)[role] for size in (lab.size.big_file, lab.size.small_file))
        note = f"own pages (USS); resident {big.rss:.0f} and {small.rss:.0f} MiB, of {_MAX} at most"
        return Figures(big.uss, small.uss, "MiB", note=note, fits=max(big.rss, small.rss) <= _MAX)

    return measure


def _peaks(lab: Lab, size: int) -> dict[str, _Peak]:
    peaks: dict[str, _Peak] = lab.peaks.get(size) or _watched_import(VOUCHERS.file_of(lab, OWN, size))
    lab.peaks[size] = peaks
    return peaks


def _watched_import(path: Path) -> dict[str, _Peak]:
    ended = threading.Event()
    peaks = {role: _Peak() for role in _ROLES}
    with running_bench() as bench:
        watchers = [threading.Thread(target=_watch, args=(bench.role(role), peaks[role], ended)) for role in _ROLES]
        for watcher in watchers:
            watcher.start()
        try:
            bench.timed(CSV_ROUTE, path)
        finally:
            ended.set()
            for watcher in watchers:
                watcher.join()
    return peaks


def _watch(process: psutil.Process, peak: _Peak, ended: threading.Event) -> None:
    while not ended.is_set():
        now = process.memory_full_info()
        peak.rss, peak.uss = max(peak.rss, now.rss / _MEBIBYTE), max(peak.uss, now.uss / _MEBIBYTE)
        time.sleep(_EVERY)
