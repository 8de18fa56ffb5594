"""Row texts: columns of texts, and what stands between them in every row, joined into one text a row."""

from collections.abc import Iterable, Sequence
from itertools import groupby, repeat

# What is the same in every row, or the texts of all rows.
Part = str | Sequence[str]


def row_texts(parts: Iterable[Part], rows: int) -> list[str]:
    """Join the parts of each of so many rows."""
    joined = [part for each in _runs(parts) for part in each]
    if all(isinstance(part, str) for part in joined):
        return ["".join(map(str, joined))] * rows
    columns = [repeat(part) if isinstance(part, str) else part for part in joined]
    # One join of many short texts is cheaper than formatting, and than several joins.
    return list(map("".join, zip(*columns, strict=False)))


def separated(columns: Iterable[Iterable[Part]], separator: str = "\t") -> list[Part]:
    """Return the parts of these columns, each made of parts itself, with a separator between them."""
    parts: list[Part] = []
    for column in columns:
        parts += [separator, *column] if parts else column
    return parts


def _runs(parts: Iterable[Part]) -> list[list[Part]]:
    """Join what is the same in every row where it stands side by side."""
    grouped = groupby(parts, key=lambda part: isinstance(part, str))
    return [["".join(map(str, run))] if is_constant else list(run) for is_constant, run in grouped]
