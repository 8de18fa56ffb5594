"""Reasons of failed rows without what the rows held."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from tallykeep.formats.hidden_characters import without_hidden
from tallykeep.formats.people.person import ERASED, Person, texts_in

_VALUE, _BEHIND = " (actual value is '", "')"
_SHOWN = 100  # characters of a value that a reason shows, and a mark where there are more
_MARK = "…"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NEXT = re.compile(r"'\)(?=[;,]|\Z)")
_SHORTEST = 4  # characters of a value that is searched for in a reason's own words
_MAX_SEARCHED = 4_000  # characters of a reason in whose own words values are searched for; longer ones go whole
_OWN_WORDS = re.compile(r"[a-z]+|\d{1,5}|2022-09-26(?:T13:00:00Z)?|name@example\.com|JSON|UTF-8")
_DECODER = json.JSONDecoder()


def reason_without_values(reason: str, row: Any, person: Person) -> str:
    """Return the reason without what the row held: the values that parts of it end with, and others that it repeats.

    `row` is the row's value: an object, an array of cells, or the text of a line. A word of small letters, a short
    number, and what a label in front of a colon says may be the reason's own, and stay, unless it is a key.
    """
    names = set(_metadata_names(row))
    texts = [*texts_in(row, names=False), *names]
    bare = _bare(reason, {shown for text in texts for shown in _shown(text)})
    if len(bare) > _MAX_SEARCHED:
        return ERASED
    repeated = {word for text in texts if len(word := text.strip()) >= _SHORTEST and word in bare}
    words = {word for word in repeated if not _OWN_WORDS.fullmatch(word)}
    for word in sorted(words | person.keys, key=len, reverse=True):
        bare = _without(bare, word, may_be_label=word not in names | person.keys)
    return person.without(bare)


def shown_values(reason: str) -> Iterator[tuple[str, str]]:
    """Yield the values that a reason shows, as it shows them, each behind the label of what it is of."""
    at = 0
    while (start := reason.find(_VALUE, at)) >= 0:
        label = reason[at:start].lstrip(";, ").partition(":")[0]
        at = _end(reason, start + len(_VALUE), set())
        yield label, reason[start + len(_VALUE) : at].removesuffix(_BEHIND)


def _bare(reason: str, texts: set[str]) -> str:
    """Return the reason without the values that were sent, whatever these hold."""
    parts, at = list[str](), 0
    while (start := reason.find(_VALUE, at)) >= 0:
        parts.append(reason[at:start])
        at = _end(reason, start + len(_VALUE), texts)
    return "".join(parts) + reason[at:]


def _end(reason: str, start: int, texts: set[str]) -> int:
    """Return where the value that begins there ends, with what stands behind it.

    One that the row does not hold so, for other texts may stand for it, ends where a part of a reason may end.
    """
    last = start + _SHOWN
    if reason.startswith(_MARK + _BEHIND, last):
        return last + len(_MARK + _BEHIND)
    window = reason[start : last + len(_BEHIND)]
    ends = [at for at in _indexes_of(window, _BEHIND) if window[:at] in texts]
    with suppress(ValueError, RecursionError):
        end = _DECODER.raw_decode(window)[1]
        ends += [end] if _NEXT.match(reason, start + end) else []
    if ends:
        return start + max(ends) + len(_BEHIND)
    behind = _NEXT.search(reason, start)
    return behind.end() if behind else len(reason)


def _indexes_of(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _shown(text: str) -> Iterator[str]:
    """Yield a text as reasons show it where it is short."""
    for each in {text, text.strip()}:
        if len(each) <= _SHOWN:
            yield _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", each)
            yield without_hidden(each)


def _metadata_names(row: Any) -> Iterator[str]:
    """Yield the names of metadata, wherever objects hold some: what a row says, unlike the names of fields."""
    waiting = [row]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            waiting += inner.values()
            metadata = inner.get("metadata")
            yield from metadata if isinstance(metadata, dict) else ()
        elif isinstance(inner, list):
            waiting += inner


def _without(text: str, value: str, *, may_be_label: bool) -> str:
    """Return the text with `erased` in place of a value, where that is neither a part of a word nor a label."""
    parts, at = list[str](), 0
    while value and (start := text.find(value, at)) >= 0:
        end = start + len(value)
        is_within = (start > 0 and text[start - 1].isalnum()) or text[end : end + 1].isalnum()
        is_label = may_be_label and text.startswith(": ", end) and (start == 0 or text.startswith("; ", start - 2))
        parts += (text[at:start], value if is_within or is_label else ERASED)
        at = end
    return "".join(parts) + text[at:]
