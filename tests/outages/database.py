"""A PostgreSQL of its own that things happen to: stopped, killed, frozen, out of room, out of connections."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from tallykeep.db.embedded import EmbeddedServer, prepare_embedded
from tallykeep.server.child_process import die_with_parent
from tests.relay import SOCKET


class Database:
    """An embedded server; `start` and `stop` as often as wanted."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.server: EmbeddedServer = prepare_embedded(directory)
        self.log = directory.parent / f"{directory.name}.log"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> str:
        """The path of the server's Unix socket."""
        return f"{self.server.socket_dir}/{SOCKET}"

    def start(self) -> "Database":
        """Start it, and return when it answers."""
        self.launch()
        self.wait_answering(self.server.url)
        return self

    def launch(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.server.command, *self._options], cwd="/", stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT), **self.server.identity,
            )  # fmt: skip

    def wait_answering(self, url: str, seconds: float = 60) -> None:
        """Return when the server lets somebody in at this URL."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                psycopg.connect(url, connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.01)
            else:
                return
        raise AssertionError(f"PostgreSQL does not answer: {self.log.read_text()[-2000:]}")

    def create(self, name: str) -> None:
        """Make a database."""
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")

    def stop(self) -> None:
        """Shut it down as its operator would; sessions are ended."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    def kill(self) -> None:
        """SIGKILL for all of its processes."""
        family = self.family()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=60)
        assert self._process is not None
        self._process.wait(60)

    def kill_one_session(self) -> None:
        """SIGKILL for one session: the server ends all others, and recovers by itself."""
        with psycopg.connect(self.server.url) as connection:
            process = psutil.Process(connection.info.backend_pid)
            process.kill()
            psutil.wait_procs([process], timeout=60)

    def freeze(self) -> None:
        """Stop all of its processes where they stand; the kernel goes on acknowledging what is sent to them."""
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def family(self) -> list[psutil.Process]:
        assert self._process is not None
        postmaster = psutil.Process(self._process.pid)
        return [postmaster, *postmaster.children(recursive=True)]


class Tmpfs:
    """A small file system in memory, which a test can fill to the last byte."""

    def __init__(self, directory: Path, mebibytes: int) -> None:
        self.directory = directory
        self._mebibytes = mebibytes

    def mount(self) -> bool:
        """Mount it; False where that cannot be done here."""
        self.directory.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={self._mebibytes}m", "tallykeep-test", str(self.directory)]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.directory)], check=True)

    def fill(self) -> None:
        with (self.directory / "ballast").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 12))

    def free_space(self) -> None:
        os.truncate(self.directory / "ballast", 0)
