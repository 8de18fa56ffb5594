"""Reads the texts of submission options; each parser takes an option's name and its text, or makes one that does.

All of them raise InvalidQueryError for what cannot be understood.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from tallykeep.core import exact_json
from tallykeep.core.errors import InvalidQueryError
from tallykeep.core.options.file_limits import DELIMITERS, MAX_COLUMNS, MAX_TITLE_LENGTH

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "": False}
_MAX_TEXTS = 10_000  # that are to be read as others
_MAX_ADDED = 5_000  # characters, to each row
_SHOWN = 100
_DELIMITER_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_Choice = TypeVar("_Choice", bound=StrEnum)


def boolean(name: str, text: str) -> bool:
    """Read true or false, as people write it. Raises InvalidQueryError."""
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise InvalidQueryError(f"Property .{name} should be true or false, not {short(text)!r}") from None


def one_of(choices: type[_Choice]) -> Callable[[str, str], _Choice]:
    """Make a parser of one of these words, in any case."""
    *others, last = (choice.value for choice in choices)

    def parse(name: str, text: str) -> _Choice:
        try:
            return choices(text.strip().lower())
        except ValueError:
            known = f"{', '.join(others)} or {last}"
            raise InvalidQueryError(f"Property .{name} should be {known}, not {short(text)!r}") from None

    return parse


def integer(maximum: int) -> Callable[[str, str], int]:
    """Make a parser of a whole number from 1 to this one."""

    def parse(name: str, text: str) -> int:
        digits = text.lstrip("0")
        is_number = text.isascii() and text.isdecimal() and 0 < len(digits) <= len(str(maximum))
        if not (is_number and int(digits) <= maximum):
            expected = f"a whole number from 1 to {maximum}"
            raise InvalidQueryError(f"Property .{name} should be {expected}, not {short(text)!r}")
        return int(digits)

    return parse


def plain_text(name: str, text: str) -> str:
    """Read a text that can be kept."""
    _require_no_zero(name, text)
    return text


def delimiter(name: str, text: str) -> str:
    """Read a delimiter, as itself or by its name. Raises InvalidQueryError."""
    parsed = _DELIMITER_NAMES.get(text.lower(), text)
    if parsed not in tuple(DELIMITERS):
        raise InvalidQueryError(f"Property .{name} should be one of , ; | or tab, not {short(text)!r}")
    return parsed


def mapping(name: str, text: str) -> dict[str, str | None]:
    """Read the new names of columns, None for those to skip.

    Raises InvalidQueryError for what is no such object.
    """
    parsed = _object(name, text, "column to field, or to null to skip it")
    if any(title is not None and len(str(title)) > MAX_TITLE_LENGTH for title in parsed.values()):
        raise InvalidQueryError(f"Property .{name} should give titles of at most {MAX_TITLE_LENGTH} characters")
    if not all(isinstance(title, str | None) for title in parsed.values()):
        raise InvalidQueryError(f"Property .{name} should be a JSON object: column to field, or to null to skip it")
    _require_no_zero(name, *parsed, *filter(None, parsed.values()))
    return parsed


def defaults(name: str, text: str) -> dict[str, str]:
    """Read texts for empty cells by field. Raises InvalidQueryError for anything but such an object."""
    what = "field to text"
    parsed = _object(name, text, what)
    for field, default in parsed.items():
        _require_text(name, field, default, what)
    _require_short(name, sum(map(len, parsed.values())))
    _require_no_zero(name, *parsed)
    return parsed


def values(name: str, text: str) -> dict[str, dict[str, str]]:
    """Read, by field, what texts are to be read as; a text that is given twice is refused.

    Raises InvalidQueryError for what is no such object.
    """
    what = "field to an object of texts"
    parsed = _object(name, text, what)
    for field, meant in parsed.items():
        if not isinstance(meant, dict):
            raise InvalidQueryError(f"Property .{name} should be a JSON object: {what}; {short(field)!r} is not")
        for each in meant.values():
            _require_text(name, field, each, what)
        if len({each.strip().casefold() for each in meant}) < len(meant):
            raise InvalidQueryError(f"Property .{name} gives a text of {short(field)!r} twice; case does not matter")
        _require_no_zero(name, field, *meant)
    if sum(map(len, parsed.values())) > _MAX_TEXTS:
        raise InvalidQueryError(f"Property .{name} has more than {_MAX_TEXTS} texts")
    _require_short(name, sum(max(map(len, meant.values()), default=0) for meant in parsed.values()))
    return parsed


def short(text: str, max_length: int = _SHOWN) -> str:
    """Return the text as a message shows it: its first `max_length` characters."""
    return text if len(text) <= max_length else text[:max_length] + "…"


def _require_short(name: str, added: int) -> None:
    """Raise InvalidQueryError for long texts: every row may get them, so few rows could become very many bytes."""
    if added > _MAX_ADDED:
        raise InvalidQueryError(
            f"Property .{name} could add {added} characters to each row; at most {_MAX_ADDED} are possible"
        )


def _require_no_zero(name: str, *texts: str) -> None:
    """Raise InvalidQueryError for the character U+0000, which PostgreSQL keeps in no text."""
    if any("\0" in text for text in texts):
        raise InvalidQueryError(f"Property .{name} holds the character U+0000, which cannot be kept")


def _object(name: str, text: str, what: str) -> dict[str, Any]:
    try:
        value = exact_json.loads(text)
    except exact_json.DecodeError as error:
        raise InvalidQueryError(f"Property .{name} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InvalidQueryError(f"Property .{name} should be a JSON object: {what}")
    if len(value) > MAX_COLUMNS:
        raise InvalidQueryError(f"Property .{name} names {len(value)} columns; a file has {MAX_COLUMNS} at most")
    return value


def _require_text(name: str, field: str, text: object, what: str) -> None:
    if not isinstance(text, str) or "\0" in text or "\n" in text or "\r" in text:
        raise InvalidQueryError(
            f"Property .{name} should be a JSON object: {what}, of one line; {short(field)!r} is not"
        )
