"""Directories and files of ours: private, never reached through a link, and with an error that explains a failure."""

import os
import stat
from pathlib import Path
from typing import IO

import structlog

from tallykeep.core.errors import DataDirectoryUnusableError

_log = structlog.get_logger()

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_directory(directory: Path, *, passable: bool = False) -> None:
    """Make the directory, with those above it, where it is missing: for us alone, or for others to pass through.

    Raises DataDirectoryUnusableError.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o711 if passable else 0o700, exist_ok=True)
    except OSError as error:
        raise unusable("The data directory", directory, "made", error) from None


def open_private(file: Path) -> IO[bytes]:
    """Open a file of the data directory for appending; from its first byte on nobody else may read it.

    Raises DataDirectoryUnusableError.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        known = os.fstat(descriptor)
        # Earlier versions made it for all to read.
        if stat.S_ISREG(known.st_mode) and known.st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "ab")
    except OSError as error:
        raise unusable("The file", file, "written", error) from None


def unusable(what: str, path: Path, done: str, error: OSError) -> DataDirectoryUnusableError:
    """Return the error that says of a path of ours what could not be done, why, and what to do."""
    where = f": {error.filename}" if error.filename not in (None, str(path)) else ""
    return DataDirectoryUnusableError(
        f"{what} {path} cannot be {done} ({error.strerror}{where}); fix that, or choose another place with"
        " --data-dir or TALLYKEEP_DATA_DIR"
    )


def make_own(directory: Path, owners: set[int]) -> bool:
    """Make a directory for us alone in a place where everybody may write, or take the one there if it is such.

    False where something else is there: a link, somebody else's (whose user is none of the owners), or one that others
    may look into.
    """
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        known = directory.lstat()
        return stat.S_ISDIR(known.st_mode) and known.st_uid in owners and not known.st_mode & 0o077
    return True


def give_to(directory: Path, user: int, group: int) -> None:
    """Give a directory of ours to a user, as root. Raise DataDirectoryUnusableError where it is somebody else's."""
    descriptor = _opened(directory)
    try:
        owner = os.fstat(descriptor).st_uid
        if owner == user:
            return
        if owner != os.geteuid():
            raise DataDirectoryUnusableError(
                f"The directory {directory} belongs to somebody else (user {owner}), and is not taken from them;"
                " choose another place with --data-dir or TALLYKEEP_DATA_DIR"
            )
        os.fchown(descriptor, user, group)
    finally:
        os.close(descriptor)


def make_passable(directory: Path, user: int) -> None:
    """As root, let a user pass through the directory without reading it; log the change for the operator.

    Raises DataDirectoryUnusableError.
    """
    descriptor = _opened(directory)
    try:
        known = os.fstat(descriptor)
        if known.st_mode & stat.S_IXOTH or known.st_uid == user:
            return
        mode = stat.S_IMODE(known.st_mode) | stat.S_IXOTH
        os.fchmod(descriptor, mode)
        _log.warning(
            "a directory was made passable for others, because PostgreSQL runs as a user of its own",
            directory=str(directory), mode=f"{mode:04o}",
        )  # fmt: skip
    except OSError as error:
        raise unusable("The directory", directory, "made passable for PostgreSQL's user", error) from None
    finally:
        os.close(descriptor)


def _opened(directory: Path) -> int:
    try:
        return os.open(directory, _DIRECTORY)
    except OSError as error:
        raise unusable("The directory", directory, "used", error) from None
