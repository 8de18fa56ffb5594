"""The rows of the table: what is measured, against what, and the limit."""

from collections.abc import Callable

from benchmarks import latency, memory, throughput, updates
from benchmarks.files.sorts import DIRTY, OWN, REPEATING, WIDE
from benchmarks.imports import acceptance, alternatives, nested, upserts, vouchers
from benchmarks.lab import Lab
from benchmarks.reads import failures, lists, polls, previews
from benchmarks.report import Figures, Measure, at_least, up_to, within

_COPY = "COPY of the same rows into the same table"
_UPSERT = "COPY to a staging table and one INSERT … ON CONFLICT DO UPDATE"
_SELECT, _INSERT = "a bare handler with one SELECT", "a bare handler with one INSERT"


def _of_sorts(
    name: str, what: str, against: str, measure: Callable[[str], Callable[[Lab], Figures]], limits: dict[str, float]
) -> list[Measure]:
    """A row for each sort of file: its ratio may go up to the sort's limit."""
    return [
        Measure(f"{name}-{sort}", f"{what}, {sort}", against, up_to(limit), measure(sort), family=name)
        for sort, limit in limits.items()
    ]


_CSV_LIMITS = {REPEATING: 1.1, OWN: 1.2, WIDE: 1.3, DIRTY: 1.5}
_JSON_LIMITS = {REPEATING: 1.2, OWN: 1.3, WIDE: 1.4, DIRTY: 1.6}
_NESTED_LIMITS = {REPEATING: 1.5, OWN: 1.8}
_SKU_LIMITS = {**_NESTED_LIMITS, WIDE: 2.2, DIRTY: 2.2}
_UPSERT_LIMITS = {REPEATING: 1.0, OWN: 1.1, WIDE: 1.2, DIRTY: 1.4}

MEASURES = (
    *_of_sorts("csv", "voucher CSV import", _COPY, vouchers.csv, _CSV_LIMITS),
    *_of_sorts("json", "voucher JSON import", _COPY, vouchers.json, _JSON_LIMITS),
    *_of_sorts("campaign-csv", "campaign CSV import", _COPY, vouchers.campaign_csv, _CSV_LIMITS),
    *_of_sorts("customers", "customers CSV onto existing", _UPSERT, upserts.customers, _UPSERT_LIMITS),
    *_of_sorts("products", "products CSV onto existing", _UPSERT, upserts.products, _UPSERT_LIMITS),
    *_of_sorts("skus", "SKUs CSV import", _UPSERT, nested.skus, _SKU_LIMITS),
    *_of_sorts("orders", "orders with all they bring", f"{_UPSERT}, for each table", nested.orders, _NESTED_LIMITS),
    Measure("pgloader", "voucher CSV import", "pgloader, given ready columns", up_to(0.25), alternatives.pgloader),
    Measure(
        "import-export", "voucher CSV import", "django-import-export, bulk", up_to(0.1), alternatives.import_export
    ),
    Measure("task-a-row", "voucher CSV import", "a Celery task a row", up_to(0.1), alternatives.task_a_row),
    Measure("metadata-update", "bulk metadata update", "one UPDATE", up_to(1.3), updates.metadata_update),
    Measure("metadata-purge", "metadata key purge", "one UPDATE", up_to(1.3), updates.metadata_purge),
    Measure("campaign-delete", "campaign delete with vouchers", "one DELETE", up_to(1.3), updates.campaign_delete),
    Measure("generation", "generation of unique codes", "one INSERT … SELECT", up_to(1.3), updates.generation),
    Measure("acceptance", "CSV upload to 202", "COPY of the same bytes", up_to(1.5), acceptance.upload),
    Measure("small-import", "3-row import, idle, median", "a bare procrastinate job", up_to(2), latency.small),
    Measure("behind-ten", "3-row import behind ten giants, p95", "idle, median", up_to(5), latency.behind_ten),
    Measure("get", "GET one action", _SELECT, at_least(0.8), throughput.get(throughput.with_keys)),
    Measure("get-bearer", "GET one action, by token", _SELECT, at_least(0.8), throughput.get(throughput.with_bearer)),
    Measure("submit", "3-row submissions, to DONE", _INSERT, at_least(0.5), throughput.submit(throughput.with_keys)),
    Measure("submit-bearer", "the same, by token", _INSERT, at_least(0.5), throughput.submit(throughput.with_bearer)),
    Measure("list", "list of many actions, slowest page", "first page of few", up_to(1.5), lists.slowest),
    Measure("poll", "poll of an unchanged action", "GET without If-None-Match", up_to(1), polls.unchanged),
    Measure("failures", "failed rows of an action, slowest page", "an absolute limit", within(50), failures.slowest),
    Measure("task-page", "page of a task with failed rows", "an absolute limit", within(200), failures.task_page),
    Measure("preview", "preview of a file's beginning", "an absolute limit", within(100), previews.first_bytes),
    Measure("get-busy", "GET p99 while giants are imported", "idle", up_to(3), latency.get_while_importing),
    Measure("api-memory", "peak memory of the API, big file", "small file", up_to(1.2), memory.of("api")),
    Measure("worker-memory", "peak memory of a worker, big file", "small file", up_to(1.2), memory.of("worker")),
    Measure("row-time", "time of a row among many", "among few", up_to(1.05), vouchers.row_time, full_only=True),
    Measure("two-workers", "one import, two workers", "one worker", at_least(1.6), vouchers.two_workers),
)


def chosen(names: list[str] | None) -> list[Measure]:
    """The rows of these names, or of these families, such as `csv` for all sorts of it; all rows without any.

    Raises ValueError for a name that is neither.
    """
    if not names:
        return list(MEASURES)
    rows = {measure.name for measure in MEASURES}
    if unknown := set(names) - rows - {measure.family for measure in MEASURES}:
        raise ValueError(f"no row is called {', '.join(sorted(unknown))}; there are {', '.join(sorted(rows))}")
    return [measure for measure in MEASURES if measure.name in names or measure.family in names]
