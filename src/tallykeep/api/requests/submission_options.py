"""What a submission asks for beside its rows: query parameters, or fields of its form."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from starlette.datastructures import QueryParams

from tallykeep.core import exact_json
from tallykeep.core.errors import InvalidQueryError
from tallykeep.core.submission_options import OnError, SubmissionOptions
from tallykeep.formats.csv.header import LAST_HEADER_ROW, MAX_COLUMNS, MAX_TITLE_LENGTH
from tallykeep.formats.csv.titles import normal_title
from tallykeep.formats.csv.writer import DELIMITERS

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "": False}
_MAX_FAILURES = 1 << 53
_ALIKE = 0.85  # of 1; «dryrn» is meant to be «dry_run», «on_hold» is not meant to be «on_error»
_MAX_ALIKE_LENGTH = 30
_MAX_TEXTS = 10_000  # that are to be read as others
_MAX_ADDED = 5_000  # characters, to each row
_SHOWN = 100

PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "dry_run",
        "in": "query",
        "schema": {"type": "boolean", "default": False},
        "description": "Validate every row and look up what it refers to, but write nothing.",
    },
    {
        "name": "on_error",
        "in": "query",
        "schema": {"type": "string", "enum": [policy.value for policy in OnError], "default": "continue"},
        "description": "What failed rows mean for the others: nothing, stop after max_failures, or write nothing.",
    },
    {
        "name": "max_failures",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1},
        "description": "With on_error=stop: after so many failed rows, 1 unless told, the rest is left unprocessed.",
    },
    {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "maxLength": 255},
        "description": "Sent again with the same key, the same submission is the same action.",
    },
]
MAPPING: dict[str, Any] = {
    "name": "mapping",
    "in": "query",
    "schema": {"type": "string"},
    "description": "A JSON object that names columns of the file by our fields, or skips them: "
    '{"Gutschein": "Code", "Notiz": null}.',
}
DEFAULTS: dict[str, Any] = {
    "name": "defaults",
    "in": "query",
    "schema": {"type": "string"},
    "description": "A JSON object of texts by field, for every row whose cell is empty, or where the file has no such "
    'column: {"Discount Type": "PERCENT"}. Fields are called as they are after `mapping`. '
    "A Discount Type does not stand where a sign within Value says another: 15 %, 5 €.",
}
VALUES: dict[str, Any] = {
    "name": "values",
    "in": "query",
    "schema": {"type": "string"},
    "description": "A JSON object that has, by field, what texts of the file are to be read as: "
    '{"Voucher Type": {"Gutschein": "GIFT_VOUCHER"}}. Case, and blanks around them, do not matter.',
}
DELIMITER: dict[str, Any] = {
    "name": "delimiter",
    "in": "query",
    "schema": {"type": "string"},
    "description": "What stands between the cells of a CSV file: one of , ; | or tab. Left out, its header tells.",
}
LAST_DAY_COUNTS: dict[str, Any] = {
    "name": "last_day_counts",
    "in": "query",
    "schema": {"type": "boolean", "default": False},
    "description": "Whether an Expiration Date that is a day alone, such as 2026-12-31, means the end of that day "
    "(23:59:59.999 UTC) instead of its start.",
}

CHARSET: dict[str, Any] = {
    "name": "charset",
    "in": "query",
    "schema": {"type": "string"},
    "description": "The encoding of a CSV file, such as windows-1250. Left out, its content type or its bytes tell.",
}
SHEET: dict[str, Any] = {
    "name": "sheet",
    "in": "query",
    "schema": {"type": "string"},
    "description": "The sheet of a workbook, by its name, or by its number from 1. Left out, the first one with rows, "
    "or the one whose header is known best.",
}
HEADER_ROW: dict[str, Any] = {
    "name": "header_row",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": LAST_HEADER_ROW},
    "description": "The line of a file, or the row of a sheet, in which the titles of the columns stand. Left out, the "
    "first that is not blank, or the one below it in which most of the known titles stand.",
}

_NAMES = (
    "dry_run", "on_error", "max_failures", "mapping", "include_unprocessed", "delimiter", "defaults", "values",
    "charset", "sheet", "header_row", "last_day_counts",
)  # fmt: skip
_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_BY_TITLE = {normal_title(name): name for name in _NAMES}


def read_submission_options(given: Mapping[str, str]) -> SubmissionOptions:
    """The wishes among these parameters; raises InvalidQueryError for what cannot be understood, or is misspelled.

    Other parameters are read over, but a dry run that is none because of a typo would write.
    """
    for name in given:
        _refuse_misspelled(name)
    if isinstance(given, QueryParams):
        refuse_contradictions(given.multi_items())
    on_error = _on_error(given.get("on_error", OnError.CONTINUE))
    if "max_failures" in given and on_error != OnError.STOP:
        raise InvalidQueryError("Property .max_failures goes with on_error=stop only")
    return SubmissionOptions(
        dry_run=read_boolean("dry_run", given.get("dry_run", "false")),
        on_error=on_error,
        max_failures=read_whole_number("max_failures", given.get("max_failures", "1"), _MAX_FAILURES),
        mapping=read_mapping(given.get("mapping", "{}")),
        delimiter=read_delimiter(given.get("delimiter")),
        defaults=read_defaults(given.get("defaults") or "{}"),
        values=read_values(given.get("values") or "{}"),
        charset=given.get("charset") or None,
        sheet=given.get("sheet") or None,
        header_row=read_header_row(given.get("header_row")),
        last_day_counts=read_last_day_counts(given),
    )


def refuse_contradictions(given: Iterable[tuple[str, str]]) -> None:
    """Raise InvalidQueryError for a wish that is given twice and differently: a dry run must not write."""
    first: dict[str, str] = {}
    for name, text in given:
        if name in _NAMES and first.setdefault(name, text) != text:
            raise InvalidQueryError(
                f"Property .{name} is given as {_short(first[name])!r} and as {_short(text)!r}; give it once"
            )


def read_last_day_counts(given: Mapping[str, str]) -> bool | None:
    """Whether ends that are a day alone mean its end, None where nothing is said; raises InvalidQueryError."""
    text = given.get("last_day_counts")
    return read_boolean("last_day_counts", text) if text else None


def read_delimiter(text: str | None) -> str | None:
    """What stands between cells; raises InvalidQueryError for what cannot."""
    if not text:
        return None
    delimiter = _DELIMITERS.get(text.lower(), text)
    if delimiter not in tuple(DELIMITERS):
        raise InvalidQueryError(f"Property .delimiter should be one of , ; | or tab, not {_short(text)!r}")
    return delimiter


def read_header_row(text: str | None) -> int | None:
    """The number of a line or a sheet's row; raises InvalidQueryError for what is none."""
    return read_whole_number("header_row", text, LAST_HEADER_ROW) if text else None


def read_whole_number(name: str, text: str, maximum: int) -> int:
    """A whole number from 1 to this one; raises InvalidQueryError."""
    digits = text.lstrip("0")
    if not (text.isascii() and text.isdecimal() and 0 < len(digits) <= len(str(maximum)) and int(digits) <= maximum):
        raise InvalidQueryError(f"Property .{name} should be a whole number from 1 to {maximum}, not {_short(text)!r}")
    return int(digits)


def _refuse_misspelled(name: str) -> None:
    if name in _NAMES or len(name) > _MAX_ALIKE_LENGTH:
        return
    for close in get_close_matches(normal_title(name), _BY_TITLE, n=1, cutoff=_ALIKE):
        raise InvalidQueryError(f"Property .{name} is not known; it is called {_BY_TITLE[close]}")


def read_boolean(name: str, text: str) -> bool:
    """True or false, as people write it; raises InvalidQueryError."""
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise InvalidQueryError(f"Property .{name} should be true or false, not {_short(text)!r}") from None


def _on_error(text: str) -> OnError:
    try:
        return OnError(text.strip().lower())
    except ValueError:
        raise InvalidQueryError(
            f"Property .on_error should be continue, stop or reject, not {_short(text)!r}"
        ) from None


def read_mapping(text: str) -> dict[str, str | None]:
    """Columns by what they are to be called, None to skip them; raises InvalidQueryError."""
    mapping = _object("mapping", text, "column to field, or to null to skip it")
    if any(title is not None and len(str(title)) > MAX_TITLE_LENGTH for title in mapping.values()):
        raise InvalidQueryError(f"Property .mapping should give titles of at most {MAX_TITLE_LENGTH} characters")
    if not all(isinstance(field, str | None) for field in mapping.values()):
        raise InvalidQueryError("Property .mapping should be a JSON object: column to field, or to null to skip it")
    return mapping


def read_defaults(text: str) -> dict[str, str]:
    """Texts for empty cells by field; raises InvalidQueryError."""
    what = "field to text"
    defaults = _object("defaults", text, what)
    for field, default in defaults.items():
        _require_text("defaults", field, default, what)
    _require_short("defaults", sum(map(len, defaults.values())))
    return defaults


def read_values(text: str) -> dict[str, dict[str, str]]:
    """By field, what texts are to be read as; raises InvalidQueryError, also for a text that is given twice."""
    what = "field to an object of texts"
    values = _object("values", text, what)
    for field, meant in values.items():
        if not isinstance(meant, dict):
            raise InvalidQueryError(f"Property .values should be a JSON object: {what}; {_short(field)!r} is not")
        for each in meant.values():
            _require_text("values", field, each, what)
        if len({each.strip().casefold() for each in meant}) < len(meant):
            raise InvalidQueryError(f"Property .values gives a text of {_short(field)!r} twice; case does not matter")
    if sum(map(len, values.values())) > _MAX_TEXTS:
        raise InvalidQueryError(f"Property .values has more than {_MAX_TEXTS} texts")
    _require_short("values", sum(max(map(len, meant.values()), default=0) for meant in values.values()))
    return values


def _require_short(name: str, added: int) -> None:
    """Every row may get these texts, so that few rows could become very many bytes."""
    if added > _MAX_ADDED:
        raise InvalidQueryError(
            f"Property .{name} could add {added} characters to each row; at most {_MAX_ADDED} are possible"
        )


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
            f"Property .{name} should be a JSON object: {what}, of one line; {_short(field)!r} is not"
        )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
