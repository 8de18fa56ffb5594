"""How much each process of the server holds, above what it holds at rest."""

import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.server import Server

MEBIBYTE = 1 << 20
_EVERY = 0.1
_ROLES = ("api", "worker")


@dataclass(slots=True)
class Held:
    """Resident MiB by process: a role, or the largest of a role's children; and MiB in files that have no name."""

    resident: dict[str, float] = field(default_factory=dict)
    children: int = 0
    unnamed: float = 0

    def take(self, other: "Held") -> None:
        """Keep the larger of both."""
        for name, size in other.resident.items():
            self.resident[name] = max(self.resident.get(name, 0), size)
        self.children = max(self.children, other.children)
        self.unnamed = max(self.unnamed, other.unnamed)


def held_by(server: Server) -> Held:
    """What is held now. A child that is born and gone while nobody looks is not seen."""
    held, unnamed = Held(), dict[tuple[int, int], int]()
    for role in server.family()[0].children():
        with suppress(psutil.NoSuchProcess):
            name = role.cmdline()[-1]
            if name in _ROLES:
                held.resident[name] = role.memory_info().rss / MEBIBYTE
                unnamed |= _unnamed(role.pid)
                _add_children(held, unnamed, role, name)
    held.unnamed = sum(unnamed.values()) / MEBIBYTE
    return held


def _add_children(held: Held, unnamed: dict[tuple[int, int], int], role: psutil.Process, name: str) -> None:
    for child in role.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            size = child.memory_info().rss / MEBIBYTE
            held.resident[f"child of {name}"] = max(held.resident.get(f"child of {name}", 0), size)
            unnamed |= _unnamed(child.pid)
            held.children += 1


def _unnamed(pid: int) -> dict[tuple[int, int], int]:
    """The bytes of open files that are on no directory any more, what was spooled; by device and inode."""
    files: dict[tuple[int, int], int] = {}
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                status = descriptor.stat()
                if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                    files[status.st_dev, status.st_ino] = status.st_size
    return files


@contextmanager
def watched(server: Server) -> Iterator[Held]:
    """The most that is held while the context lasts."""
    maximum, ended = Held(), threading.Event()

    def watch() -> None:
        while not ended.is_set():
            with suppress(psutil.NoSuchProcess):
                maximum.take(held_by(server))
            ended.wait(_EVERY)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield maximum
    finally:
        ended.set()
        watcher.join()


def at_rest(server: Server, seconds: float = 1) -> Held:
    """What is held by a server that has nothing to do."""
    maximum, deadline = Held(), time.monotonic() + seconds
    while time.monotonic() < deadline:
        maximum.take(held_by(server))
        time.sleep(_EVERY)
    return maximum
