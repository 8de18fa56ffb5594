"""The script that a project begins with: Celery, a task a row, each with its transaction and its mark on the tally.

The broker is Celery's own memory and the tasks run in threads of this process: no network, no serialisation to disk,
the least that Celery can cost. Usage: task_a_row.py DATABASE_URL FILE; prints the seconds as JSON.
"""

import csv
import json
import sys
import threading
import time
from typing import Any

import psycopg
from celery import Celery
from celery.contrib.testing.worker import start_worker
from psycopg import sql
from voucher_rows import values_of

_THREADS = 4  # as many as our worker has in hand

app = Celery(broker="memory://", backend=None)
# Without these the memory broker would be looked at once a second.
app.conf.update(broker_transport_options={"polling_interval": 0.001}, worker_prefetch_multiplier=0)
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
_local = threading.local()
_url, _path = sys.argv[1:3]


def _connection() -> psycopg.Connection[Any]:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(_url)
    return _local.connection  # type: ignore[no-any-return]


@app.task
def import_row(row: dict[str, str], number: int) -> None:
    """Check a row, write it, count it."""
    values = values_of(row, number)
    names = [*values, "created_at"]
    statement = sql.SQL(
        "INSERT INTO vouchers ({}) VALUES ({}, now()) ON CONFLICT (project_id, code) DO NOTHING"
    ).format(sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join([sql.Placeholder()] * len(values)))
    with _connection().transaction():
        _connection().execute(statement, list(values.values()))
        _connection().execute("INSERT INTO bench_outcomes VALUES (%s)", [number])


def main() -> None:
    """Queue the rows, wait until every one is counted."""
    with psycopg.connect(_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_outcomes")
        connection.execute("CREATE TABLE bench_outcomes (number bigint PRIMARY KEY)")
        with start_worker(app, pool="threads", concurrency=_THREADS, perform_ping_check=False, loglevel="error"):
            started = time.perf_counter()
            queued = 0
            with open(_path, newline="") as file:  # noqa: PTH123
                for queued, row in enumerate(csv.DictReader(file), 1):
                    import_row.delay(row, queued)
            while _counted(connection) < queued:
                time.sleep(0.05)
            seconds = time.perf_counter() - started
        connection.execute("DROP TABLE bench_outcomes")
    print(json.dumps({"seconds": seconds}))


def _counted(connection: psycopg.Connection[Any]) -> int:
    (count,) = connection.execute("SELECT count(*) FROM bench_outcomes").fetchone() or (0,)
    return int(count)


if __name__ == "__main__":
    main()
