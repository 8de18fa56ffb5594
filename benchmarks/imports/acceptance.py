"""Acceptance: an upload to its 202, against the same bytes, cut as they are stored, written by COPY as they came."""

from pathlib import Path
from statistics import median

from benchmarks.database import PROJECT_ID, Database
from benchmarks.files.sorts import OWN
from benchmarks.files.vouchers import VOUCHERS
from benchmarks.imports.vouchers import CSV_ROUTE
from benchmarks.lab import Lab
from benchmarks.report import Figures
from tallykeep.db.queries import queries
from tallykeep.engine.stored_batches import StoredBatch, batch_of

_sql = queries(__package__, "acceptance.sql")


def upload(lab: Lab) -> Figures:
    """Both a few rounds; the import itself is canceled each time."""
    database, ready = lab.bench.database, lab.file("batches.ready")
    path = VOUCHERS.file_of(lab, OWN, lab.size.big_file)
    ours, floor = [], []
    for _ in range(lab.size.rounds):
        database.empty()
        action_id, seconds = lab.bench.timed_submit(CSV_ROUTE, path)
        ours.append(seconds)
        lab.bench.cancel(action_id)
        database.execute(_sql.create_like_batches)
        _write_as_they_came(database, action_id, ready)
        database.empty()
        floor.append(database.load((_sql.copy_in, ready)))
        database.execute(_sql.drop_like_batches)
    database.empty()
    size = path.stat().st_size / 1e6
    throughput = f"{size / median(ours):,.0f} MB/s against {size / median(floor):,.0f} MB/s"
    return Figures(median(ours), median(floor), note=f"{size:,.0f} MB, {throughput}")


def _write_as_they_came(database: Database, action_id: str, ready: Path) -> None:
    """Make the file for COPY of batches that are stored compressed."""
    for (first_row,) in database.execute(_sql.first_rows).fetchall():
        stored = StoredBatch(*database.execute(_sql.read_batch, first_row=first_row).fetchone() or ())
        batch = batch_of(stored._asdict())
        added = {"first_row": first_row, "row_count": batch.row_count, "body": batch.body}
        database.execute(_sql.add_as_it_came, project_id=PROJECT_ID, action_id=action_id, **added)
    database.copy_out(_sql.copy_out, ready)
    database.execute(_sql.empty_like_batches)
