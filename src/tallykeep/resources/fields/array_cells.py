"""A file's cells that hold an array: JSON, the same with single quotes, or items with commas between them."""

import re
from typing import Any

from tallykeep.core import exact_json
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual

_QUOTED = re.compile(r"\s*+\[\s*+(?:'[^'\\]*+'\s*+(?:,\s*+'[^'\\]*+'\s*+)*+)?\]\s*+")
_QUOTED_ITEM = re.compile(r"'([^'\\]*+)'")
_BEGUN = re.compile(r"""(?:^|,)\s*+(?:"|\[\s*+["'])""")  # an item in quotes, or an array


def text_array(value: Any) -> list[str]:
    """Take a JSON array of strings. Raises Problem for anything else."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Problem(f"must be an array of strings {actual(value)}")
    return list(map(cleaning.text, value))


def text_array_cell(cell: str) -> list[str]:
    """Read a JSON array of strings, or items with commas between them. Raises Problem for half of an array."""
    items = array_in(cleaning.text(cell))
    if items is not None:
        return text_array(items)
    return [item.strip() for item in cell.split(",") if item.strip()]


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
