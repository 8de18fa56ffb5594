"""Rows of JSON decoded at once into a declared type, some at a time; a row that is not of the type is told apart."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder

from tallykeep.core import exact_json
from tallykeep.formats.json.elements import split_elements
from tallykeep.formats.json.runs import RUN_BYTES, elements_of, next_run
from tallykeep.formats.json.unread_rows import UnreadRows

_UNREADABLE = (MsgspecError, RecursionError)
_SOME = 200  # elements
_MAX_BRACKETS = 500  # that few can be kept, however they are nested


class TypedRun(NamedTuple):
    """Consecutive rows: of a type, or None where one is not, or may be one that cannot be kept.

    Where all are of the type that is declared, the run `is_declared`. Without `has_escapes` there is no backslash in
    them, and so no string with a control character below U+0020. With `has_usual_numbers` all numbers are as exact_json
    would write them, or may as well be.
    """

    rows: list[Any]
    has_escapes: bool
    has_usual_numbers: bool
    is_declared: bool = False


class TypedRows:
    """Decodes rows into `declared`, a type without unknown fields, else into `any_values`, which is the same but for
    the types of values, or into `tolerant`, which is that with unknown fields.

    Nothing stands in the rows, wherever it may be, that could not be kept.
    """

    def __init__(self, declared: type[Struct], any_values: type[Struct], tolerant: type[Struct]) -> None:
        self._declared: Decoder[Any] = Decoder(declared)
        self._all_declared: Decoder[Any] = Decoder(list[declared])  # type: ignore[valid-type]
        self._any_values: Decoder[Any] = Decoder(any_values)
        self._all_any_values: Decoder[Any] = Decoder(list[any_values])  # type: ignore[valid-type]
        self._tolerant: Decoder[Any] = Decoder(tolerant)
        self._all_tolerant: Decoder[Any] = Decoder(list[tolerant])  # type: ignore[valid-type]

    def runs(self, rows: UnreadRows) -> Iterator[TypedRun]:
        """Yield all of the rows; their number is another where reading and splitting disagree."""
        return self._runs_of_array(rows.body) if rows.body else self.runs_of_elements(rows.elements)

    def _runs_of_array(self, body: bytes) -> Iterator[TypedRun]:
        at = 0
        while at < len(body):
            run = next_run(body, at)
            read = self._run_of_array(run) if run is not None else None
            if run is None or read is None:
                yield from self.runs_of_elements(split_elements(body[at:]))
                return
            yield read
            at += len(run) + 1

    def _run_of_array(self, run: bytes) -> TypedRun | None:
        """Read elements; None where they do not parse, which may be because they end elsewhere."""
        array = b"[" + run + b"]"
        has_escapes, is_usual = b"\\" in run, exact_json.has_usual_numbers(run)
        can_be_kept = _is_utf8(run) and (is_usual or not exact_json.has_long_numbers(run))
        if can_be_kept and (rows := _decoded(self._all_declared, array)) is not None:
            return TypedRun(rows, has_escapes, is_usual, is_declared=True)
        if can_be_kept and (rows := _decoded(self._all_any_values, array)) is not None:
            return TypedRun(rows, has_escapes, is_usual)
        elements = elements_of(run)
        if elements is None:
            return None
        if (
            can_be_kept
            and all(map(has_few_brackets, elements))
            and (rows := _decoded(self._all_tolerant, array)) is not None
        ):
            return TypedRun(rows, has_escapes, is_usual)
        read = self._read_kept if can_be_kept else self._read
        return TypedRun(list(map(read, elements)), has_escapes, is_usual)

    def runs_of_elements(self, elements: list[bytes]) -> Iterator[TypedRun]:
        """Yield rows whose bytes are known one by one."""
        for start in range(0, len(elements), _SOME):
            some = elements[start : start + _SOME]
            together = b",".join(some)
            has_escapes, is_usual = b"\\" in together, exact_json.has_usual_numbers(together)
            can_be_kept = is_usual and _is_utf8(together)
            is_quick = can_be_kept and max(map(len, some)) <= RUN_BYTES
            if is_quick and (rows := _all_decoded(self._declared, some)) is not None:
                yield TypedRun(rows, has_escapes, is_usual, is_declared=True)
                continue
            rows = _all_decoded(self._any_values, some) if is_quick else None
            if rows is None:
                rows = list(map(self._read_kept if can_be_kept else self._read, some))
            yield TypedRun(rows, has_escapes, is_usual)

    def _read(self, element: bytes) -> Any:
        can_be_kept = _is_utf8(element) and not exact_json.has_long_numbers(element)
        return self._read_kept(element) if can_be_kept else None

    def _read_kept(self, element: bytes) -> Any:
        if len(element) > RUN_BYTES:
            return None
        row = _decoded(self._declared, element)
        return _decoded(self._tolerant, element) if row is None and has_few_brackets(element) else row


def _decoded(decoder: Decoder[Any], data: bytes) -> Any:
    """Return what the data is, None where it is something else."""
    try:
        return decoder.decode(data)
    except _UNREADABLE:
        return None


def _all_decoded(decoder: Decoder[Any], elements: list[bytes]) -> list[Any] | None:
    try:
        return list(map(decoder.decode, elements))
    except _UNREADABLE:
        return None


def has_few_brackets(element: bytes) -> bool:
    """Whether it can be kept, however these are nested."""
    return len(element) <= _MAX_BRACKETS or element.count(b"[") + element.count(b"{") <= _MAX_BRACKETS


def _is_utf8(data: bytes) -> bool:
    try:
        return data.isascii() or data.decode() is not None
    except UnicodeDecodeError:
        return False
