"""`python -m benchmarks.by_process [sort …] [--types …] [--rows N]`: what each process takes for a row of an import."""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.files.sorts import SORTS, flawed_rows
from benchmarks.imports.types import IMPORTS, USUAL_TYPES, Import
from benchmarks.lab import QUICK, Lab
from benchmarks.server import Bench, running_bench

_ROWS = 250_000
_Seconds = Mapping[str, tuple[float, float]]  # of each process, in its own code and in the kernel's


def main() -> None:
    """Print microseconds a row, on the clock and of each process, until the 202 and from there until DONE."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sorts", nargs="*", help=f"some of {', '.join(SORTS)}; left out, all")
    parser.add_argument("--types", nargs="*", choices=IMPORTS, default=USUAL_TYPES, metavar="ACTION_TYPE")
    parser.add_argument("--rows", type=int, default=_ROWS)
    arguments = parser.parse_args()
    with TemporaryDirectory() as directory, running_bench() as bench:
        lab = Lab(QUICK, Path(directory))
        for name in arguments.types:
            for sort in [sort for sort in arguments.sorts or SORTS if sort in IMPORTS[name].sorts]:
                _warm_up(lab, bench, IMPORTS[name])
                print(f"\n{name}, {sort}, {arguments.rows:,} rows")
                _show(lab, bench, IMPORTS[name], sort, arguments.rows)


def _warm_up(lab: Lab, bench: Bench, imported: Import) -> None:
    """The first import of a server is slower."""
    sort, rows = imported.sorts[0], lab.size.rows
    imported.prepare(bench, sort)
    bench.timed(imported.route, imported.file(lab, sort, rows), failed=flawed_rows(sort, rows))


def _show(lab: Lab, bench: Bench, imported: Import, sort: str, rows: int) -> None:
    path = imported.file(lab, sort, rows)
    imported.prepare(bench, sort)
    started, before = time.perf_counter(), _seconds(bench)
    action_id, accepted = bench.timed_submit(imported.route, path)
    between = _seconds(bench)
    bench.wait_done(action_id, failed=flawed_rows(sort, rows))
    ended, after = time.perf_counter(), _seconds(bench)
    _show_part("upload to 202", accepted, before, between, rows)
    _show_part("202 to DONE", ended - started - accepted, between, after, rows)


def _seconds(bench: Bench) -> _Seconds:
    seconds: dict[str, tuple[float, float]] = {}
    for process in bench.processes():
        try:
            name, times = _role(process), process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        user, system = seconds.get(name, (0.0, 0.0))
        seconds[name] = user + times.user, system + times.system
    return seconds


def _role(process: psutil.Process) -> str:
    words = process.cmdline()
    if "postgres" in process.name():
        return "PostgreSQL"
    return words[-1] if words else process.name()


def _show_part(part: str, seconds: float, before: _Seconds, after: _Seconds, rows: int) -> None:
    print(f"  {part:26}{seconds / rows * 1e6:8.2f} µs a row")
    for name in sorted(after):
        (user, system), (user_before, system_before) = after[name], before.get(name, (0.0, 0.0))
        own, kernel = ((user - user_before) / rows * 1e6, (system - system_before) / rows * 1e6)
        if own + kernel >= 0.01:
            print(f"    {name:24}{own + kernel:8.2f}, of which {kernel:.2f} of the kernel", flush=True)


if __name__ == "__main__":
    main()
