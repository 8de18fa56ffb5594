"""Rounds of an import and its floor, one after the other."""

import time
from collections.abc import Callable
from statistics import median

from benchmarks.report import Figures
from benchmarks.server import Bench


class Rounds:
    """Times both; the processors' time is noted, too, which says more where other work keeps the machine busy."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._ours: list[tuple[float, float]] = []
        self._floor: list[tuple[float, float]] = []

    def ours(self, run: Callable[[], float]) -> None:
        """One round of ours; `run` returns its seconds."""
        self._ours.append(self._timed(run))

    def floor(self, run: Callable[[], float]) -> None:
        """One round of the floor."""
        self._floor.append(self._timed(run))

    def _timed(self, run: Callable[[], float]) -> tuple[float, float]:
        before = self._cpu_seconds()
        seconds = run()
        return seconds, self._cpu_seconds() - before

    def _cpu_seconds(self) -> float:
        """Of the server with its PostgreSQL, and of this process, which is the floor's client."""
        return self._bench.cpu_seconds() + time.process_time()

    def figures(self, rows: int, *notes: str) -> Figures:
        """The medians."""
        (ours, our_cpu), (floor, floor_cpu) = map(_medians, (self._ours, self._floor))
        cpu = f"of the processors {our_cpu:.2f} s against {floor_cpu:.2f} s, {our_cpu / floor_cpu:.2f}"
        return Figures(ours, floor, rows=rows, note="; ".join(filter(None, (cpu, *notes))))


def _medians(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    seconds, cpu = zip(*rounds, strict=True)
    return median(seconds), median(cpu)
