"""A file's cells as the JSON values that metadata definitions ask for.

What is no such value is left as text, for the definition's own reason to show. What may mean two things is a Problem.
"""

import re
from typing import Any

from tallykeep.core import exact_json
from tallykeep.resources.fields import cleaning, numerals
from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields.cleaning import Number, Problem, actual

_QUOTED = re.compile(r"\s*+\[\s*+(?:'[^'\\]*+'\s*+(?:,\s*+'[^'\\]*+'\s*+)*+)?\]\s*+")
_QUOTED_ITEM = re.compile(r"'([^'\\]*+)'")
_BEGUN = re.compile(r"""(?:^|,)\s*+(?:"|\[\s*+["'])""")  # an item in quotes, or an array


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


def array_in(cell: str, *, is_bare: bool = False) -> list[Any] | None:
    """Read the JSON array that a cell is, with single quotes as well, or without the brackets around its quoted items.

    None where it is none; one of items that `is_bare` has no quotes to tell it. Raises Problem for half of an array.
    """
    stripped = cell.strip()
    is_begun = may_be_array(stripped)
    if not is_begun and not is_bare:
        return None
    try:
        elements = exact_json.loads(stripped if _is_bracketed(stripped) else f"[{stripped}]")
        return elements if isinstance(elements, list) else None
    except exact_json.DecodeError:
        if not is_begun:
            return None
    if _QUOTED.fullmatch(stripped):
        return _QUOTED_ITEM.findall(stripped)
    raise Problem(f'must be an array like ["a","b"], or items with commas between them {actual(cell)}')


def may_be_array(cell: str) -> bool:
    """Whether there are brackets around this cell, or quotes around an item: it is an array, or half of one."""
    return _is_bracketed(cell) or _BEGUN.search(cell) is not None


def _is_bracketed(cell: str) -> bool:
    return cell.startswith("[") and cell.endswith("]")


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
