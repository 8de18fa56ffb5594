"""Numbers in the dashboard's forms, as people write them."""

import re
from decimal import Decimal
from typing import Any

from tallykeep.dashboard.kit.api_client import RefusedError

_MAX_LENGTH = 40
_TWO_WAY = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_PLAIN = re.compile(r"[+-]?\d+(?:[.,]\d+)?|[+-]?[.,]\d+", re.ASCII)
_GROUPED = (
    re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII),
    re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?", re.ASCII),
    re.compile(r"[+-]?\d{1,3}(?: \d{3})+(?:[.,]\d+)?", re.ASCII),
)
_GROUPS = (",", ".", " ")
_SPACES = str.maketrans({"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ", "\N{THIN SPACE}": " "})
_MAX = Decimal(10) ** 18


def number_of(text: str, name: str, factor: int = 1) -> Any:
    """Return a text as a number, times `factor`: 14.50, 14,50, 1.250,00; any other text as it is.

    `name` is the field's in the API. Raises RefusedError for what is ambiguous, such as 5.000.
    """
    trimmed = text.strip().translate(_SPACES)
    if _TWO_WAY.fullmatch(trimmed):
        raise _unclear(trimmed, name)
    plain = _plain(trimmed) if len(trimmed) <= _MAX_LENGTH else None
    if plain is None:
        return text  # the API says what is wrong with it
    number = Decimal(plain) * factor
    if abs(number) > _MAX:
        return text
    return int(number) if number == number.to_integral_value() else float(number)


def _plain(text: str) -> str | None:
    """Return the number with a decimal point and no separators; None for any other text."""
    if _PLAIN.fullmatch(text):
        return text.replace(",", ".")
    for grouped, character in zip(_GROUPED, _GROUPS, strict=True):
        if grouped.fullmatch(text):
            return text.replace(character, "").replace(",", ".")
    return None


def _unclear(text: str, name: str) -> RefusedError:
    pointed = text.replace(",", ".")
    grouped, short = pointed.replace(".", ""), pointed.rstrip("0").rstrip(".")
    clear = short if short != pointed else f"{pointed}0"
    meant = f"may be {grouped} or {pointed}, write it as {grouped} or as {clear}"
    return RefusedError(400, {"details": f"{name}: {meant} (actual value is '{text}')"})
