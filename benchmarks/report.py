"""How benchmarks report: one table for people, the same as JSON beside it."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

_OUT = Path(__file__).parent / "out"


@dataclass(frozen=True)
class Measure:
    """Ours against a floor or a peer, measured in the same run; `limit` is the ratio to stay below."""

    name: str
    peer: str
    ours: float
    floor: float
    limit: float
    rows: int

    @property
    def ratio(self) -> float:
        """Our time over the floor's."""
        return self.ours / self.floor

    @property
    def verdict(self) -> str:
        """Whether the limit is kept."""
        return "met" if self.ratio < self.limit else "missed"


def report(measures: list[Measure]) -> None:
    """Print the table and write benchmarks/out/results.json."""
    table = Table(title=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for title in ("measure", "compared with", "ours", "floor", "ratio", "to stay below", "verdict"):
        table.add_column(title)
    for measure in measures:
        table.add_row(
            measure.name, measure.peer, _shown(measure.ours, measure.rows), _shown(measure.floor, measure.rows),
            f"{measure.ratio:.2f}", f"{measure.limit:.2f}", measure.verdict,
        )  # fmt: skip
    Console(width=150).print(table)
    _OUT.mkdir(exist_ok=True)
    results = [asdict(measure) | {"ratio": measure.ratio, "verdict": measure.verdict} for measure in measures]
    document = {"measured_at": datetime.now(UTC).isoformat(), "cores": os.cpu_count(), "results": results}
    (_OUT / "results.json").write_text(json.dumps(document, indent=2) + "\n")


def _shown(seconds: float, rows: int) -> str:
    return f"{seconds:.2f} s ({rows / seconds:,.0f} rows/s)"
