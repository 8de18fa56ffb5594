"""A file's cells as the JSON values that metadata definitions ask for.

What is no such value is left as text, for the definition's own reason to show. What may mean two things is a Problem.
"""

from typing import Any

from tallykeep.core import exact_json
from tallykeep.resources.fields import cleaning, numerals
from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields.array_cells import array_in
from tallykeep.resources.fields.cleaning import Number, Problem


def typed(value_type: str, cell: str, mark: str | None = None) -> Any:
    """Read a cell as a value of this type; `mark` stands before the decimals in its column."""
    if value_type == "number":
        return _number_or_text(cell, mark)
    if value_type in ("date", "datetime"):
        return cell if _is_timestamp(cell) else spellings.iso_date(cell) or cell
    return _READERS[value_type](cell) if value_type in _READERS else cell


def _boolean_or_text(cell: str) -> Any:
    try:
        return spellings.boolean(cell)
    except Problem:
        return cell


def _json_or_text(cell: str) -> Any:
    try:
        return exact_json.loads(cell)
    except exact_json.DecodeError:
        return cell


_READERS = {"boolean": _boolean_or_text, "object": _json_or_text}


def typed_array(value_type: str, cell: str) -> list[Any]:
    """Read the items of a cell, a JSON array or with commas between them, each as a value of this type."""
    items = array_in(cell, is_bare=value_type == "object")
    if items is None:
        return [typed(value_type, item.strip()) for item in cell.split(",")]
    return [typed(value_type, item) if isinstance(item, str) else item for item in items]


def _number_or_text(cell: str, mark: str | None) -> Any:
    text = cell.strip()
    plain = text if _is_json_number(text) else numerals.any_number(text, mark)
    value = None if plain is None else _as_number(plain.removeprefix("+"))
    return cell if value is None else value


def _is_json_number(text: str) -> bool:
    return not numerals.is_two_way(text) and _as_number(text) is not None


def _as_number(plain: str) -> Number | None:
    """Parse JSON, None where that is no number."""
    try:
        value = exact_json.loads(plain)
    except exact_json.DecodeError:
        return None
    number: Number | None = value if cleaning.is_number(value) else None
    return number


def _is_timestamp(cell: str) -> bool:
    try:
        cleaning.timestamp(cell)
    except Problem:
        return False
    return True
