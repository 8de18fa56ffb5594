"""Columns of JSON values, checked and made ready for COPY many at a time.

A column that is the same text in each row is that text; else it is a list with the text of each row, or None where the
row needs the careful way: there something is wrong, or so unusual that nobody is quick with it.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Annotated, Any, Protocol

from msgspec import Meta, MsgspecError, Raw
from msgspec.json import Decoder

from tallykeep.core import exact_json
from tallykeep.db.copy_format import ESCAPES, copy_text
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import MAX_INTEGER, MAX_KEY_BYTES, Problem
from tallykeep.resources.fields.columns.timestamps import timestamps_alike
from tallykeep.resources.fields.plain_texts import is_plain

Column = str | list[str | None]
Integer = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]  # what cleaning.integer takes

_UNUSUAL_TEXT = re.compile("[\x00\\\\\t\n\r\ud800-\udfff]")
_FEW = 8  # one in so many
_first = itemgetter(0)


def read_present(values: Sequence[Any], absent: str, read: Callable[[Sequence[Any]], Sequence[str | None]]) -> Column:
    """Read the values that are not None; the others become `absent`."""
    missing = values.count(None)
    if missing == len(values):
        return absent
    if not missing:
        return list(read(values))
    texts = iter(read([value for value in values if value is not None]))
    return [absent if value is None else next(texts) for value in values]


def read_keys(keys: Sequence[str | None], *, has_escapes: bool) -> list[str | None]:
    """Read keys as cleaning.key_text does; one that is missing, or would have to be escaped, needs care."""
    stripped = [(key or "").strip() for key in keys]
    joined = "".join(stripped)
    # Without an escape, a JSON string has no other hidden character in ASCII than this.
    if has_escapes or not joined.isascii() or "\x7f" in joined or max(map(len, stripped)) > MAX_KEY_BYTES:
        return [key if is_plain(key) else None for key in stripped]
    return [key or None for key in stripped]


def read_texts(values: Sequence[str], *, has_escapes: bool) -> Sequence[str | None]:
    """Read texts as cleaning.text does; where no JSON string `has_escapes`, none has to be looked at."""
    if not has_escapes or not _UNUSUAL_TEXT.search("".join(values)):
        return values
    return [_cleaned(cleaning.text, value) for value in values]


def read_booleans(values: Sequence[bool]) -> Sequence[str]:
    """Write true and false."""
    return ["t" if value else "f" for value in values]


def read_integers(values: Sequence[int]) -> Sequence[str]:
    """Write whole numbers, within their bounds already."""
    return list(map(str, values))


def read_timestamps(values: Sequence[str], clean: cleaning.Cleaner) -> Sequence[str | None]:
    """Read dates and times as `clean` does, cleaning.timestamp or cleaning.last_timestamp."""
    if (texts := timestamps_alike(values, clean)) is not None:
        return texts
    read: dict[str, str | None] = {}
    by_length: dict[int, list[str]] = {}
    for value in set(values):
        by_length.setdefault(len(value), []).append(value)
    for alike in by_length.values():
        read.update(zip(alike, timestamps_alike(alike, clean) or map(partial(_cleaned, clean), alike), strict=True))
    return [read[value] for value in values]


class Sure(Protocol):
    """Tells which objects are surely to be taken."""

    def are_taken(self, array: bytes, objects: Sequence[bytes]) -> Sequence[bool]:
        """Tell it of each object of this array, whose bytes are known one by one as well."""


class Typed:
    """Takes what decodes into a type."""

    def __init__(self, taken: Any) -> None:
        self._one: Decoder[Any] = Decoder(taken)
        self._all: Decoder[Any] = Decoder(list[taken])

    def are_taken(self, array: bytes, objects: Sequence[bytes]) -> Sequence[bool]:
        """Tell of each object of the array whether it decodes."""
        if _decodes(self._all.decode, array):
            return [True] * len(objects)
        return [_decodes(self._one.decode, raw) for raw in objects]


class Objects:
    """Reads objects that are kept as they are: their own bytes, where these say the same as JSON written anew.

    `check` tells whether an object is to be taken; without it, all are. Those that are `sure` need no check.
    """

    def __init__(self, check: Callable[[dict[str, Any]], bool] | None = None, sure: Sure | None = None) -> None:
        self._check = check
        self._sure = sure

    def read(self, raws: Sequence[Raw], *, has_usual_numbers: bool = False) -> Sequence[str | None]:
        """Return the text of each; None also where it is no object.

        They are in UTF-8. Where nothing but usual numbers (exact_json.has_usual_numbers) is known to be in them, nobody
        looks for others.
        """
        lines = b"\n".join(raws)
        is_usual = has_usual_numbers or exact_json.has_usual_numbers(lines)
        texts = _usual_objects(lines, len(raws)) if is_usual else None
        if texts is None:
            return list(map(self._read, raws))
        if self._check is None:
            return texts
        array = b"[" + lines.replace(b"\n", b",") + b"]"
        if self._sure is None:
            taken = map(self._check, exact_json.loads(array))
            return [text if is_taken else None for text, is_taken in zip(texts, taken, strict=True)]
        sure = self._sure.are_taken(array, raws)
        if all(sure):
            return texts
        if sure.count(False) * _FEW < len(sure):  # nobody reads them twice: the careful way does so anyway
            return [text if is_sure else None for text, is_sure in zip(texts, sure, strict=True)]
        triples = zip(texts, sure, raws, strict=True)
        return [text if is_sure else self._read(raw) for text, is_sure, raw in triples]

    def _read(self, raw: Raw) -> str | None:
        try:
            value = exact_json.loads(bytes(raw))
            if not isinstance(value, dict):
                return None
            cleaning.check_storable(value)
        except (exact_json.DecodeError, Problem):
            return None
        is_taken = self._check is None or self._check(value)
        return copy_text(exact_json.dumps(value).decode()) if is_taken else None


def _decodes(decode: Callable[[Any], Any], raw: bytes | Raw) -> bool:
    try:
        decode(raw)
    except MsgspecError:
        return False
    return True


def _usual_objects(lines: bytes, count: int) -> list[str] | None:
    """Return COPY's texts of objects, a line each, where writing them anew would say the same; None where it might not.

    What PostgreSQL does not hold is none of these.
    """
    if b"\\" in lines:
        if b"\\u" in lines:
            return None
        lines = lines.replace(b"\\", ESCAPES["\\"].encode())
    if b"\t" in lines or b"\r" in lines:
        return None
    texts = lines.decode().split("\n")
    nested = lines.count(b"{") + lines.count(b"[") - count
    if nested >= cleaning.MAX_DEPTH and max([text.count("{") + text.count("[") for text in texts]) > cleaning.MAX_DEPTH:
        return None
    are_objects = len(texts) == count and all(texts) and set(map(_first, texts)) == {"{"}
    return texts if are_objects else None


def _cleaned(clean: cleaning.Cleaner, value: str) -> str | None:
    try:
        return copy_text(clean(value))
    except Problem:
        return None
