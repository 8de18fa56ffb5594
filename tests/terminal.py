"""A real terminal for commands: a pseudo-terminal, and an emulator that tells what a person would see on it."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte

_TIMEOUT_SECONDS = 120


class Terminal:
    """A command that runs in a terminal of so many columns and lines."""

    def __init__(
        self,
        command: Sequence[str],
        env: dict[str, str],
        *,
        columns: int = 80,
        lines: int = 40,
        cwd: Path | None = None,
    ) -> None:
        self.raw = b""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._end, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._process = subprocess.Popen(
            command, env={"TERM": "xterm-256color", **env}, stdin=end, stdout=end, stderr=end, cwd=cwd,
            start_new_session=True, preexec_fn=_take_terminal,
        )  # fmt: skip
        os.close(end)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, line by line."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """What stands on the screen, without the empty lines at its end."""
        return "\n".join(self.lines).rstrip()

    def until(self, seen: Callable[[str], bool]) -> str:
        """Read until the screen satisfies `seen`; returns its text."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while not seen(self.text):
            assert self._read(deadline), f"the command ended, or showed nothing more:\n{self.text}"
        return self.text

    def wait(self) -> int:
        """Read until the command has ended; returns its exit code."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while self._read(deadline):
            pass
        return self._process.wait(_TIMEOUT_SECONDS)

    def type(self, keys: str) -> None:
        """Press keys; «\\x03» is Ctrl-C."""
        os.write(self._end, keys.encode())

    def close(self) -> None:
        """End the command, if it has not ended, and the terminal."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
        os.close(self._end)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _read(self, deadline: float) -> bool:
        """Take what the command has written by now; False once nothing more can come."""
        ready, _, _ = select.select([self._end], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            written = os.read(self._end, 1 << 16)
        except OSError:  # the other end was closed
            return False
        self.raw += written
        self._stream.feed(written)
        return bool(written)


def _take_terminal() -> None:
    """Make the terminal on standard input the process's own, so that Ctrl-C reaches it as a signal.

    Signals mean to it what they mean at a login: what whoever runs the tests ignores (as a shell makes its jobs in the
    background do) would be ignored by the command, too.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
