"""Texts that can be taken as they stand: what neither COPY nor JSON escapes, and keys that need no cleaning."""

import re

from tallykeep.formats.hidden_characters import hidden_in
from tallykeep.resources.fields import cleaning

CLEARING = "null"  # a cell that says so clears the field
_PLAIN_KEY_LENGTH = cleaning.MAX_KEY_BYTES // 4
# What COPY's text format or JSON escapes, and the one control character that neither does.
_ESCAPED_BYTES = bytes([*range(0x20), *b'"\\', 0x7F])
ESCAPED = re.compile(r'[\x00-\x1f"\\\x7f\ud800-\udfff]')


def is_literal(text: str, *, besides: str = "") -> bool:
    """Whether no character of a text, `besides` those, is a control character or escaped by COPY's format or JSON."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return len(encoded.translate(None, _ESCAPED_BYTES.translate(None, besides.encode()))) == len(encoded)


def all_plain(keys: list[str]) -> bool:
    """Whether every one of these stripped cells is plain; quick for the many files in which they are."""
    if not all(keys) or max(map(len, keys), default=0) > _PLAIN_KEY_LENGTH or CLEARING in keys:
        return False
    joined = "".join(keys)
    return "\\" not in joined and not hidden_in(joined)


def not_plain(keys: list[str]) -> set[int]:
    """Return the indexes of the stripped cells that are not plain; quick where few of them are not."""
    if all_plain(keys):
        return set()
    if "\\" in (joined := "".join(keys)) or hidden_in(joined):
        return {at for at, key in enumerate(keys) if not is_plain(key)}
    return {at for at, key in enumerate(keys) if not key or key == CLEARING or len(key) > _PLAIN_KEY_LENGTH}


def is_plain(key: str) -> bool:
    """Whether a stripped cell is a key that needs neither checks nor escaping."""
    return bool(key) and len(key) <= _PLAIN_KEY_LENGTH and key != CLEARING and "\\" not in key and not hidden_in(key)
