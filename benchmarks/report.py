"""What a measure is, what comes out of it, and how that is shown: a line at once, a page and JSON beside it."""

import json
import math
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from benchmarks.lab import Lab

_HERE = Path(__file__).parent
_COLUMNS = (39, 20, 20, 6, 8)


class NotMeasuredError(Exception):
    """A row that cannot be measured here; the text says why."""


@dataclass(frozen=True)
class Limit:
    """What the ratio of ours to the floor has to keep; with a unit, what ours itself has to keep."""

    character: str
    bound: float
    unit: str = ""

    def holds(self, value: float) -> bool:
        """Whether this ratio, or what is measured in the unit, keeps the limit."""
        return value >= self.bound if self.character == "≥" else value <= self.bound

    def __str__(self) -> str:
        return f"{self.character} {self.bound:g} {self.unit}".rstrip()


def up_to(bound: float) -> Limit:
    """For what costs: seconds, bytes."""
    return Limit("≤", bound)


def at_least(bound: float) -> Limit:
    """For what is got: requests or rows a second."""
    return Limit("≥", bound)


def within(milliseconds: float) -> Limit:
    """For what somebody waits for, whatever else there is to compare it with: an absolute limit."""
    return Limit("≤", milliseconds, "ms")


@dataclass(frozen=True)
class Figures:
    """Ours and the floor, if there is one, in `unit`.

    `rows` shows seconds as rows a second too; `fits` is a limit of another kind.
    """

    ours: float
    floor: float | None = None
    unit: str = "s"
    rows: int = 0
    note: str = ""
    fits: bool = True


@dataclass(frozen=True)
class Measure:
    """One row of the table: ours, against a floor or an alternative measured in the same run on the same server."""

    name: str
    what: str
    against: str
    limit: Limit
    run: "Callable[[Lab], Figures]"
    full_only: bool = False
    family: str = ""  # of rows that are shown together, the worst first

    @property
    def group(self) -> str:
        """Its family; a row of its own is one by itself."""
        return self.family or self.name


@dataclass(frozen=True)
class Outcome:
    """A measure with its figures, or with the reason why there are none, and when and where that was found."""

    measure: Measure
    figures: Figures | None
    reason: str = ""
    measured_at: str = ""
    machine: str = ""

    @classmethod
    def from_json(cls, measure: Measure, row: Mapping[str, Any]) -> "Outcome":
        """Return what an earlier run found, held to the limit that the measure has now."""
        figures, reason = None, str(row["verdict"])
        if row["ours"] is not None:
            figures = Figures(**{name: row[name] for name in ("ours", "floor", "unit", "rows", "note", "fits")})
            reason = "not measured against a floor"
        return cls(measure, figures, reason, row["measured_at"], row["machine"])

    @property
    def ratio(self) -> float | None:
        """Ours over the floor's."""
        return self.figures.ours / self.figures.floor if self.figures and self.figures.floor else None

    @property
    def _limited(self) -> float | None:
        """What the limit is for."""
        return self.figures.ours if self.figures and self.measure.limit.unit else self.ratio

    @property
    def badness(self) -> float:
        """What is limited by its limit, the more the worse; a row without figures is the worst."""
        limit, value = self.measure.limit, self._limited
        if value is None:
            return math.inf
        return limit.bound / value if limit.character == "≥" else value / limit.bound

    @property
    def verdict(self) -> str:
        """Whether the limit is kept."""
        if self.figures is None or self._limited is None:
            return self.reason
        return "met" if self.measure.limit.holds(self._limited) and self.figures.fits else "missed"

    def cells(self) -> list[str]:
        """The row as it is shown, without what it is held against and without the note."""
        ours, floor = (self.figures.ours, self.figures.floor) if self.figures else (None, None)
        ratio = "—" if self.ratio is None else f"{self.ratio:.2f}"
        shown = [_shown(ours, self.figures), _shown(floor, self.figures), ratio]
        return [self.measure.what, *shown, str(self.measure.limit), self.verdict]

    def to_json(self) -> dict[str, object]:
        """The row for machines."""
        figures = self.figures
        return {
            "name": self.measure.name, "what": self.measure.what, "against": self.measure.against,
            "limit": str(self.measure.limit), "ours": figures and figures.ours, "floor": figures and figures.floor,
            "unit": figures and figures.unit, "rows": figures and figures.rows, "ratio": self.ratio,
            "verdict": self.verdict, "note": figures.note if figures else "", "fits": figures and figures.fits,
            "measured_at": self.measured_at, "machine": self.machine,
        }  # fmt: skip


class Report:
    """Prints every row at once, and writes the page and the JSON anew after each family.

    At full size these keep the rows that earlier runs measured, each with its day, until they are measured again: a run
    that fails to do so changes nothing of them.
    """

    def __init__(self, measures: Sequence[Measure], *, size: str, keeps: bool, directory: Path = _HERE) -> None:
        directory = directory if keeps else directory / "out"
        directory.mkdir(exist_ok=True)
        self._page, self._json = directory / "RESULTS.md", directory / "results.json"
        self._size = size
        self._measures = measures
        self._machine = _machine()
        self._outcomes = _read(self._json, measures) if keeps else {}
        print(f"{self._machine}; {size}\n")
        print(_line(["measure", "ours", "floor or alternative", "ratio", "limit", "verdict"]), flush=True)

    def add(self, outcomes: list[Outcome]) -> None:
        """Take the rows of one more family, and show the worst of them first."""
        for outcome in sorted(outcomes, key=lambda each: each.badness, reverse=True):
            if outcome.figures is not None or outcome.measure.name not in self._outcomes:
                now = datetime.now(UTC).isoformat(timespec="minutes")
                row = replace(outcome, measured_at=now, machine=self._machine)
                self._outcomes[outcome.measure.name] = row
            print(_line(outcome.cells()))
            note = outcome.figures.note if outcome.figures else ""
            against = f"{'' if outcome.measure.limit.unit else 'against '}{outcome.measure.against}"
            print(f"    {against}{'; ' if note else ''}{note}", flush=True)
        _write(self._page, self._markdown())
        document = {"size": self._size, "results": [outcome.to_json() for outcome in self._in_order()]}
        _write(self._json, json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Say where it is to be found."""
        print(f"\nWritten to {self._page} and {self._json}")

    def _in_order(self) -> list[Outcome]:
        """The rows that there are, family by family, the worst of each first."""
        rows: list[Outcome] = []
        for _, family in groupby(self._measures, key=lambda measure: measure.group):
            family_rows = [self._outcomes[measure.name] for measure in family if measure.name in self._outcomes]
            rows += sorted(family_rows, key=lambda each: each.badness, reverse=True)
        return rows

    def _markdown(self) -> str:
        rows = self._in_order()
        machines = "; ".join(dict.fromkeys(row.machine for row in rows))
        head = [
            "# Results", "",
            f"{machines}; {self._size}. Written by `make bench`, which replaces the rows that it measures; "
            "how to read it: [docs/performance.md](../docs/performance.md).", "",
            "| measure | ours | floor or alternative | ratio | limit | verdict | against | measured |",
            "|---|---|---|---|---|---|---|---|",
        ]  # fmt: skip
        return "\n".join([*head, *map(_markdown_row, rows)]) + "\n"


def _write(path: Path, content: str) -> None:
    """Write a file anew, so that it is whole whenever this ends."""
    new = path.with_suffix(".new")
    new.write_text(content)
    new.replace(path)


def _read(path: Path, measures: Sequence[Measure]) -> dict[str, Outcome]:
    """The rows that earlier runs have measured, of the measures that there still are, by name."""
    if not path.exists():
        return {}
    rows = {row["name"]: row for row in json.loads(path.read_text())["results"]}
    return {each.name: Outcome.from_json(each, rows[each.name]) for each in measures if each.name in rows}


def _markdown_row(outcome: Outcome) -> str:
    note = outcome.figures.note if outcome.figures else ""
    cells = [*outcome.cells(), f"{outcome.measure.against}{'; ' if note else ''}{note}", outcome.measured_at[:10]]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _line(cells: list[str]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, _COLUMNS, strict=False)]
    return "  ".join([*padded, cells[-1]])


def _shown(value: float | None, figures: Figures | None) -> str:
    if value is None or figures is None:
        return "—"
    if figures.unit == "s" and figures.rows:
        return f"{value:.2f} s, {figures.rows / value:,.0f}/s"
    return f"{value:,.2f} {figures.unit}"


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    model = next(
        (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine()
    )
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
