"""Clocks that can be set: libfaketime in front of every process of a host, which reads its time from a file.

The file is called `clock` and lies in the directory that a process works in: the host's own for the supervisor, the API
and the worker, the data directory for PostgreSQL. So each host has a clock, and the database has one.
"""

import re
from pathlib import Path

import psutil

_LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1")
_FILE = "clock"
STEPS = ("+120s", "-600s", "+1s", "-1s", "+0s")


def library() -> Path | None:
    """Where libfaketime is installed, if it is."""
    return next((path for pattern in _LIBRARIES for path in Path("/").glob(pattern.lstrip("/"))), None)


def faked(variables: dict[str, str]) -> dict[str, str]:
    """The environment for processes whose clock can be set; as it is where libfaketime is not installed."""
    match = library()
    if match is None:
        return variables
    return {
        **variables,
        "LD_PRELOAD": str(match),
        "FAKETIME_TIMESTAMP_FILE": _FILE,
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def set_clock(directory: Path, offset: str) -> None:
    """Let the clock of the processes that work in this directory run ahead or behind by so much, within a second."""
    new = directory / f"{_FILE}.new"
    new.write_text(f"{offset}\n")
    new.chmod(0o644)
    new.rename(directory / _FILE)


def sweep() -> None:
    """Remove what libfaketime has left in shared memory of processes that were killed."""
    for path in Path("/dev/shm").glob("*faketime_*"):
        match = re.fullmatch(r"(?:sem\.)?faketime_(?:shm|sem)_(\d+)", path.name)
        if match and not psutil.pid_exists(int(match[1])):
            path.unlink(missing_ok=True)
