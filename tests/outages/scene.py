"""The scene of the outages: a PostgreSQL behind two lines, and the households that work with it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tallykeep.db.migrate import migrate
from tests.outages.bystanders import Household, Roles, Served
from tests.outages.database import Database, Tmpfs
from tests.outages.line import Line

_MEBIBYTES = 400
_PAUSE = 0.05
_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'tallykeep%'"


@dataclass
class Scene:
    """What an outage happens to. The first line leads to the server, the second one refuses, until it is restored."""

    database: Database
    lines: list[Line]
    disk: Tmpfs | None
    households: list[Household] = field(default_factory=list)
    occupying: list[psycopg.Connection] = field(default_factory=list)

    def url(self, database: str) -> str:
        """The URL of a database on the server, over both lines."""
        ports = ",".join(str(line.port) for line in self.lines)
        return f"postgresql://postgres@/{database}?host=127.0.0.1,127.0.0.1&port={ports}"

    def occupy(self) -> None:
        """Take every connection there is, those of the households, too."""
        with psycopg.connect(self.database.server.url, autocommit=True) as own:
            while True:
                self._take_free()
                query = (
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'tallykeep%'"
                )
                if not own.execute(query).fetchall():
                    break
        self._take_free()

    def _take_free(self) -> None:
        try:
            while True:
                self.occupying.append(psycopg.connect(self.database.server.url))
        except psycopg.OperationalError:
            return

    def release(self) -> None:
        while self.occupying:
            self.occupying.pop().close()


@dataclass
class Seen:
    """What a household's clients saw: the longest answers during the outage, and the seconds to the return after it."""

    max_read: float = 0.0
    max_health: float = 0.0
    statuses: set[int] = field(default_factory=set)
    ready: set[int] = field(default_factory=set)
    back: dict[str, float] = field(default_factory=dict)

    @property
    def worst(self) -> float:
        """Seconds from the database's return to the last thing that worked again."""
        return max(self.back.values())


@contextmanager
def set_up(directory: Path) -> Iterator[Scene]:
    """A scene with an API and a worker by themselves, and a `serve`, each with a database of its own."""
    with ExitStack() as stack:
        disk = Tmpfs(directory / "disk", _MEBIBYTES)
        if disk.mount():
            stack.callback(disk.unmount)
        else:
            disk = None
        database = Database((disk.directory if disk else directory) / "pg", "-c", "max_wal_size=64MB").start()
        stack.callback(database.stop)
        stack.callback(database.thaw)
        lines = [Line(database.socket).start() for _ in range(2)]
        for line in lines:
            stack.callback(line.stop)
        lines[1].cut()
        scene = Scene(database, lines, disk)
        stack.callback(scene.release)
        with psycopg.connect(database.server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE roles")
            migrate(scene.url("roles"))
            connection.execute("CREATE DATABASE served TEMPLATE roles")
        for household in (Roles(directory / "roles", scene.url("roles")), Served(directory, scene.url("served"))):
            stack.callback(household.stop)
            scene.households.append(household)
        for household in scene.households:
            household.seconds_until_well(time.monotonic())
        yield scene


def undergo(
    scene: Scene, begin: Callable[[Scene], None], end: Callable[[Scene], None], seconds: float
) -> dict[str, Seen]:
    """Let it happen for so long; what each household's clients saw."""
    seen = {household.name: Seen() for household in scene.households}
    over = threading.Event()
    with ThreadPoolExecutor(8) as asking:
        begin(scene)
        readers = [
            asking.submit(reader, each, seen[each.name], over) for each in scene.households for reader in (_read, _ask)
        ]
        time.sleep(seconds)
        end(scene)
        scene.database.wait_answering(scene.url("postgres"))
        since = time.monotonic()
        over.set()
        returns = {each.name: asking.submit(each.seconds_until_well, since) for each in scene.households}
        for name, back in returns.items():
            seen[name].back = back.result()
        for reader in readers:
            reader.result()
    return seen


def _read(household: Household, seen: Seen, over: threading.Event) -> None:
    while not over.wait(_PAUSE):
        started = time.monotonic()
        seen.statuses.add(household.status_of("/v1/vouchers"))
        seen.max_read = max(seen.max_read, time.monotonic() - started)


def _ask(household: Household, seen: Seen, over: threading.Event) -> None:
    while not over.wait(_PAUSE):
        for path in ("/livez", "/readyz"):
            started = time.monotonic()
            status = household.status_of(path)
            seen.max_health = max(seen.max_health, time.monotonic() - started)
            if path == "/readyz":
                seen.ready.add(status)
            else:
                assert status == 200, "alive, whatever the database does"
