"""The embedded PostgreSQL: servers that start at once on a machine where none ever ran."""

import itertools
import pwd
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import psutil
import psycopg
import pytest

from tallykeep.core.errors import DatabaseUnavailableError
from tallykeep.db import embedded


class Users:
    """A machine's users. Whoever makes one that is being made gives it another number, as useradd does."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1001)
        self._made: dict[str, int] = {}
        self._others = Barrier(2)

    def ensure(self, name: str) -> None:
        """Make the user where it is missing, but not before somebody else does the same, if anybody can."""
        if name not in self._made:
            with suppress(BrokenBarrierError):
                self._others.wait(0.5)
            self._made[name] = next(self._numbers)

    def named(self, name: str) -> pwd.struct_passwd:
        """The user's entry."""
        number = self._made[name]
        return pwd.struct_passwd((name, "x", number, number, "", "/", "/bin/sh"))


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> Users:
    machine = Users()
    monkeypatch.setattr(embedded, "ensure_user_exists", machine.ensure)
    monkeypatch.setattr(embedded.pwd, "getpwnam", machine.named)
    monkeypatch.setattr(embedded, "_USER_PAUSE_SECONDS", 0)
    return machine


def test_whoever_commits_waits_for_no_segment_to_be_filled(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SHOW wal_init_zero").fetchone() == ("off",)


def test_servers_that_start_at_once_share_one_system_user(users: Users) -> None:
    together = Barrier(4)

    def start(_: int) -> int:
        together.wait(30)
        return embedded.system_user().pw_uid

    with ThreadPoolExecutor(4) as starts:
        numbers = list(starts.map(start, range(4)))
    assert numbers == [users.named("pgserver").pw_uid] * 4


def test_a_user_who_cannot_be_made_at_once_is_tried_again(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [subprocess.CalledProcessError(1, "useradd", stderr="useradd: cannot lock /etc/passwd\n"), KeyError("x")]

    def ensure(name: str) -> None:
        if failures:
            raise failures.pop()
        users.ensure(name)

    monkeypatch.setattr(embedded, "ensure_user_exists", ensure)
    assert embedded.system_user().pw_uid == 1001


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (subprocess.CalledProcessError(1, "useradd", stderr="useradd: no space\n"), "useradd: no space"),
        (FileNotFoundError(2, "No such file or directory", "useradd"), "No such file or directory"),
    ],
)
def test_where_no_user_can_be_made_it_is_said_what_to_do(
    users: Users, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def ensure(name: str) -> None:
        raise error

    monkeypatch.setattr(embedded, "ensure_user_exists", ensure)
    with pytest.raises(DatabaseUnavailableError, match=rf"{message}.*useradd pgserver.*another user"):
        embedded.system_user()


_KILLED = """
import os, psutil, signal, sys
from pathlib import Path
from tests.postgres import running_postgres
with running_postgres(Path(sys.argv[1])):
    print(psutil.Process().children()[0].pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_servers_of_tests_that_are_killed_end_with_them(session_dir: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(session_dir / "killed")]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int(killed.stdout.split()[-1])).wait(60)
