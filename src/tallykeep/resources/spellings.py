"""Ordinary spellings of what files hold, as spreadsheets write them: 31.12.2026, 25,50 €, 15 %, Gift card, yes.

Each reader tries the wire format's own spelling first. What that refuses is read as people write it where this can mean
one thing only; where it may mean two, the reason says how to write it instead.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from tallykeep.resources import cleaning
from tallykeep.resources.cleaning import Cleaner, Problem, actual

# Gives a text in the wire format's own spelling, None where it is none that is known; raises Problem.
Respell = Callable[[str], str | None]

_TIME = r"(?:(?:T|,?\s+)(?P<time>(?:[01]?\d|2[0-4]):\d\d(?::\d\d(?:\.\d{1,9})?)?)\s?(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_YEAR = r"(?P<year>\d{4})"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text + _TIME, re.ASCII | re.IGNORECASE)


_YEAR_FIRST = _pattern(r"(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})")
_DOTTED = _pattern(rf"(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?{_YEAR}")
_SLASHED = _pattern(rf"(?P<first>\d{{1,2}})(?P<sign>[-/])(?P<second>\d{{1,2}})(?P=sign){_YEAR}")
_NAMED = (
    _pattern(rf"{_MONTH}\s*{_DAY}(?:,\s*|\s+){_YEAR}"),
    _pattern(rf"{_DAY}(?:\s*|-){_MONTH}(?:,?\s*|-){_YEAR}"),
)
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.])\s?\d{1,2}\1\s?\d{2}", re.ASCII)

_CURRENCIES = (
    "€", "$", "£", "¥", "₹", "₽", "₺", "₩", "zł", "kr", "Kč", "Ft", "R$", "US$", "AUD", "BRL", "CAD", "CHF", "CNY",
    "CZK", "DKK", "EUR", "Euro", "GBP", "HUF", "INR", "JPY", "MXN", "NOK", "NZD", "PLN", "RON", "SEK", "SGD", "TRY",
    "USD", "ZAR",
)  # fmt: skip
_CURRENCY = "|".join(re.escape(sign) for sign in sorted(_CURRENCIES, key=len, reverse=True))
_SIGNED = re.compile(rf"(?P<before>{_CURRENCY}|%)?\s*(?P<number>[^\s].*?)\s*(?P<after>{_CURRENCY}|%)?", re.IGNORECASE)
_SPACES = str.maketrans(
    {"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ", "\N{RIGHT SINGLE QUOTATION MARK}": "'"}
)
_GROUPED = {sign: re.compile(rf"\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+", re.ASCII) for sign in ",. '"}
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2},\d{3}", re.ASCII)
_THOUSANDS_OR_NOT = re.compile(r"[1-9]\d{0,2}\.\d{3}", re.ASCII)  # beside € most would mean thousands, not 1.25
_WHOLE = re.compile(r"\d*", re.ASCII)
_LONGEST = 60  # of what is read with patterns

BOOLEANS = ("true", "false")
_BOOLEANS = {
    **dict.fromkeys(("yes", "y", "1", "ja", "j", "wahr", "oui", "vrai"), "true"),
    **dict.fromkeys(("no", "n", "0", "nein", "falsch", "non", "faux"), "false"),
}


def lenient(strict: Cleaner, respell: Respell) -> Cleaner:
    """What `strict` takes, and else what it takes once it is spelled its way; reasons show what stands in the file."""

    def clean(cell: str) -> Any:
        try:
            return strict(cell)
        except Problem:
            respelled = respell(cell) if len(cell) <= _LONGEST else None
            if respelled is None:
                raise
        try:
            return strict(respelled)
        except Problem as problem:
            raise Problem(str(problem).replace(actual(respelled), actual(cell))) from None

    return clean


def iso_date(cell: str) -> str | None:
    """A date in another spelling than the wire format's, with or without a time, as that has it."""
    text = cell.strip()
    if match := _SLASHED.fullmatch(text):
        day, month = _by_size(int(match["first"]), int(match["second"]), cell)
    elif match := _YEAR_FIRST.fullmatch(text) or _DOTTED.fullmatch(text):
        day, month = int(match["day"]), int(match["month"])
    elif match := _NAMED[0].fullmatch(text) or _NAMED[1].fullmatch(text):
        day, month = int(match["day"]), _month(match["month"])
        if not month:
            return None
    elif _SHORT_YEAR.fullmatch(text):
        raise Problem(f"must have a year of four digits, write it like 2026-12-31 {actual(cell)}")
    else:
        return None
    return _existing(int(match["year"]), month, day, cell) + _time(match["time"], match["zone"])


def _by_size(first: int, second: int, cell: str) -> tuple[int, int]:
    """Day and month of two numbers, where only one of them can be a month, or both are the same."""
    if first > 12 or first == second:
        return first, second
    if second > 12:
        return second, first
    raise Problem(f"may be day/month or month/day, write it like 2026-12-31 {actual(cell)}")


def _month(name: str) -> int:
    """The month of this English name or its beginning; 0 where there is none."""
    wanted = "sep" if name.lower() == "sept" else name.lower()
    found = [number for number, month in enumerate(_MONTHS, 1) if wanted in (month, month[:3])]
    return found[0] if found else 0


def _existing(year: int, month: int, day: int, cell: str) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise Problem(f"is not a date that exists {actual(cell)}") from None


def _time(time: str | None, zone: str | None) -> str:
    return f"T{'0' * (time[1] == ':')}{time}{(zone or '').upper()}" if time else ""


def plain_number(cell: str) -> str | None:
    """A number with commas, points or spaces in it, as one with a decimal point at most."""
    text = cell.strip().translate(_SPACES)
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if _AMBIGUOUS.fullmatch(digits):
        without = digits.replace(",", "")
        raise Problem(f"may be {without} or {digits.replace(',', '.')}, write it without a comma {actual(cell)}")
    at = max(digits.rfind(","), digits.rfind("."))
    mark = digits[at] if at >= 0 else ""
    if digits[-1:] == mark != "":
        return None
    if mark and digits.count(mark) == 1:
        whole, decimals = digits[:at], digits[at + 1 :]
        others = set(",. '") - {mark}
    else:
        whole, decimals, others = digits, "", set(",. '")
    grouped = next((one for one in others if _GROUPED[one].fullmatch(whole)), None)
    if grouped:
        whole = whole.replace(grouped, "")
    if not _WHOLE.fullmatch(whole) or not _WHOLE.fullmatch(decimals) or not whole + decimals:
        return None
    return f"{sign}{whole or '0'}.{decimals}" if decimals else f"{sign}{whole}"


def sign_of(cell: str) -> str | None:
    """What the sign of a number says that it is: PERCENT or AMOUNT; None without a sign."""
    return _parted(cell)[1]


def _parted(cell: str) -> tuple[str, str | None]:
    """The number without its sign, and what the sign says."""
    text = cell.strip().translate(_SPACES)
    match = _SIGNED.fullmatch(text) if len(text) <= _LONGEST else None
    signs = [sign for sign in (match["before"], match["after"]) if sign] if match else []
    if match is None or len(signs) != 1:
        return cell, None
    return match["number"], "PERCENT" if signs == ["%"] else "AMOUNT"


def _signed(kind: str, other: str) -> Respell:
    """A number that may have a sign of this kind; the other kind is refused."""

    def respell(cell: str) -> str | None:
        digits, sign = _parted(cell)
        if sign not in (None, kind):
            raise Problem(f"must be {other} {actual(cell)}")
        if sign and _THOUSANDS_OR_NOT.fullmatch(digits):
            raise Problem(f"may be {digits.replace('.', '')} or {digits}, write it without the sign {actual(cell)}")
        respelled = plain_number(digits)
        return respelled if respelled is not None or sign is None else digits

    return respell


def choice(allowed: Iterable[str], synonyms: Mapping[str, str] | None = None) -> Cleaner:
    """A cleaner for one of these words in any case, with any spaces, hyphens and underscores, or a synonym of it."""
    words = tuple(allowed)
    strict = cleaning.one_of(*words)
    by_letters = {_letters(word): word for word in words}
    by_letters = {_letters(word): meant for word, meant in (synonyms or {}).items()} | by_letters
    spelled = frozenset(words)

    def clean(cell: str) -> Any:
        return cell if cell in spelled else strict(by_letters.get(_letters(cell), cell))

    return clean


def _letters(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).lower()


boolean = lenient(cleaning.boolean, lambda cell: _BOOLEANS.get(cell.strip().lower()))
moment = lenient(cleaning.moment, iso_date)
number = lenient(cleaning.cell_number, plain_number)
whole_number = lenient(cleaning.cell_whole_number, plain_number)
cents = lenient(cleaning.cell_cents, _signed("AMOUNT", "an amount, not a percentage"))
percent = lenient(
    lambda cell: cleaning.percent(cleaning.cell_number(cell)), _signed("PERCENT", "a percentage, not an amount")
)
