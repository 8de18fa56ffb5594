"""Other tools doing the same: pgloader, django-import-export in bulk mode, a Celery task a row."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

from psycopg.conninfo import conninfo_to_dict

from benchmarks.files.sorts import OWN
from benchmarks.files.vouchers import VOUCHERS
from benchmarks.imports.vouchers import timed_import
from benchmarks.lab import Lab
from benchmarks.report import Figures, NotMeasuredError

_SCRIPTS = Path(__file__).parent / "alternative_scripts"
_PYTHON = Path(sys.prefix) / "alternatives" / "bin" / "python"  # an environment that `make bench` sets up
_SECONDS = 1_500


def pgloader(lab: Lab) -> Figures:
    """pgloader is given columns that need no more than copying; we are given what a supplier sends."""
    program = shutil.which("pgloader")
    if program is None:
        raise NotMeasuredError("pgloader is not installed (Debian: apt-get install pgloader)")
    database, ready, commands = lab.bench.database, lab.file("vouchers.columns.csv"), lab.file("vouchers.load")
    ours = _our_seconds(lab, lab.size.rows)
    columns = [str(name) for name, *_ in database.execute("SELECT * FROM vouchers LIMIT 0").description or ()]
    database.copy_out("COPY (SELECT * FROM vouchers ORDER BY id) TO STDOUT (FORMAT csv)", ready)
    commands.write_text(_load_commands(ready, columns, database.url))
    database.empty()
    done = subprocess.run(
        [program, "--on-error-stop", "--root-dir", str(ready.parent / "pgloader"), str(commands)],
        capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    count = database.one("SELECT count(*) FROM vouchers")
    assert count == lab.size.rows, f"{count:,} rows came in: {done.stdout[-2_000:]}{done.stderr[-2_000:]}"
    database.empty()
    return Figures(ours, _total_time(done.stdout), rows=lab.size.rows)


def _load_commands(path: Path, columns: list[str], url: str) -> str:
    host = conninfo_to_dict(url)["host"]
    fields = ", ".join(f"{name} [null if blanks]" for name in columns)
    return f"""LOAD CSV FROM '{path}' ({fields})
INTO postgresql://postgres@unix:{host}:5432/postgres
TARGET TABLE public.vouchers ({", ".join(columns)})
WITH fields optionally enclosed by '"', fields escaped by double-quote, fields terminated by ',';
"""


def _total_time(summary: str) -> float:
    """The seconds in pgloader's own summary, which leaves out its start."""
    line = next(line for line in summary.splitlines() if "Total import time" in line)
    return sum(_seconds(word) for word in line.split() if word.endswith("s") and word[0].isdigit())


def _seconds(word: str) -> float:
    """Pgloader writes 1m2.345s."""
    minutes, _, seconds = word.removesuffix("s").rpartition("m")
    return 60 * float(minutes or 0) + float(seconds)


def import_export(lab: Lab) -> Figures:
    """A resource with `use_bulk`, and without looking up what exists."""
    return _against_script(lab, "import_export_bulk.py")


def task_a_row(lab: Lab) -> Figures:
    """A task for each row, on Celery's fastest broker, its own memory."""
    return _against_script(lab, "task_a_row.py")


def _against_script(lab: Lab, script: str) -> Figures:
    if not _PYTHON.exists():
        raise NotMeasuredError("the packages of the alternatives are not installed (`make bench` installs them)")
    rows = lab.size.slow_rows
    path = VOUCHERS.file(lab, OWN, rows)
    ours = _our_seconds(lab, rows)
    lab.bench.database.empty()
    done = subprocess.run(
        [_PYTHON, _SCRIPTS / script, lab.bench.database.url, path],
        capture_output=True, text=True, timeout=_SECONDS, check=False, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    count = lab.bench.database.one("SELECT count(*) FROM vouchers")
    assert count == rows, f"{count:,} rows came in: {done.stderr[-2_000:]}"
    lab.bench.database.empty()
    return Figures(ours, float(json.loads(done.stdout)["seconds"]), rows=rows)


def _our_seconds(lab: Lab, rows: int) -> float:
    path = VOUCHERS.file(lab, OWN, rows)
    return median(timed_import(lab.bench, path) for _ in range(max(3, lab.size.rounds)))
