"""Splitting a JSON array, as it streams in, into its elements: found by their brackets, checked by a real parser."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from tallykeep.core import exact_json
from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import InvalidPayloadError
from tallykeep.formats.batch_cutter import BatchCutter, row_too_long
from tallykeep.formats.charset import without_marks
from tallykeep.formats.json.elements import (
    BRACKETED,
    ELEMENT_SEPARATOR,
    LONG_ELEMENT,
    OPENERS,
    Walk,
    after_space,
    element_end,
    has_too_many_brackets,
    is_json,
    split_elements,
)
from tallykeep.formats.json.runs import RUN_BYTES, count_elements, guessed_runs
from tallykeep.formats.pieces import PIECE_BYTES, pieces

_ENOUGH_BYTES = 32_768
_OPENING = re.compile(rb"[ \t\r\n]*+\[")
_BOM = b"\xef\xbb\xbf"


class JsonSplitter:
    """Feed chunks, get batches; each body is the elements' own bytes, joined by newlines and commas.

    Raises InvalidPayloadError for what is not a JSON array. Elements that are valid JSON but cannot be kept (halves of
    surrogate pairs, numbers beyond a double, nesting beyond reason) pass: they fail later, as rows.
    """

    is_void = False  # the rows are what they are

    def __init__(self, *, batch_rows: int, batch_bytes: int, max_row_bytes: int, is_inner: bool = False) -> None:
        self.source = Source("json")
        self._is_inner = is_inner  # the array is inside an object, so something else follows it
        self._cutter = BatchCutter(max_rows=batch_rows, max_bytes=batch_bytes, separator=ELEMENT_SEPARATOR)
        self._max_row_bytes = max_row_bytes
        self._buffer = b""
        self._held = bytearray()  # what came behind it, too little by now to be worth a look
        self._fed_bytes = 0
        self._state = "start"
        self._scan_from = 0
        self._walk = Walk()  # along the element that the buffer begins with

    def feed(self, chunk: bytes) -> Iterator[Batch]:
        """Take the next bytes, and yield the batches that are full."""
        for piece in pieces(chunk):
            yield from self._feed(piece, final=False)

    def _feed(self, chunk: bytes, *, final: bool) -> Iterator[Batch]:
        self._fed_bytes += len(chunk)
        self._held += chunk
        if self._is_inner and self.has_ended:
            return
        # Of an inner array, the end has to be found at once: something else follows it.
        may_end = self._is_inner and not self._walk.begun and b"]" in self._held
        if len(self._buffer) + len(self._held) < self._scan_from and not may_end:
            return
        self._take_held()
        if self._state == "start":
            self._buffer = without_marks(self._buffer)
            if len(self._buffer) < len(_BOM) and _BOM.startswith(self._buffer):
                return
        if self._state == "start" and (opening := _OPENING.match(self._buffer)):
            self._buffer, self._state = self._buffer[opening.end() :], "first"
        yield from self._runs()
        if not final and len(self._buffer) < _ENOUGH_BYTES and self._state in ("first", "element") and not may_end:
            self._scan_from = _ENOUGH_BYTES
            return
        yield from self._cutter.add(self._elements())
        if self._is_inner and self.has_ended:
            return
        # An element that goes on is looked at again only when much more of it has come.
        self._scan_from = len(self._buffer) + _ENOUGH_BYTES if self._walk.begun else 2 * len(self._buffer)
        if len(self._buffer) > self._max_row_bytes:
            raise row_too_long(self._cutter.row_number, self._max_row_bytes)
        self._cutter.refuse_blanks(self._fed_bytes - len(self._buffer))

    def _take_held(self) -> None:
        self._buffer += self._held
        self._held.clear()

    def finish(self) -> Iterator[Batch]:
        """End of input: yield the rest; raises InvalidPayloadError where the array was not closed."""
        yield from self.settle()
        if self._state == "start":
            raise InvalidPayloadError("The body is empty; a JSON array is expected")
        if self._state != "end":
            raise InvalidPayloadError(f"The JSON array is cut off within or after row {self._cutter.row_number}")
        yield from self._cutter.cut()

    def stop(self) -> Iterator[Batch]:
        """Stop before the end of the input: yield the rows that are complete."""
        self._take_held()
        yield from self._cutter.add(self._elements())
        yield from self._cutter.cut()

    def settle(self) -> Iterator[Batch]:
        """Look at all that has come by now, and yield the batches that are full."""
        self._scan_from = 0
        yield from self._feed(b"", final=True)

    def cut(self) -> Iterator[Batch]:
        """Yield the rows that are complete by now; the input goes on."""
        yield from self._cutter.cut()

    @property
    def gathered(self) -> int:
        """About how many bytes of memory the complete rows take that are held."""
        return self._cutter.gathered

    @property
    def has_ended(self) -> bool:
        """Whether the array was closed."""
        return self._state == "end"

    def behind(self) -> bytes:
        """Take what came behind the end of an inner array."""
        self._take_held()
        behind, self._buffer = self._buffer, b""
        return behind

    def _runs(self) -> Iterator[Batch]:
        """Take as many complete elements off the buffer as a parser finds at once; leave those that it rejects."""
        while self._state in ("first", "element") and len(self._buffer) >= _ENOUGH_BYTES:
            run, count = self._next_run()
            if not count or len(run) > self._max_row_bytes:
                return
            self._buffer = self._buffer[len(run) + 1 :]
            self._walk = Walk()
            self._state = "element"
            yield from self._cutter.add_run(run, count)

    def _next_run(self) -> tuple[bytes, int]:
        """Find the elements that the buffer begins with, no more than there is room for; none where none are sure."""
        size = RUN_BYTES
        while True:
            run, count = _counted_run(self._buffer[:size])
            if count is None:
                break
            if self._cutter.is_for(count):
                return run, count
            size = min(size, len(run)) // 2
        return b"", 0

    def _elements(self) -> list[bytes]:
        """Take whole elements off the buffer, and see that they are JSON; leave an incomplete one there."""
        elements: list[bytes] = []
        at = 0
        while not (self._is_inner and self.has_ended):
            at = after_space(self._buffer, at)
            if at >= len(self._buffer):
                break
            after = self._step(at, elements)
            if after is None:
                break
            at = after
        self._buffer = self._buffer[at:]
        _check(elements, self._cutter.row_number)
        return elements

    def _step(self, at: int, elements: list[bytes]) -> int | None:
        """Pass one element or mark at `at`; return where it ends, or None when it goes on in the next chunk."""
        mark = self._buffer[at : at + 1]
        if self._state in ("element", "first") and not (mark == b"]" and self._state == "first"):
            end = self._end_of_element(at)
            if end is None:
                self._refuse_nonsense(at, mark)
                return None
            element = self._buffer[at:end]
            if len(element) > self._max_row_bytes:
                raise row_too_long(self._cutter.row_number + len(elements), self._max_row_bytes)
            elements.append(element)
            self._state = "comma"
            return end
        self._state = self._next_state(mark, len(elements))
        return at + 1

    def _end_of_element(self, at: int) -> int | None:
        if self._buffer[at : at + 1] not in OPENERS:
            return element_end(self._buffer, at)
        if not self._walk.begun and (match := BRACKETED.match(self._buffer, at, at + LONG_ELEMENT)):
            return match.end()
        end = self._walk.end(self._buffer, at)
        if end is not None:
            self._walk = Walk()
        return end

    def _next_state(self, mark: bytes, pending: int) -> str:
        if self._state == "start":
            if mark == b"[":
                return "first"
            raise InvalidPayloadError("The body should be a JSON array")
        if mark == b"]" and self._state in ("comma", "first"):
            return "end"
        if mark == b"," and self._state == "comma":
            return "element"
        where = (
            "after the array's end" if self._state == "end" else f"after row {self._cutter.row_number + pending - 1}"
        )
        raise InvalidPayloadError(f"Malformed JSON {where}: unexpected {mark.decode('latin-1')!r}")

    def _refuse_nonsense(self, at: int, mark: bytes) -> None:
        if mark in (b"]", b"}", b",", b":"):
            raise InvalidPayloadError(
                f"Malformed JSON at row {self._cutter.row_number}: unexpected {mark.decode('latin-1')!r}"
            )


def _counted_run(buffer: bytes) -> tuple[bytes, int | None]:
    """Return complete elements at the buffer's start, and how many; None where a parser rejects all guesses."""
    for run in guessed_runs(buffer):
        if (count := count_elements(run)) is not None:
            return run, count
    return b"", None


def parse_elements(body: bytes) -> list[Any]:
    """Parse a batch's elements; raises exact_json.DecodeError.

    Parsed in pieces, between which other threads get on.
    """
    values: list[Any] = []
    at = 0
    while len(body) - at > RUN_BYTES and (run := _counted_run(body[at : at + RUN_BYTES])[0]):
        try:
            values += exact_json.loads(b"[" + run + b"]")
        except exact_json.DecodeError:
            break
        at += len(run) + 1
    for some in _parsed(body[at:] if at else body):
        values += some
    return values


def _parsed(body: bytes) -> Iterator[list[Any]]:
    """Yield the values of the body's elements, some at a time; raises exact_json.DecodeError.

    Where elements end is only a guess at first, as in first_run.
    """
    at = 0
    while len(body) - at > LONG_ELEMENT:
        end = body.rfind(ELEMENT_SEPARATOR, at, at + LONG_ELEMENT)
        try:
            elements = exact_json.loads(b"[" + body[at:end] + b"]") if end > at else None
        except exact_json.DecodeError:
            elements = None
        if elements is None:
            yield from (exact_json.loads(b"[" + some + b"]") for some in _some_at_a_time(body[at:]))
            return
        yield elements
        at = end + len(ELEMENT_SEPARATOR)
    yield exact_json.loads(b"[" + body[at:] + b"]")


def _some_at_a_time(body: bytes) -> Iterator[bytes]:
    """Yield the body in parts of complete elements, none of several elements larger than a piece."""
    some: list[bytes] = []
    size = brackets = 0
    for element in split_elements(body):
        opened = element.count(b"[") + element.count(b"{")
        if some and (size + len(element) > PIECE_BYTES or brackets + opened > exact_json.MAX_BRACKETS):
            yield ELEMENT_SEPARATOR.join(some)
            some, size, brackets = [], 0, 0
        some.append(element)
        size += len(element)
        brackets += opened
    yield ELEMENT_SEPARATOR.join(some)


def _check(elements: list[bytes], number: int) -> None:
    """Raise InvalidPayloadError for the first of these elements, the rows from this number on, that is not JSON."""
    checked = [element for element in elements if not has_too_many_brackets(element)]  # those fail when they are read
    if not checked:
        return
    try:
        orjson.loads(b"[" + b",".join(checked) + b"]")
    except orjson.JSONDecodeError:
        for row, element in enumerate(elements, number):
            if not has_too_many_brackets(element):
                _check_one(element, row)


def _check_one(element: bytes, number: int) -> None:
    try:
        orjson.loads(element)
    except orjson.JSONDecodeError as error:
        if not is_json(element):
            raise InvalidPayloadError(f"Malformed JSON in row {number}: {error}") from None
