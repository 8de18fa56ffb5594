"""Starts and restarts: who comes before the database waits for it, and the embedded one takes nobody with it."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.crash.conftest import KEYS
from tests.outages.bystanders import Roles, Served
from tests.outages.scene import Scene

_BACK_SECONDS = 15


def test_who_is_started_before_the_database_waits_for_it_and_says_so_once(scene: Scene, session_dir: Path) -> None:
    scene.database.create("early")
    scene.database.stop()
    roles = Roles(session_dir / "early", scene.url("early"))
    try:
        roles.until(lambda: roles.log.exists() and roles.log.read_text().count("waiting for the database") == 2)
        scene.database.start()
        since = time.monotonic()
        roles.seconds_until_well(since)
        log = roles.log.read_text()
        assert roles.all_alive(), log
        assert log.count("waiting for the database") == 2, "each process once"
        assert log.count("the database answers") == 2
        assert "Traceback" not in log
    finally:
        roles.stop()


def test_who_is_started_on_a_standby_waits_for_a_database_that_takes_writes(scene: Scene, session_dir: Path) -> None:
    scene.database.create("standby")
    with psycopg.connect(scene.url("standby"), autocommit=True) as connection:
        connection.execute("ALTER DATABASE standby SET default_transaction_read_only = on")
        roles = Roles(session_dir / "standby", scene.url("standby"))
        try:
            waiting = "the database cannot be worked with yet"
            roles.until(lambda: roles.log.exists() and roles.log.read_text().count(waiting) == 2)
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER DATABASE standby RESET default_transaction_read_only")
            roles.seconds_until_well(time.monotonic())
            log = roles.log.read_text()
            assert roles.all_alive(), log
            assert log.count(waiting) == 2, "each process once"
            assert "Traceback" not in log
        finally:
            roles.stop()


@pytest.mark.parametrize(
    ("role", "url", "message"),
    [
        ("api", lambda scene: scene.url("nowhere"), 'database "nowhere" does not exist'),
        ("worker", lambda scene: scene.url("roles").replace("postgres@", "nobody@"), 'role "nobody" does not exist'),
        ("serve", lambda scene: "postgresql://me:secret@[here/there", "TALLYKEEP_DATABASE_URL is not a PostgreSQL URL"),
    ],
    ids=["no such database", "no such role", "no URL"],
)
def test_what_no_waiting_helps_against_is_told_at_once(
    scene: Scene, tmp_path: Path, role: str, url: Callable[[Scene], str], message: str
) -> None:
    env = {"TALLYKEEP_DATABASE_URL": url(scene), "TALLYKEEP_DATA_DIR": str(tmp_path), "TALLYKEEP_PORT": "0"}
    ended = subprocess.run(
        [sys.executable, "-m", "tallykeep", role], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 1
    assert message in ended.stderr
    assert "secret" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_embedded_postgresql_that_is_killed_comes_back_with_all_that_needs_it(session_dir: Path) -> None:
    served = Served(session_dir / "outage")
    try:
        served.seconds_until_well(time.monotonic())
        worst = 0.0
        for _ in range(2):
            before = {name: served.server.role(name).pid for name in ("api", "worker", "postgres")}
            served.server.kill_role("postgres")
            served.until(lambda: served.server.role("postgres").pid != before["postgres"])  # noqa: B023
            since = served.until(served.database_answers)
            worst = max(worst, *served.seconds_until_well(since).values())
            after = {name: served.server.role(name).pid for name in ("api", "worker")}
            assert after.items() <= before.items(), "none of these has ended"
        print(f"\nworst return after the embedded PostgreSQL was killed: {worst:.2f} s")
        assert worst < _BACK_SECONDS
        assert KEYS["TALLYKEEP_APP_TOKEN"] not in served.log.read_text()
    finally:
        served.stop()
