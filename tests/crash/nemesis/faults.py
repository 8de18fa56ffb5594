"""What is done to the server and its clocks: one fault after the other, drawn by weight."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from tests.crash.nemesis import clocks
from tests.crash.nemesis.relay import Relay
from tests.crash.test_kills import database_url
from tests.server import Server

LEASE_SECONDS = 10
SILENCE_SECONDS = 20
# Of the server and the second worker: webhooks may reach the receiver, and an attempt that dies is repeated soon.
WEBHOOK_SETTINGS = {"TALLYKEEP_WEBHOOK_ALLOW_PRIVATE": "true", "TALLYKEEP_WEBHOOK_TIMEOUT_SECONDS": "2"}
_MAX_PAUSE = 0.6

_AIMED = "api killed between commit and answer"
_AIMED_EVERY = 5  # faults


class SecondWorker:
    """A worker on a host of its own beside the server's, so that two processes meet at the same batches."""

    def __init__(self, url: str, directory: Path, batch_attempts: int) -> None:
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self._env = clocks.faked({
            **{name: value for name, value in os.environ.items() if not name.startswith("TALLYKEEP_")},
            "TALLYKEEP_DATABASE_URL": url,
            "TALLYKEEP_LEASE_SECONDS": str(LEASE_SECONDS),
            "TALLYKEEP_RESCUE_AFTER_SECONDS": "1",
            "TALLYKEEP_BATCH_ATTEMPTS": str(batch_attempts),
            **WEBHOOK_SETTINGS,
        })  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """Start it, or start it again when it has ended."""
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "tallykeep", "worker"]
            self._process = subprocess.Popen(command, env=self._env, stderr=subprocess.DEVNULL, cwd=self.directory)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Nemesis:
    """Draws faults from its seed, and counts them."""

    def __init__(self, server: Server, relay: Relay, seed: int, batch_attempts: int) -> None:
        self.server = server
        self.relay = relay
        self.url = database_url(server)
        self.second = SecondWorker(self.url, server.directory / "second host", batch_attempts)
        self.done: Counter[str] = Counter()
        self._random = random.Random(f"{seed} faults")
        self._faults: dict[str, tuple[int, Callable[[], None]]] = {
            "worker killed": (24, lambda: self._signal("worker", signal.SIGKILL)),
            "second worker killed": (16, self.second.kill),
            "api killed": (12, lambda: self._signal("api", signal.SIGKILL)),
            "postmaster killed": (8, lambda: self._signal("postgres", signal.SIGKILL)),
            "postgres stopped at once": (6, lambda: self._signal("postgres", signal.SIGQUIT)),
            "session ended": (16, self._end_sessions),
            "jobs lost": (6, lambda: self._sabotage("DELETE FROM procrastinate_jobs WHERE id %% 2 = %s")),
            "jobs stuck in doing": (
                6, lambda: self._sabotage("UPDATE procrastinate_jobs SET status = 'doing' WHERE id %% 2 = %s")),
            "worker stopped for a moment": (4, lambda: self._stop_worker(self._random.uniform(0.2, 2))),
            "worker stopped beyond its lease": (3, lambda: self._stop_worker(LEASE_SECONDS + 1.5)),
            "worker stopped for good": (1, lambda: self._stop_worker(None)),
            "everything killed": (2, self._kill_everything),
            _AIMED: (0, self._kill_before_the_answer),
        }  # fmt: skip
        if clocks.library() is not None:
            self._faults |= {
                "clock of the host stepped": (6, lambda: self._step_clock(server.directory)),
                "clock of the second host stepped": (6, lambda: self._step_clock(self.second.directory)),
                "clock of the database stepped": (3, lambda: self._step_clock(server.directory / "data" / "postgres")),
            }

    def strike(self) -> None:
        """The next fault, and a moment to feel it."""
        self.second.keep()
        names = list(self._faults)
        (name,) = self._random.choices(names, weights=[self._faults[name][0] for name in names])
        if self.done.total() % _AIMED_EVERY == 1:
            name = _AIMED
        with suppress(psutil.NoSuchProcess, psycopg.OperationalError):
            self._faults[name][1]()
        self.done[name] += 1
        self.second.keep()
        if name in ("postmaster killed", "postgres stopped at once", "everything killed"):
            self.server.wait_ready()
        time.sleep(self._random.uniform(0, _MAX_PAUSE))

    def _signal(self, role: str, number: signal.Signals) -> None:
        self.server.role(role).send_signal(number)

    def _kill_before_the_answer(self) -> None:
        self.relay.kill_at_next_answer(lambda: self._signal("api", signal.SIGKILL))

    def _step_clock(self, directory: Path) -> None:
        clocks.set_clock(directory, self._random.choice(clocks.STEPS))

    def _stop_worker(self, seconds: float | None) -> None:
        worker = self.server.role("worker")
        worker.suspend()
        if seconds is None:
            psutil.wait_procs([worker], timeout=4 * SILENCE_SECONDS)
            return
        time.sleep(seconds)
        worker.resume()

    def _end_sessions(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                " ORDER BY pid"
            ).fetchall()
            for (pid,) in self._random.sample(rows, min(len(rows), 3)):
                connection.execute("SELECT pg_terminate_backend(%s)", (pid,))

    def _sabotage(self, sql: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql, (self._random.randrange(2),))

    def _kill_everything(self) -> None:
        self.server.kill_everything()
        self.server.start()
