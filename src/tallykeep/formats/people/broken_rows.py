"""Rows that cannot be read: what they seem to hold, so that whom they are about is found all the same."""

import csv
import io
import json
import re
from contextlib import suppress
from typing import Any

from tallykeep.core.batch import Source

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]]|[^\s,:"{}\[\]]+', re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)


def seeming_values(data: bytes, source: Source) -> list[Any]:
    """Return what a row seems to hold: of a file, cells by their columns, with and without regard to quotes."""
    text = data.decode("utf-8", "replace")
    if source.format != "csv":
        return seeming_json(text)
    cells = [cell.strip(' "') for cell in text.rstrip("\r\n").split(source.delimiter)]
    return [_kept(each, source) for each in (cells, lenient_cells(text, source.delimiter))]


def lenient_cells(text: str, delimiter: str) -> list[str]:
    """Return the cells of one row of a file, whatever its quotes are; all as one where there are too long ones."""
    with suppress(csv.Error):
        return [cell for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in cells]
    return [text]


def _kept(cells: list[str], source: Source) -> list[str]:
    if source.kept is None:
        return cells
    return [cells[at] if at < len(cells) else "" for at in source.kept]


def seeming_json(text: str) -> list[Any]:
    """Return the values that a text is most like, whatever is missing or too much; those without quotes as texts."""
    top: list[Any] = []
    holders, names = [top], list[str | None]([None])
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece in "}]":
            if len(holders) > 1:
                holders.pop()
                names.pop()
            continue
        value, holder = _value(piece), holders[-1]
        if isinstance(holder, list):
            holder.append(value)
        elif names[-1] is None and isinstance(value, str):
            names[-1] = value
        else:
            holder[names[-1] or ""] = value
            names[-1] = None
        if piece in "{[":
            holders.append(value)
            names.append(None)
    return top


def _value(piece: str) -> Any:
    if piece in "{[":
        return {} if piece == "{" else []
    if not piece.startswith('"') or "\\" not in piece:
        return piece.strip('"')
    with suppress(ValueError):
        return _DECODER.decode(piece if len(piece) > 1 and piece.endswith('"') else piece + '"')
    return piece.strip('"')
