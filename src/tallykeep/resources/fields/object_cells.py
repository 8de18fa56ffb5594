"""A file's cells that hold an object: JSON, or the JSON-like text with single quotes that templates show."""

import re
from typing import Any

from tallykeep.core import exact_json
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual

# One that is never closed extends to the end, so that it is not searched again from each quote within it.
_SINGLE_QUOTED = re.compile(r"'((?:[^'\\]++|\\.)*+)('|\\?\Z)", re.DOTALL)


def object_cell(cell: str) -> dict[str, Any]:
    """Read an object such as {'color':'blue','ranking':1}, with quotes of either sort; raises Problem."""
    quoted = _SINGLE_QUOTED.sub(_double_quoted, cell)
    for text in (cell, quoted):
        try:
            return cleaning.json_object(exact_json.loads(text))
        except exact_json.DecodeError:
            continue
    raise Problem(f"must be an object like {{'color':'blue','size':'XS'}} {actual(cell)}")


def _double_quoted(match: re.Match[str]) -> str:
    return exact_json.dumps(match[1].replace("\\'", "'")).decode() if match[2] == "'" else match[0]
