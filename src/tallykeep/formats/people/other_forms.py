"""Characters that stand for others which an address may have: full-width letters, ligatures, digits in a circle."""

import re
import unicodedata
from functools import cache

_END = 0x1FC00  # none of those that stand for others comes later, but ideographs
_OF_ADDRESSES = re.compile(r"[\w!#$%&'*+\-/=?^`{|}~@]+|\.")


@cache
def _plain_forms() -> dict[int, str]:
    """Return what each of them stands for (NFKC), unless that is blank or no part of an address."""
    stands_for = {
        number: unicodedata.normalize("NFKC", chr(number))
        for number in range(0x80, _END)
        if unicodedata.decomposition(chr(number)).startswith("<")
    }
    return {number: plain for number, plain in stands_for.items() if _OF_ADDRESSES.fullmatch(plain)}


@cache
def _characters() -> frozenset[str]:
    return frozenset(map(chr, _plain_forms()))


def has_other_forms(text: str) -> bool:
    """Return whether such characters stand in a text; quick for ASCII."""
    return not text.isascii() and not _characters().isdisjoint(frozenset(text))


def plain(text: str) -> str:
    """Return the text with what these stand for, each by itself; so it takes time in proportion to its length."""
    return text.translate(_plain_forms())
