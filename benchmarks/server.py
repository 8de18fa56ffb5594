"""A `tallykeep serve` of its own for a benchmark, on a throw-away embedded PostgreSQL."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tallykeep.db.embedded import running_embedded

_KEYS = {"TALLYKEEP_APP_ID": "bench", "TALLYKEEP_APP_TOKEN": "bench-token"}


@dataclass(frozen=True)
class Bench:
    """A running server: its API and its database."""

    http: httpx.Client
    database_url: str

    def import_csv(self, path: Path) -> float:
        """Submit a file of vouchers and wait for its end; returns the seconds from submission to DONE."""
        started = time.perf_counter()
        with path.open("rb") as file:
            answer = self.http.post("/v1/vouchers/importCSV", files={"file": file}).raise_for_status()
        action_id = answer.json()["async_action_id"]
        while True:
            action = self.http.get(f"/v1/async-actions/{action_id}").raise_for_status().json()
            if action["status"] == "DONE":
                break
            time.sleep(0.1)  # asking more often would take a core from what is measured
        seconds = time.perf_counter() - started
        assert action["failed_count"] == 0, action["result"]["failed"][:3]
        return seconds


@contextmanager
def running_bench() -> Iterator[Bench]:
    """Start everything, yield it, stop it."""
    with tempfile.TemporaryDirectory(prefix="tallykeep-bench-") as directory:
        env = {name: value for name, value in os.environ.items() if not name.startswith("TALLYKEEP_")}
        env |= {"TALLYKEEP_DATA_DIR": directory, "TALLYKEEP_PORT": "0", "TALLYKEEP_LOG_LEVEL": "warning", **_KEYS}
        command = [sys.executable, "-m", "tallykeep", "serve"]
        server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            assert server.stdout is not None
            found = next(filter(None, (re.search(r"http://\S+:\d+", line) for line in server.stdout)), None)
            assert found, "the server did not start"
            database_url = running_embedded(Path(directory) / "postgres")
            assert database_url is not None
            headers = {"X-App-Id": _KEYS["TALLYKEEP_APP_ID"], "X-App-Token": _KEYS["TALLYKEEP_APP_TOKEN"]}
            with httpx.Client(base_url=found.group(), headers=headers, timeout=600, trust_env=False) as http:
                yield Bench(http, database_url)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
