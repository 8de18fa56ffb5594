"""Child processes of a benchmark: started, waited for until they say that they are ready, always ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tallykeep.server.child_process import die_with_parent

_STOP_SECONDS = 60


@contextmanager
def running(
    *arguments: str, env: dict[str, str] | None = None, python: str = sys.executable
) -> Iterator[subprocess.Popen[str]]:
    """A Python child (`-m module …`) with its output piped to us; told to stop, and killed if it does not."""
    # It may outlive nobody: a benchmark that is killed takes its servers along.
    child = subprocess.Popen(
        [python, *arguments], env=env or os.environ.copy(), stdout=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509
    )  # fmt: skip
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        _close(child)


def first_line(child: subprocess.Popen[str]) -> str:
    """What the child says first."""
    assert child.stdout is not None
    line = child.stdout.readline().strip()
    assert line, f"{child.args!r} ended without a word"
    return line


def _close(child: subprocess.Popen[Any]) -> None:
    if child.stdout is not None:
        child.stdout.close()
