"""The data directory and what lies in it: refused in words where it cannot be made, and closed to others."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tallykeep.core.errors import DatabaseUnavailableError, DataDirectoryUnusableError
from tallykeep.db import directories, embedded
from tallykeep.db.directories import give_to, make_directory, make_own, make_passable, open_private
from tallykeep.server.supervisor import Supervisor
from tests.postgres import quiet_settings, running_postgres

ELSEWHERE = 12345  # a user that there is not


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """What is made here is made with the widest of umasks."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def short_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tk-") as directory:
        yield Path(directory)


def test_a_data_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked" / "serve.lock").mkdir()
    unusable = {
        tmp_path / "file": "File exists",
        tmp_path / "file" / "below": f"File exists: {tmp_path / 'file'}",
        tmp_path / "loop": "File exists",
        tmp_path / ("long" * 100): "File name too long",
        tmp_path / "locked": "Is a directory",
        Path("/proc/tallykeep/data"): "No such file or directory",
    }
    for directory, reason in unusable.items():
        settings = quiet_settings(data_dir=directory, port=0)
        assert Supervisor(settings, prepare_database=lambda *_: None).run() == 1
        message = capsys.readouterr().err
        assert message.count("\n") == 1, message
        assert str(directory) in message
        assert reason in message
        assert "--data-dir or TALLYKEEP_DATA_DIR" in message


@pytest.mark.usefixtures("open_to_all")
def test_what_is_made_is_closed_to_others_and_so_is_what_was_there(tmp_path: Path) -> None:
    make_directory(tmp_path / "above" / "data")
    assert mode(tmp_path / "above" / "data") == 0o700
    file = tmp_path / "postgres.log"
    for _ in range(2):
        with open_private(file) as log:
            log.write(b"line\n")
        assert (mode(file), file.stat().st_size % 5) == (0o600, 0)
        file.chmod(0o644)
    assert file.read_bytes() == b"line\nline\n"


def test_what_others_have_planted_is_not_taken_for_our_own(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "file").touch()
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    ours = {os.geteuid()}
    for planted in ("link", "file", "open"):
        assert not make_own(tmp_path / planted, ours), planted
    assert not make_own(target, {ELSEWHERE})
    assert make_own(target, ours)
    assert make_own(tmp_path / "new", ours)
    assert mode(tmp_path / "new") == 0o700


def test_no_link_is_followed_when_directories_are_given_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(directories.os, "fchown", lambda *_: calls.append(1))
    monkeypatch.setattr(directories.os, "fchmod", lambda *_: calls.append(1))
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(target)
    for give in (lambda path: give_to(path, ELSEWHERE, ELSEWHERE), lambda path: make_passable(path, ELSEWHERE)):
        with pytest.raises(DataDirectoryUnusableError, match="link cannot be used"):
            give(tmp_path / "link")
        assert calls == []
        give(target)
        assert calls.pop() == 1


def test_what_belongs_to_somebody_else_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories.os, "geteuid", lambda: ELSEWHERE)
    with pytest.raises(DataDirectoryUnusableError, match="belongs to somebody else"):
        give_to(tmp_path, ELSEWHERE + 1, ELSEWHERE + 1)


def test_a_socket_that_does_not_fit_lies_in_a_place_of_our_own(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(short_dir))
    short_dir.chmod(0o711)
    data = short_dir / ("long" * 25) / "postgres"
    with running_postgres(data) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert embedded.running_embedded(data) == url
        (socket_dir,) = short_dir.glob("tallykeep-*")
        assert mode(socket_dir) == 0o700
    victim = short_dir / "victim"
    victim.mkdir(mode=0o755)
    owner = victim.stat().st_uid
    for left in socket_dir.iterdir():
        left.unlink()
    socket_dir.rmdir()
    socket_dir.symlink_to(victim)
    server = embedded.prepare_embedded(data)
    assert server.socket_dir not in (socket_dir, data)
    assert mode(server.socket_dir) == 0o700
    assert (victim.stat().st_uid, mode(victim), socket_dir.is_symlink()) == (owner, 0o755, True)


def test_a_data_directory_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").mkdir()
    with pytest.raises(DatabaseUnavailableError, match=r"cannot be read \(Is a directory: .*be the user who runs"):
        embedded.running_embedded(tmp_path)


def test_the_data_of_another_postgresql_are_not_started_on(short_dir: Path) -> None:
    data = short_dir / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("14\n")
    with pytest.raises(DatabaseUnavailableError, match=r"are of PostgreSQL 14, the embedded one is \d+"):
        embedded.prepare_embedded(data)


@pytest.mark.parametrize("name", ['50% off "a&b" #1 ü?', "one, two"])
def test_a_place_with_signs_in_its_name_is_served(short_dir: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(short_dir))
    short_dir.chmod(0o711)
    with running_postgres(short_dir / name) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert ("," in name) == bool(list(short_dir.glob("tallykeep-*")))
