"""Numbers as people and spreadsheets write them: 1.250,00, 1,250.00, 1 250, 25,50 €, 15 %.

1.250 and 1,250 may each mean two numbers. Such a cell is read where other cells of its column settle what the mark is,
and refused elsewhere, with what to write instead.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner, Problem, actual

Marks = Mapping[str, str]  # by a column's title, what stands before the decimals in it: "." or ","

NO_MARKS: Marks = MappingProxyType({})
_MAX_LENGTH = 60  # of what is read with patterns

_CURRENCIES = (
    "€", "$", "£", "¥", "₹", "₽", "₺", "₩", "zł", "kr", "Kč", "Ft", "R$", "US$", "AUD", "BRL", "CAD", "CHF", "CNY",
    "CZK", "DKK", "EUR", "Euro", "GBP", "HUF", "INR", "JPY", "MXN", "NOK", "NZD", "PLN", "RON", "SEK", "SGD", "TRY",
    "USD", "ZAR",
)  # fmt: skip
_CURRENCY = "|".join(re.escape(character) for character in sorted(_CURRENCIES, key=len, reverse=True))
_SIGNED = re.compile(rf"(?P<before>{_CURRENCY}|%)?\s*(?P<number>[^\s].*?)\s*(?P<after>{_CURRENCY}|%)?", re.IGNORECASE)
SPACES = str.maketrans(
    {
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{THIN SPACE}": " ",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{MINUS SIGN}": "-",
    }
)
_GROUPED = {character: re.compile(rf"\d{{1,3}}(?:{re.escape(character)}\d{{3}})+", re.ASCII) for character in ",. '"}
_TWO_WAY = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_MARKS = frozenset(".,")
_DIGITS_ONLY = re.compile(r"\d*", re.ASCII)


def _shows(mark: str, other: str) -> re.Pattern[str]:
    """Compile a number that tells that `mark` stands before its decimals."""
    ungrouped, grouped = rf"\d*{mark}\d+", rf"\d{{1,3}}(?:(?:{other}\d{{3}})+|(?: \d{{3}})+|(?:'\d{{3}})+){mark}\d+"
    return re.compile(rf"[+-]?(?:{ungrouped}|{grouped}|\d{{1,3}}(?:{other}\d{{3}}){{2,}})", re.ASCII)


_SHOWS = {".": _shows(r"\.", ","), ",": _shows(",", r"\.")}


def decimal_marks(cells: Iterable[str]) -> frozenset[str]:
    """Return what stands before the decimals in one column's cells: "." or "," or both; empty where none tells."""
    return frozenset(mark for cell in set(cells) if len(cell) <= _MAX_LENGTH for mark in _marks(cell))


def _marks(cell: str) -> list[str]:
    number = _parted(cell)[0].strip().translate(SPACES)
    return [] if is_two_way(number) else [mark for mark, shows in _SHOWS.items() if shows.fullmatch(number)]


def is_two_way(number: str) -> bool:
    """Whether this number may mean two: one to three digits, a comma or a point, and three more."""
    return number[-4:-3] in _MARKS and _TWO_WAY.fullmatch(number) is not None


def symbol_of(cell: str) -> str | None:
    """Say what the symbol of a number means: PERCENT or AMOUNT; None without a symbol."""
    return _parted(cell)[1]


def _parted(cell: str) -> tuple[str, str | None]:
    """Part the number from its symbol, and say what the symbol means."""
    text = cell.strip().translate(SPACES)
    match = _SIGNED.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    characters = [character for character in (match["before"], match["after"]) if character] if match else []
    if match is None or len(characters) != 1:
        return cell, None
    return match["number"], "PERCENT" if characters == ["%"] else "AMOUNT"


def plain_number(cell: str, mark: str | None = None) -> str | None:
    """Read a number with commas, points or spaces as one with a decimal point at most; None where it is none.

    `mark` is what stands before the decimals in the cell's column. Raises Problem for what may mean two numbers.
    """
    text = cell.strip().translate(SPACES)
    if is_two_way(text):
        return _settled(text, mark, cell)
    character, digits = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    at = max(digits.rfind(","), digits.rfind("."))
    mark = digits[at] if at >= 0 else ""
    if digits[-1:] == mark != "":
        return None
    if mark and digits.count(mark) == 1:
        integer_part, decimals = digits[:at], digits[at + 1 :]
        others = set(",. '") - {mark}
    else:
        integer_part, decimals, others = digits, "", set(",. '")
    grouped = next((one for one in others if _GROUPED[one].fullmatch(integer_part)), None)
    if grouped:
        integer_part = integer_part.replace(grouped, "")
    if not _DIGITS_ONLY.fullmatch(integer_part) or not _DIGITS_ONLY.fullmatch(decimals) or not integer_part + decimals:
        return None
    return f"{character}{integer_part or '0'}.{decimals}" if decimals else f"{character}{integer_part}"


def _settled(number: str, mark: str | None, cell: str) -> str:
    """Settle a number of one to three digits, a mark and three more, by the mark of its column."""
    grouped, pointed = re.sub("[.,]", "", number), number.replace(",", ".")
    if mark is None:
        integer_part, decimals = pointed.split(".")
        # Three decimals would be as unclear as before.
        clear = (
            f"{integer_part}.{decimals.rstrip('0')}".rstrip(".")
            if decimals.endswith("0")
            else f"{integer_part}.{decimals}0"
        )
        raise Problem(f"may be {grouped} or {pointed}, write it as {grouped} or as {clear} {actual(cell)}")
    return pointed if mark in number else grouped


@dataclass(frozen=True, slots=True)
class NumberCell:
    """A reader of the numbers of a column: what `strict` takes, and else as people write it.

    `character` is what a symbol within the cell may say, `instead` what is demanded where it says another. `mark`
    is what stands before the decimals in the column, as its other cells show.
    """

    strict: Cleaner
    character: str | None = None
    instead: str = ""
    mark: str | None = None

    def __call__(self, cell: str) -> Any:
        """Read the number; raises Problem."""
        stripped = cell.strip()
        # One character tells of nearly all cells, which costs less than the call.
        if stripped[-4:-3] not in _MARKS or not is_two_way(stripped):
            try:
                return self.strict(cell)
            except Problem:
                respelled = self._respelled(cell) if len(cell) <= _MAX_LENGTH else None
                if respelled is None:
                    raise
        else:
            respelled = plain_number(cell, self.mark) or cell
        try:
            return self.strict(respelled)
        except Problem as problem:
            raise Problem(str(problem).replace(actual(respelled), actual(cell))) from None

    def _respelled(self, cell: str) -> str | None:
        if self.character is None:
            return plain_number(cell, self.mark)
        digits, character = _parted(cell)
        if character not in (None, self.character):
            raise Problem(f"must be {self.instead} {actual(cell)}")
        if character and is_two_way(digits):
            return _settled(digits, self.mark, cell)
        respelled = plain_number(digits, self.mark)
        return respelled if respelled is not None or character is None else digits


def marked(clean: Cleaner, mark: str | None) -> Cleaner:
    """Return the reader of a column in which this mark stands before decimals; others than of numbers as they are."""
    return replace(clean, mark=mark) if mark and isinstance(clean, NumberCell) else clean


def any_number(cell: str, mark: str | None = None) -> str | None:
    """Read a number with any symbol as one with a decimal point at most; None where it is none; raises Problem."""
    if len(cell) > _MAX_LENGTH:
        return None
    digits, character = _parted(cell)
    if character and is_two_way(digits):
        return _settled(digits, mark, cell)
    return plain_number(digits, mark)


number = NumberCell(cleaning.cell_number)
integer = NumberCell(cleaning.cell_integer)
cents = NumberCell(cleaning.cell_cents, "AMOUNT", "an amount, not a percentage")
percent = NumberCell(
    lambda cell: cleaning.percent(cleaning.cell_number(cell)), "PERCENT", "a percentage, not an amount"
)


def units(smallest: float | None) -> Decimal | None:
    """Return an amount in the smallest unit as files have it: 1450 is 14.5."""
    return None if smallest is None else Decimal(str(smallest)) / 100
