"""Ordinary spellings of what files hold, as spreadsheets write them: 31.12.2026, Gift card, yes; numbers: numerals.

Each reader tries the wire format's own spelling first. What that refuses is read as people write it where this can mean
one thing only; where it may mean two, the reason says how to write it instead.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any
from unicodedata import normalize

from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner, Problem, actual
from tallykeep.resources.fields.numerals import SPACES

# Gives a text in the wire format's own spelling, None where it is none that is known; raises Problem.
Respell = Callable[[str], str | None]

_CLOCK = r"(?P<time>(?:[01]?\d|2[0-4]):\d\d(?::\d\d(?:\.\d{1,9})?)?)"
_CLOCK_OF_12 = r"(?P<hour>0?\d|1[0-2])(?P<minutes>:\d\d(?::\d\d(?:\.\d{1,9})?)?)?\s?(?P<half>[ap])\.?m\.?"
_ZONE = r"\s?(?:Z|(?:UTC|GMT)?(?P<zone>[+-]\d\d:?[0-5]\d)|(?:UTC|GMT))?"
_TIME = rf"(?:(?:T|,?\s+)(?:{_CLOCK_OF_12}|{_CLOCK}){_ZONE})?"
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
_SHORT_YEAR = _pattern(r"\d{1,2}(?P<sign>[-/.])\s?\d{1,2}(?P=sign)\s?\d{2}")

_MAX_LENGTH = 60  # of what is read with patterns

BOOLEANS = ("true", "false")
# In the languages whose titles are known, and as spreadsheets show the two in them; letters alone where one is meant.
_TRUE = (
    "yes", "y", "t", "1", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "verdadero", "tak", "prawda", "sì", "vero",
    "sim", "verdadeiro", "waar",
)  # fmt: skip
_FALSE = (
    "no", "n", "f", "0", "nein", "falsch", "non", "faux", "falso", "nie", "fałsz", "falsz", "não", "nao", "nee",
    "onwaar",
)  # fmt: skip
_BOOLEANS = dict.fromkeys(_TRUE, "true") | dict.fromkeys(_FALSE, "false")


def lenient(strict: Cleaner, respell: Respell) -> Cleaner:
    """Take what `strict` takes, also once it is spelled its way; reasons show what stands in the file."""

    def clean(cell: str) -> Any:
        try:
            return strict(cell)
        except Problem:
            respelled = respell(cell) if len(cell) <= _MAX_LENGTH else None
            if respelled is None:
                raise
        try:
            return strict(respelled)
        except Problem as problem:
            raise Problem(str(problem).replace(actual(respelled), actual(cell))) from None

    return clean


def iso_date(cell: str) -> str | None:
    """Respell a date of another spelling, with or without a time, as the wire format has it; None if it is none.

    Raises Problem for what could be several dates, or none.
    """
    if len(cell) > _MAX_LENGTH:
        return None
    text = cell.strip().translate(SPACES)
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
    time = _time(match)
    return None if time is None else _existing(int(match["year"]), month, day, cell) + time


def _by_size(first: int, second: int, cell: str) -> tuple[int, int]:
    """Tell day and month of two numbers, where only one can be a month, or both are the same; raises Problem."""
    if first > 12 or first == second:
        return first, second
    if second > 12:
        return second, first
    raise Problem(f"may be day/month or month/day, write it like 2026-12-31 {actual(cell)}")


def _month(name: str) -> int:
    """Return the month of this English name or its beginning; 0 where there is none."""
    wanted = "sep" if name.lower() == "sept" else name.lower()
    numbers = [number for number, month in enumerate(_MONTHS, 1) if wanted in (month, month[:3])]
    return numbers[0] if numbers else 0


def _existing(year: int, month: int, day: int, cell: str) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise Problem(f"is not a date that exists {actual(cell)}") from None


def _time(match: re.Match[str]) -> str | None:
    """Return the time behind a date as the wire format has it, empty where there is none; None for 0:30 PM."""
    zone = match["zone"] or ""
    if match["half"] is None:
        time = match["time"]
        return f"T{'0' * (time[1] == ':')}{time}{zone}" if time else ""
    hour, is_afternoon = int(match["hour"]), match["half"].lower() == "p"
    if hour == 0 and is_afternoon:
        return None
    return f"T{hour % 12 + 12 * is_afternoon:02}{match['minutes'] or ':00'}{zone}"


def choice(allowed: Iterable[str], synonyms: Mapping[str, str] | None = None) -> Cleaner:
    """Make a cleaner for one of these words in any case, spacing and hyphenation, or a synonym of it."""
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


boolean = lenient(cleaning.boolean, lambda cell: _BOOLEANS.get(normalize("NFC", cell).strip().lower()))
day = lenient(cleaning.day, iso_date)
timestamp = lenient(cleaning.timestamp, iso_date)
last_timestamp = lenient(cleaning.last_timestamp, iso_date)
