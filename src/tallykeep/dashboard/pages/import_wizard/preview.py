"""The preview of a file as the wizard shows it, and the API query that its form makes."""

import codecs
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from tallykeep.core import exact_json
from tallykeep.core.options.declaration import Scope
from tallykeep.core.options.submission_options import options_for
from tallykeep.dashboard.pages.import_wizard.values import (
    Constant,
    constants,
    further,
    submission_options_of,
    translations,
)
from tallykeep.formats.csv.titles import normal_title

FORMATS = {"csv": "CSV", "xlsx": "Excel workbook", "json": "JSON", "ndjson": "JSON, one row per line"}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252, Western Europe",
    "cp1250": "Windows-1250, Central Europe",
    "cp1251": "Windows-1251, Cyrillic",
    "iso8859-15": "ISO 8859-15, Western Europe",
    "utf-16": "UTF-16",
    "cp932": "Windows-932, Japanese",
    "gb18030": "GB 18030, Chinese",
}
# The form's fields that go into a preview as they are; others are made from several fields.
_OWN = ("row_type", "campaign", "partial")
_MADE = ("mapping", "values", "defaults")
# The options of an import that the form sets; the buttons set dry_run, the content type the charset.
OPTIONS = tuple(option.name for option in options_for(Scope.EVERY) if option.name != "dry_run")
FILE_OPTIONS = tuple(option.name for option in options_for(Scope.FILE, Scope.ENDS) if option.name != "charset")
_PLAIN = tuple(option.name for option in options_for(Scope.FILE, Scope.ENDS) if option.name not in _MADE)
_OF_CELLS = ("csv", "xlsx")
_END_DATES = ("Expiration Date",)  # the fields that `last_day_counts` is about
_LEFT_OUT, _FIELD = "out", "field:"
_BY_COLUMNS = "columns"  # how the row type was found; else somebody chose it
_SURE, _LIKELY = 0.75, 0.4
_KNOWN_ENOUGH = 0.5  # of the columns; with fewer, and without a required field, the wizard asks for the row type


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a column may be used for."""

    value: str
    label: str
    chosen: bool


_Columns = list[tuple[dict[str, Any], list[Choice]]]


def preview_query(form: FormData) -> dict[str, str]:
    """Return the preview's parameters, from the wizard's form."""
    query = {name: str(form[name]) for name in (*_OWN, *_PLAIN) if form.get(name)}
    titles = {name.removeprefix("title-"): str(title) for name, title in form.items() if name.startswith("title-")}
    if titles:
        uses = [(title, str(form.get(f"column-{index}", ""))) for index, title in titles.items()]
        query["mapping"] = exact_json.dumps(_mapping(uses)).decode()
    return query | submission_options_of(form)


def _mapping(uses: list[tuple[str, str]]) -> dict[str, str | None]:
    """Return the mapping that the columns' selects show; a column used by its own title needs none."""
    mapping: dict[str, str | None] = {}
    for title, use in uses:
        if use == _LEFT_OUT:
            mapping[title] = None
        elif use.startswith(_FIELD) and normal_title(use.removeprefix(_FIELD)) != normal_title(title):
            mapping[title] = use.removeprefix(_FIELD)
    return mapping


def shown(seen: dict[str, Any], form: FormData, campaigns: list[str]) -> dict[str, Any]:
    """Return everything that the template of the preview shows."""
    shown_constants = constants(seen, form)
    columns = [(column, _choices(seen, column)) for column in seen["columns"]]
    return {
        **how_it_is_read(seen, form),
        "translations": translations(seen, form),
        "constants": shown_constants,
        "further": further(seen, shown_constants),
        "columns": columns,
        "ignored": _ignored(seen),
        "has_lines": any(row.get("line") is not None for row in seen["rows"]),
        "end_date": _end_date(seen, shown_constants),
        "last_day_counts": bool(form.get("last_day_counts")),
        "campaign": form.get("campaign") or "",
        "campaigns": campaigns,
        "on_error": form.get("on_error") or "continue",
        # The options that the import is sent with, made from the other fields.
        "mapping": exact_json.dumps(_mapping(_uses(columns))).decode(),
        "values": exact_json.dumps(seen["values"]).decode(),
        "defaults": exact_json.dumps(seen["defaults"]).decode(),
    }


def how_it_is_read(seen: dict[str, Any], form: FormData) -> dict[str, Any]:
    """Return what is shown of the file itself, whatever its rows are; what was detected is marked."""
    chosen = _row_type_was_chosen(form)
    return {
        "seen": seen,
        "formats": FORMATS,
        "delimiters": DELIMITERS,
        "encodings": _encodings(seen),
        "sheets": [_sheet(sheet) for sheet in seen.get("sheets") or ()],
        "detected_sheet": "" if form.get("sheet") else seen.get("sheet"),
        "header_row": seen.get("header_row"),
        "detected_header_row": "" if form.get("header_row") else seen.get("header_row"),
        "skipped_rows": seen.get("skipped_rows") or 0,
        "warnings": seen.get("warnings", []),
        "row_type_by": "choice" if chosen else _BY_COLUMNS,
        "sure": _sureness(seen, chosen=chosen),
    }


def _row_type_was_chosen(form: FormData) -> bool:
    return bool(form.get("row_type")) and form.get("row_type_by") != _BY_COLUMNS


def _uses(columns: _Columns) -> list[tuple[str, str]]:
    return [(column["title"], choice.value) for column, choices in columns for choice in choices if choice.chosen]


def _choices(seen: dict[str, Any], column: dict[str, Any]) -> list[Choice]:
    """Return what a column may be used for: as its title says, as any field, or not at all."""
    if seen["format"] not in _OF_CELLS or not column["title"]:
        return []
    own = next((field["title"] for field in seen["fields"] if _is_called(column["title"], field)), None)
    if _is_ignored(seen, column):
        as_called = [Choice("", "Nothing: not read for these rows", True)]
    else:
        as_called = [] if own else [Choice("", f"Metadata: {column['title']}", column["use"] == "metadata")]
    fields = [
        Choice(_FIELD + field["title"], field["title"] + (" (required)" if field["required"] else ""),
               column["use"] == "field" and column["target"] == field["title"])
        for field in seen["fields"]
    ]  # fmt: skip
    left_out = Choice(_LEFT_OUT, "Leave out", column["use"] == "left_out" and not _is_ignored(seen, column))
    return [*as_called, *fields, left_out]


def _is_called(title: str, field: dict[str, Any]) -> bool:
    return normal_title(title) in map(normal_title, (field["title"], *field["others"]))


def _ignored(seen: dict[str, Any]) -> list[str]:
    """Return the columns that this row type ignores; none where the preview warns of them itself."""
    warned = any(warning["type"] == "ignored_columns" for warning in seen.get("warnings", ()))
    return [] if warned else [column["title"] for column in seen["columns"] if _is_ignored(seen, column)]


def _is_ignored(seen: dict[str, Any], column: dict[str, Any]) -> bool:
    """Return whether a column is not read although nobody left it out."""
    if seen["format"] not in _OF_CELLS or column["use"] != "left_out" or not column["title"].strip():
        return False
    left_out = {normal_title(title) for title, target in seen["mapping"].items() if target is None}
    return normal_title(column["title"]) not in left_out


def _end_date(seen: dict[str, Any], shown_constants: list[Constant]) -> bool:
    targets = {column["target"] for column in seen["columns"] if column["use"] == "field"}
    return seen["format"] in _OF_CELLS and any(
        title in targets or title in {each.field for each in shown_constants} for title in _END_DATES
    )


def is_a_guess(seen: dict[str, Any]) -> bool:
    """Return whether the likeliest row type is too unlikely to continue without asking."""
    recognized = next(each for each in seen["row_types"] if each["row_type"] == seen["row_type"])
    if seen["format"] not in _OF_CELLS:
        return bool(recognized["confidence"] < _LIKELY)
    named = [column for column in seen["columns"] if column["title"].strip()]
    known = sum(column["use"] == "field" for column in named)
    needs = any(field["required"] for field in seen["fields"])
    return known < _KNOWN_ENOUGH * len(named) and (bool(seen["missing"]) or not needs)


def _sureness(seen: dict[str, Any], *, chosen: bool) -> str:
    recognized = next(each for each in seen["row_types"] if each["row_type"] == seen["row_type"])
    if chosen:
        return f"As you chose: {recognized['reason']}."
    if recognized["confidence"] >= _SURE:
        return f"By its columns: {recognized['reason']}."
    if recognized["confidence"] >= _LIKELY:
        return f"Likely: {recognized['reason']}."
    return f"A guess: {recognized['reason']}. Choose what the rows are."


def _encodings(seen: dict[str, Any]) -> dict[str, str]:
    """Return the encodings to choose from: the current one, then those that read better, then all others."""
    names = dict.fromkeys((seen["encoding"], *map(_codec, seen.get("encodings", ()))))
    return {name: ENCODINGS.get(name, name) for name in (*names, *ENCODINGS)}


def _codec(name: str) -> str:
    """Return the name that the preview uses for an encoding."""
    try:
        return codecs.lookup(name).name
    except LookupError:
        return name


def _sheet(sheet: dict[str, Any]) -> tuple[str, str]:
    rows, name = sheet.get("rows"), str(sheet["name"])
    return name, name if rows is None else f"{name} ({rows:,} {'row' if rows == 1 else 'rows'})"
