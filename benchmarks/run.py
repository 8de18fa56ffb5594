"""`make bench`: every measure, one table."""

import argparse
import signal
import tempfile
import traceback
from itertools import groupby
from pathlib import Path
from types import FrameType

from benchmarks.lab import FULL, QUICK, Lab
from benchmarks.measures import MEASURES, chosen
from benchmarks.report import Measure, NotMeasuredError, Outcome, Report


def main() -> None:
    """Measure and report, a row at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same code on smaller sizes")
    parser.add_argument("--only", nargs="+", help="just these rows, or families of rows, such as csv-own or csv")
    arguments = parser.parse_args()
    try:
        measures = chosen(arguments.only)
    except ValueError as error:
        parser.error(str(error))
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGALRM, _give_up)
    size = QUICK if arguments.quick else FULL
    report = Report(MEASURES, size=size.name, keeps=not arguments.quick)
    with tempfile.TemporaryDirectory(prefix="tallykeep-bench-files-") as directory:
        lab = Lab(size, Path(directory))
        try:
            for _, family in groupby(measures, key=lambda measure: measure.group):
                report.add([_measured(measure, lab, wanted=bool(arguments.only)) for measure in family])
        finally:
            lab.close()
    report.close()


def _measured(measure: Measure, lab: Lab, *, wanted: bool) -> Outcome:
    """The row; one that fails says why, and the next one gets a server of its own."""
    if measure.full_only and lab.size is QUICK and not wanted:
        return Outcome(measure, None, "only at full size")
    signal.alarm(lab.size.row_limit)
    try:
        return Outcome(measure, measure.run(lab))
    except NotMeasuredError as missing:
        return Outcome(measure, None, f"not measured: {missing}")
    except Exception as error:
        traceback.print_exc()
        signal.alarm(0)
        lab.close()
        return Outcome(measure, None, f"failed: {_in_short(error)}")
    finally:
        signal.alarm(0)


def _in_short(error: Exception) -> str:
    """The kind of error and its last line; the whole of it was printed."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[-1][:150]}"


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit("stopped")


def _give_up(number: int, frame: FrameType | None) -> None:
    raise TimeoutError("took too long and was given up")


if __name__ == "__main__":
    main()
