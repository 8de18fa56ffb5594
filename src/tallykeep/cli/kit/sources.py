"""The files to send: inspected as far as needed, and streamed."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tallykeep.cli.kit.exits import UsageError
from tallykeep.cli.kit.row_types import IMPORTED, Form

STANDARD_INPUT = "-"
_CHUNK = 1 << 18
_HEAD = 1 << 16
_SAMPLE = 1 << 18  # how much of a file is previewed
_XLSX = b"PK\x03\x04"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_FORMS: dict[str, Form] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".xlsx": "csv",
    ".json": "json", ".ndjson": "json", ".jsonl": "json",
}  # fmt: skip
_PACKED = (".gz", ".zst")


@dataclass(frozen=True, slots=True)
class FileToSend:
    """A file to send: its name for people, its name for the server, and what it is."""

    shown: str
    name: str
    path: Path
    size: int
    digest: str
    form: Form
    is_workbook: bool = False
    kept: Any = None  # a temporary file, removed with this object

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes; raises UsageError where their number has changed."""
        left = self.size
        for chunk in _read(self.path):
            left -= len(chunk)
            if left < 0:
                break
            yield chunk
        if left:
            raise UsageError(f"{self.shown} changed while it was sent: nothing was accepted; send it again")

    @property
    def is_kept(self) -> bool:
        """Whether it came by standard input."""
        return self.kept is not None

    @contextmanager
    def sample(self) -> Iterator[tuple[bytes | IO[bytes], dict[str, bool]]]:
        """Yield what a preview takes of the file, and the parameter that says whether it is partial.

        Workbooks are complete.
        """
        with self.path.open("rb") as content:
            if self.is_workbook:
                yield content, {}
            else:
                yield content.read(_SAMPLE), {"partial": True} if self.size > _SAMPLE else {}


def open_file(word: str) -> FileToSend:
    """Inspect the file, or keep what standard input (`-`) sends; raises UsageError where nothing can be read."""
    kept = _standard_input() if word == STANDARD_INPUT else None
    path = Path(kept.name if kept else word)
    shown = "standard input" if kept else word
    try:
        size, digest = _measured(path)
        head = _head(path)
        form = _form_by_name(word) or _form(head)
    except IsADirectoryError:
        raise UsageError(f"{word} is a directory; name the files in it, such as {word.rstrip('/')}/*.csv") from None
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}{_row_type_hint(word)}") from None
    return FileToSend(shown, "standard input" if kept else path.name, path, size, digest, form,
                      head.startswith(_XLSX), kept)  # fmt: skip


def _row_type_hint(word: str) -> str:
    return f" (row types are {', '.join(IMPORTED)})" if word.isalpha() else ""


def _standard_input() -> Any:
    """Copy standard input to a temporary file, because it is inspected before it is sent."""
    if sys.stdin.isatty():
        sys.stderr.write("Reading rows from this terminal; Ctrl-D ends them.\n")
    kept = tempfile.NamedTemporaryFile(prefix="tallykeep-")  # noqa: SIM115
    while chunk := os.read(sys.stdin.fileno(), _CHUNK):
        kept.write(chunk)
    kept.flush()
    return kept


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            yield chunk


def _measured(path: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for chunk in _read(path):
        size += len(chunk)
        digest.update(chunk)
    return size, digest.hexdigest()


def _form_by_name(word: str) -> Form | None:
    path = Path(word.lower())
    return _FORMS.get(path.with_suffix("").suffix if path.suffix in _PACKED else path.suffix)


def _head(path: Path) -> bytes:
    """Return the first bytes, decompressed."""
    # Imported here, because most commands inspect no file.
    from tallykeep.core.errors import RequestError  # noqa: PLC0415
    from tallykeep.formats.compression import Expander, Limit, coding_of  # noqa: PLC0415

    with path.open("rb") as content:
        head = content.read(_HEAD)
    coding = coding_of(head)
    if coding is None:
        return head
    expanded = b""
    with suppress(RequestError):  # the server says what is wrong with it
        for step in Expander(coding, Limit(_HEAD * 16, "")).feed(head):
            expanded += step
            if len(expanded) >= _HEAD:
                break
    return expanded[:_HEAD]


def _form(head: bytes) -> Form:
    for mark in _MARKS:
        head = head.removeprefix(mark)
    return "json" if head.replace(b"\0", b"").lstrip()[:1] in (b"[", b"{") else "csv"
