"""A child process of the supervisor: started, asked to stop, and known to live by its heartbeat, or its answers."""

import asyncio
import ctypes
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import structlog

_log = structlog.get_logger()

_MAX_STARTS = 16  # silences
_PR_SET_PDEATHSIG = 1
_LAST_WORDS_BYTES = 4096
_WENT_WRONG = ("FATAL:", "PANIC:", "could not ", "No space left")


@dataclass
class Role:
    """A child process that has to run for as long as the supervisor does."""

    name: str
    command: list[str]
    stop_signal: signal.Signals = signal.SIGTERM
    identity: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] | None = None
    output: IO[bytes] | None = None
    log: Path | None = None
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    async def start(self) -> asyncio.subprocess.Process:
        """Start the process in a session of its own: the terminal's Ctrl-C is the supervisor's to hand on."""
        self.process = await asyncio.create_subprocess_exec(
            *self.command,
            env=self.env,
            cwd="/" if self.identity else None,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
            start_new_session=True,
            preexec_fn=die_with_parent(self.stop_signal),
            **self.identity,
        )
        return self.process

    def last_words(self) -> str:
        """Return what the process wrote to its log in the end, where it went wrong; empty where that is not known."""
        if self.log is None:
            return ""
        with suppress(OSError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - _LAST_WORDS_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
            fatal = [line.strip() for line in lines if any(mark in line for mark in _WENT_WRONG)]
            return fatal[-1] if fatal else ""
        return ""

    async def stop(self, timeout_seconds: float) -> None:
        """Ask the process to stop, and end it when it has not after `timeout_seconds`."""
        if self.process is None or self.process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)
        try:
            await asyncio.wait_for(self.process.wait(), timeout_seconds)
        except TimeoutError:
            _log.warning("role did not stop in time and is killed", role=self.name)
            self.process.kill()
            await self.process.wait()


@dataclass
class Pulse:
    """How long a worker has shown no sign of life, by a clock that nobody sets: its heartbeat only has to change.

    A start may take as long as a silence, so a new process counts as heard that much ahead; twice as much behind one
    that never showed any sign of life, for on a busy machine starts take long.
    """

    heartbeat_file: Path
    timeout_seconds: float
    _seen: tuple[int, int] = (0, 0)
    _heard_at: float = 0.0
    _starting: float = 0.0  # seconds that the present process was given to start, until it was heard

    def silent_seconds(self, pid: int) -> float:
        """Return the seconds since the heartbeat of this process was last seen to change."""
        now = asyncio.get_running_loop().time()
        beat = self.heartbeat_file.stat().st_mtime_ns if self.heartbeat_file.exists() else 0
        if self._seen[0] != pid:
            self._starting = min(max(self.timeout_seconds, 2 * self._starting), _MAX_STARTS * self.timeout_seconds)
            self._heard_at = now + self._starting
        elif self._seen[1] != beat:
            self._starting, self._heard_at = 0.0, now
        self._seen = (pid, beat)
        return now - self._heard_at


@dataclass
class Answers:
    """How often in a row an API process has taken a connection and answered nothing.

    One that takes none is not silent: it starts, and may have to wait for its database. Nor is any answer, be it a
    refusal. The kernel takes connections for a process that is stopped or stuck. Questions are counted, and no time:
    where all processes were stopped together, only one of them has gone without an answer.
    """

    client: httpx.AsyncClient
    timeout_seconds: float  # of one question
    _pid: int = 0
    _failed: int = 0

    async def failed_in_a_row(self, pid: int) -> int:
        """Ask this process, and return how many questions in a row it has left without an answer."""
        if pid != self._pid:
            self._pid, self._failed = pid, 0
        self._failed = self._failed + 1 if await self._is_silent() else 0
        return self._failed

    async def _is_silent(self) -> bool:
        try:
            async with asyncio.timeout(self.timeout_seconds):
                await self.client.get("/livez", headers={"Connection": "close"})
        except (TimeoutError, httpx.TimeoutException):
            return True
        except httpx.HTTPError:
            return False
        return False


def die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what has the kernel stop the child, on Linux, when a killed supervisor can no longer do so."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, stop_signal)
