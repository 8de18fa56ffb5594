"""Titles of columns, as they are compared."""

import unicodedata
from functools import lru_cache

_MAX_TITLE_LENGTH = 200  # that any field has; longer ones are not put into one Unicode form, which takes quadratic time
_BETWEEN_WORDS = {"Zs", "Zl", "Zp", "Cc", "Cf", "Pd"}
_BETWEEN_ASCII_WORDS = {
    code: None for code in range(128) if code == ord("_") or unicodedata.category(chr(code)) in _BETWEEN_WORDS
}


def normal_title(title: str) -> str:
    """Normalize a column's title for comparison: any case and Unicode form, anything or nothing between the words.

    Blanks of every kind, line breaks, hyphens, underscores and invisible characters do not count.
    """
    return _normal_title(title) if len(title) <= _MAX_TITLE_LENGTH else _without_breaks(title)


@lru_cache(maxsize=10_000)
def _normal_title(title: str) -> str:
    return _without_breaks(unicodedata.normalize("NFKC", title))


def _without_breaks(title: str) -> str:
    folded = title.casefold()
    if folded.isascii():
        return folded.translate(_BETWEEN_ASCII_WORDS)
    return "".join(
        character for character in folded if character != "_" and unicodedata.category(character) not in _BETWEEN_WORDS
    )


def wrong_width(cells: int, titles: int) -> str:
    """Return the reason of a row with a value where the header has no column."""
    return f"the row has {cells} cells, but the header has {titles}"
