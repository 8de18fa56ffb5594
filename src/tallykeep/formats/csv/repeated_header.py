"""Rows that repeat the header, as in files that were joined: they are no data, and fail."""

from collections.abc import Sequence

from tallykeep.core.batch import Source
from tallykeep.core.rows import Row, Table

_IN_QUOTES = frozenset('"\r\n')
_REASON = "the row repeats the header; remove it"


def may_repeat_header(body: bytes, source: Source) -> bool:
    """Whether any of these rows may repeat the file's header; quick for the many files without such a row."""
    titles = _titles(source)
    if len(titles) < 2:
        return False
    # The longer a text is, the faster it is searched for. A quote stands there twice, a line break in several ways.
    searched = max((title for title in titles if _IN_QUOTES.isdisjoint(title)), key=len, default="")
    return searched.encode() in body


def refuse_repeated_header(rows: Sequence[Row], source: Source) -> Sequence[Row]:
    """Return the rows; those that repeat the file's header have the reason why they fail."""
    titles = _titles(source)
    if len(titles) < 2:
        return rows
    if isinstance(rows, Table):
        again = {at for at, line in enumerate(rows.lines) if titles[0] in line and _repeats(rows[at], titles)}
        return [Row(row.number, row.value, _REASON if at in again else None)
                for at, row in enumerate(rows)] if again else rows  # fmt: skip
    for row in rows:
        if row.problem is None and _repeats(row, titles):
            row.problem = _REASON
    return rows


def _titles(source: Source) -> list[str]:
    """Return the titles of the columns that count, as the file has them."""
    if source.format != "csv":
        return []
    file_header = source.file_header or source.header
    return file_header if source.kept is None else [file_header[at] for at in source.kept]


def _repeats(row: Row, titles: list[str]) -> bool:
    cells = row.value or []
    return len(cells) == len(titles) and cells[0].strip() == titles[0] and list(map(str.strip, cells)) == titles
