"""`make bench`: every measure, one table."""

import argparse
import signal
import tempfile
import traceback
from pathlib import Path
from types import FrameType

from benchmarks import acceptance, alternatives, imports, latency, lists, memory, throughput, updates, upserts
from benchmarks.lab import FULL, QUICK, Lab
from benchmarks.report import Measure, NotMeasuredError, Outcome, Report, at_least, up_to

_COPY = "COPY of the same rows into the same table"
_UPSERT = "COPY to a staging table and one INSERT … ON CONFLICT DO UPDATE"

_SELECT, _INSERT = "a bare handler with one SELECT", "a bare handler with one INSERT"

MEASURES = (
    Measure("csv-import", "voucher CSV import", _COPY, up_to(1.3), imports.csv),
    Measure("pgloader", "voucher CSV import", "pgloader, given ready columns", up_to(0.25), alternatives.pgloader),
    Measure(
        "import-export", "voucher CSV import", "django-import-export, bulk", up_to(0.1), alternatives.import_export
    ),
    Measure("task-a-row", "voucher CSV import", "a Celery task a row", up_to(0.1), alternatives.task_a_row),
    Measure("json-import", "voucher JSON import", _COPY, up_to(1.4), imports.json),
    Measure("customers", "customers CSV onto existing ones", _UPSERT, up_to(1.3), upserts.customers),
    Measure("products", "products CSV onto existing ones", _UPSERT, up_to(1.3), upserts.products),
    Measure("metadata-update", "bulk metadata update", "one UPDATE", up_to(1.3), updates.metadata_update),
    Measure("metadata-purge", "metadata key purge", "one UPDATE", up_to(1.3), updates.metadata_purge),
    Measure("campaign-delete", "campaign delete with vouchers", "one DELETE", up_to(1.3), updates.campaign_delete),
    Measure("generation", "generation of unique codes", "one INSERT … SELECT", up_to(1.3), updates.generation),
    Measure("acceptance", "CSV upload to 202", "COPY of the same bytes", up_to(1.5), acceptance.upload),
    Measure("small-import", "3-row import, idle, median", "a bare procrastinate job", up_to(2), latency.small),
    Measure("behind-ten", "3-row import behind ten giants, p95", "idle, median", up_to(10), latency.behind_ten),
    Measure("get", "GET one action", _SELECT, at_least(0.7), throughput.get),
    Measure("submit", "3-row submissions", _INSERT, at_least(0.4), throughput.submit),
    Measure("list", "list of many actions, slowest page", "first page of few", up_to(1.5), lists.slowest),
    Measure("get-busy", "GET p99 while giants are imported", "idle", up_to(5), latency.get_while_importing),
    Measure("api-memory", "peak memory of the API, big file", "small file", up_to(1.2), memory.of("api")),
    Measure("worker-memory", "peak memory of a worker, big file", "small file", up_to(1.2), memory.of("worker")),
    Measure("row-time", "time of a row among many", "among few", up_to(1.2), imports.row_time, full_only=True),
    Measure("two-workers", "one import, two workers", "one worker", at_least(1.6), imports.two_workers),
)


def main() -> None:
    """Measure and report, a row at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same code on smaller sizes")
    parser.add_argument("--only", action="append", choices=[measure.name for measure in MEASURES], help="just this row")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGALRM, _give_up)
    chosen = [measure for measure in MEASURES if not arguments.only or measure.name in arguments.only]
    size = QUICK if arguments.quick else FULL
    report = Report(complete=not arguments.quick and not arguments.only, size=size.name)
    with tempfile.TemporaryDirectory(prefix="tallykeep-bench-files-") as directory:
        lab = Lab(size, Path(directory))
        try:
            for measure in chosen:
                report.add(_measured(measure, lab, wanted=bool(arguments.only)))
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
