"""Runs: as many complete elements of an array as a parser reads at once, found by how the elements begin."""

import re
from collections.abc import Iterator

from msgspec import MsgspecError, Raw
from msgspec.json import Decoder

from tallykeep.core import exact_json
from tallykeep.formats.json.elements import ELEMENT_SEPARATOR, split_elements

RUN_BYTES = 2 * exact_json.MAX_BRACKETS  # in so many there cannot be too many brackets
# Short, because looking for it from behind takes as many steps as it has bytes, for each byte that is looked through.
_FIRST_KEY = re.compile(rb'[ \t\r\n]*+(\{[ \t\r\n]{0,20}+"[^"\\]{0,60}+")')
_TEXTS = re.compile(rb'(?:[ \t\r\n]*+"[^"\\]*+"[ \t\r\n]*+,)++')
_TEXTS_BYTES = 4_096  # few enough that the smallest texts do not overfill a batch
_FIRST_BYTE = re.compile(rb"[ \t\r\n]*+([^ \t\r\n])")
_BEHIND = {b"{": b"},", b"[": b"],", b'"': b'",'}
_OTHERS_BYTES = 16_384  # fewer, because the guess is a worse one, and each that is wrong costs the reading of it
_BLANKS, _MAX_BLANKS = b" \t\r\n", 1_000
_CANDIDATES, _GUESSES = 100, 10
_elements = Decoder(list[Raw])


def first_run(buffer: bytes) -> bytes | None:
    """Return the complete elements at the buffer's start, up to the comma behind the last; None where none are seen.

    Where they end is only a guess, the first of guessed_runs.
    """
    return next(guessed_runs(buffer), None)


def guessed_runs(buffer: bytes) -> Iterator[bytes]:
    """Yield what may be complete elements at the buffer's start, up to the comma behind the last, the longest first.

    Elements of an array mostly begin alike. Where one that begins like the first does begin is only a guess, as objects
    inside may do so, too; what makes it sure is that all before it parses, as JSON that ends too early, or too late,
    does not.
    """
    if texts := _TEXTS.match(buffer, 0, _TEXTS_BYTES):
        yield texts[0][:-1]
        return
    begins = _FIRST_KEY.match(buffer)
    if begins is None:
        if others := _run_of_others(buffer):
            yield others
        return
    last, guesses = len(buffer), 0
    for _ in range(_CANDIDATES):
        last = buffer.rfind(begins[1], begins.end(), last)
        if last < 0 or guesses == _GUESSES:
            return
        comma = buffer.rfind(b",", 0, last)
        if _is_behind_element(buffer, comma, last):
            guesses += 1
            yield buffer[:comma]


def _is_behind_element(buffer: bytes, comma: int, at: int) -> bool:
    """Whether nothing but blanks stands between an object, the comma and this position."""
    before = buffer[max(0, comma - _MAX_BLANKS) : comma].rstrip(_BLANKS)
    return not buffer[comma + 1 : at].strip(_BLANKS) and before.endswith(b"}")


def _run_of_others(buffer: bytes) -> bytes | None:
    """Return the elements before the last comma that may be between two: behind the bracket that ends such as these."""
    first = _FIRST_BYTE.match(buffer)
    end = buffer.rfind(_BEHIND.get(first[1], b","), 0, _OTHERS_BYTES) if first else -1
    return buffer[: buffer.index(b",", end)] if end > 0 else None


def elements_of(run: bytes) -> list[bytes] | None:
    """Return the bytes of each of the elements, JSON by the letter; None where it cannot be said that they are.

    That they are in UTF-8 is not seen to, nor that they can be kept.
    """
    try:
        return list(map(bytes, _elements.decode(b"[" + run + b"]")))
    except (MsgspecError, RecursionError):
        return None


def count_elements(run: bytes) -> int | None:
    """Return how many elements these are; None where it cannot be said that they are JSON, and in UTF-8."""
    try:
        if not run.isascii():
            run.decode()
        return len(_elements.decode(b"[" + run + b"]"))
    except (MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def next_run(body: bytes, at: int) -> bytes | None:
    """Return the elements of a batch's body from here on, or some of them, no surer than those of first_run."""
    piece = body[at : at + RUN_BYTES]
    if len(piece) == len(body) - at:
        return piece
    end = piece.rfind(ELEMENT_SEPARATOR)
    return first_run(piece) or (piece[:end] if end > 0 else None)


def elements_in(body: bytes) -> list[bytes]:
    """Return the bytes of each of the elements of a batch's body."""
    elements: list[bytes] = []
    at = 0
    while at < len(body):
        run = next_run(body, at)
        some = elements_of(run) if run is not None else None
        if run is None or some is None:
            return elements + split_elements(body[at:])
        elements += some
        at += len(run) + 1
    return elements
