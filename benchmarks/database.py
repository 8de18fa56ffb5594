"""The server's database, spoken to directly: made ready between measures, and the floors measured on it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tallykeep.db.queries import queries

_sql = queries(__package__, "database.sql")

_BLOCK = 1 << 18
_LOGGING = {"log_statement": "all", "log_line_prefix": "%a|"}
PROJECT_ID = 1  # the server's first project, which the benchmarks' keys belong to


class Database:
    """One connection in autocommit."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def execute(self, query: str, **parameters: Any) -> psycopg.Cursor[Any]:
        """Run one statement."""
        return self._connection.execute(query.encode(), parameters or None)

    def timed(self, query: str, **parameters: Any) -> float:
        """The seconds one statement takes, its commit counted."""
        started = time.perf_counter()
        self.execute(query, **parameters)
        return time.perf_counter() - started

    def one(self, query: str, **parameters: Any) -> Any:
        """The first column of the first row, None where there is none."""
        row = self.execute(query, **parameters).fetchone()
        return row[0] if row else None

    def project(self) -> str:
        """The project's id, as the API knows it."""
        return str(self.one(_sql.project, project_id=PROJECT_ID))

    def empty(self) -> None:
        """Take everything out but the projects and their keys, and write to disk what is still to be written."""
        self._wait_for_silence()
        tables = [sql.Identifier(name) for (name,) in self.execute(_sql.tables_of_projects).fetchall()]
        self._connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(tables)))
        self.execute("CHECKPOINT")

    def _wait_for_silence(self) -> None:
        """A worker may still be at a batch of an action that was canceled."""
        while self.one(_sql.any_other_transaction):
            time.sleep(0.02)

    def settle(self, table: str) -> None:
        """After rows were put in by SQL: statistics and visibility as they would be, nothing left to be written."""
        self._connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
        self.execute("CHECKPOINT")

    def copy_out(self, query: str, path: Path) -> None:
        """Write COPY's text of `query` to a file."""
        with path.open("wb") as file, self._connection.cursor().copy(query.encode()) as copy:
            for block in copy:
                file.write(block)

    @contextmanager
    def logging_statements(self) -> Iterator[None]:
        """Have every session log its statements, behind the application's name and a bar."""
        for name, value in _LOGGING.items():
            self.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        try:
            self.execute("SELECT pg_reload_conf()")
            yield
        finally:
            for name in _LOGGING:
                self.execute(f"ALTER SYSTEM RESET {name}")
            self.execute("SELECT pg_reload_conf()")

    def load(self, *steps: str | tuple[str, Path]) -> float:
        """The seconds that these steps take in one transaction: statements, and COPYs with the file that they read."""
        started = time.perf_counter()
        with self._connection.transaction():
            for step in steps:
                if isinstance(step, str):
                    self.execute(step)
                else:
                    self._feed(*step)
        return time.perf_counter() - started

    def _feed(self, statement: str, path: Path) -> None:
        with path.open("rb") as file, self._connection.cursor().copy(statement.encode()) as copy:
            while block := file.read(_BLOCK):
                copy.write(block)

    def wait_for_end(self, action_id: str, *, every: float = 0.02) -> dict[str, Any]:
        """Wait for an action's end; asked of the database, which takes less from what is measured than the API."""
        while True:
            row = self.execute(_sql.state_of_action, project_id=PROJECT_ID, id=action_id).fetchone()
            assert row is not None, f"action {action_id} is not there"
            if row[0] in ("DONE", "FAILED"):
                return {"status": row[0], "done": row[1], "failed": row[2]}
            time.sleep(every)

    def wait_for_all(self) -> None:
        """Wait until no action is unfinished."""
        while self.one(_sql.any_unfinished):
            time.sleep(0.05)
