"""What measures work with: the sizes, the files, one server for all of them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.files.sorts import WIDE
from benchmarks.server import Bench, running_bench


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    name: str
    rows: int  # of most measures
    wide_rows: int  # of forty columns
    order_rows: int  # with customers, products and SKUs inside
    rounds: int  # turns of ours and the floor, of which the medians count
    slow_rows: int  # for alternatives that take long
    few_rows: int  # where the time of a row is compared
    many_rows: int
    big_file: int  # bytes
    small_file: int
    actions: int  # in the list
    few_actions: int
    failures: int  # of an action whose failed rows are listed
    shown_failures: int  # of one whose page is shown
    samples: int  # of latencies
    seconds: float  # of load
    row_limit: int  # seconds after which a row of the table is given up

    def rows_of(self, sort: str) -> int:
        """How many rows a file of this sort has."""
        return self.wide_rows if sort == WIDE else self.rows


FULL = Size(
    name="full size", rows=1_000_000, wide_rows=250_000, order_rows=200_000, rounds=3, slow_rows=20_000,
    few_rows=100_000, many_rows=10_000_000,
    big_file=1_000_000_000, small_file=10_000_000, actions=1_000_000, few_actions=1_000, failures=2_000_000,
    shown_failures=1_000_000, samples=100, seconds=10,
    row_limit=1_800,
)  # fmt: skip
QUICK = Size(
    name="quick size, figures are rough", rows=20_000, wide_rows=20_000, order_rows=5_000, rounds=1, slow_rows=3_000,
    few_rows=5_000, many_rows=20_000,
    big_file=20_000_000, small_file=2_000_000, actions=20_000, few_actions=1_000, failures=50_000,
    shown_failures=50_000, samples=30, seconds=1,
    row_limit=180,
)  # fmt: skip


class Lab:
    """Starts the server when it is first asked for; the same one then serves every measure."""

    def __init__(self, size: Size, directory: Path) -> None:
        self.size = size
        self.peaks: dict[int, Any] = {}  # of memory, by the size of the file: found once for both roles
        self._directory = directory
        self._open = ExitStack()
        self._bench: Bench | None = None

    @property
    def bench(self) -> Bench:
        """The running server."""
        if self._bench is None:
            self._bench = self._open.enter_context(running_bench())
        return self._bench

    def close(self) -> None:
        """Stop the server; a later measure gets a new one."""
        self._bench = None
        self._open.close()

    def file(self, name: str, write: Callable[[Path], None] | None = None) -> Path:
        """A file of this run by its name, made by `write` the first time."""
        path = self._directory / name
        if write is not None and not path.exists():
            write(path)
        return path
