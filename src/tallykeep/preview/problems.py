"""The problems of a row, by columns of its file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tallykeep.catalog.row_types import ImportedRowType
from tallykeep.formats.csv.titles import normal_title

_UNNAMED = re.compile(r"column (\d{1,4}) has a value, but no name in the header")
_UNNAMED_BEGINS = re.compile(r"column \d{1,4} has a value")
_SEPARATOR = "; "
_BETWEEN = re.compile(_SEPARATOR)
_BEHIND_A_TITLE = (":", " is required", ".", "[")
_INDEXED_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a row, and the column it is in, where it is in one."""

    column: int | None
    reason: str


class ProblemLocator:
    """Finds the columns that reasons speak of: each begins with the title.

    `columns` have their title in the file, and what they are called in the end, by index.
    """

    def __init__(
        self, columns: Mapping[int, tuple[str, str | None]], row_type: ImportedRowType, kept: Sequence[int]
    ) -> None:
        self._kept = kept
        self._by_title = {normal_title(target): index for index, (_, target) in columns.items() if target}
        titles = {title for both in columns.values() for title in both if title}
        titles |= {each.title for each in row_type.fields} | set(row_type.properties)
        # Each title by its first characters, the longest first. A pattern of them all may be megabytes.
        self._titles: dict[str, list[str]] = {}
        for title in sorted(titles, key=len, reverse=True):
            self._titles.setdefault(title[:_INDEXED_LENGTH], []).append(title)

    def problems(self, reason: str) -> list[Problem]:
        """Cut a row's reason into its problems."""
        cuts = [match.end() for match in _BETWEEN.finditer(reason) if self._begins(reason, match.end())]
        pieces = [
            reason[start : end - len(_SEPARATOR) if end < len(reason) else end]
            for start, end in zip([0, *cuts], [*cuts, len(reason)], strict=True)
        ]
        return [Problem(self._column(piece), piece) for piece in pieces if piece]

    def _begins(self, reason: str, at: int) -> bool:
        return self._title(reason, at) is not None or _UNNAMED_BEGINS.match(reason, at) is not None

    def _title(self, text: str, at: int) -> str | None:
        """Find the longest title that stands there, with a problem behind it."""
        for size in range(_INDEXED_LENGTH, 0, -1):
            for title in self._titles.get(text[at : at + size], ()):
                if text.startswith(title, at) and text.startswith(_BEHIND_A_TITLE, at + len(title)):
                    return title
        return None

    def _column(self, piece: str) -> int | None:
        if title := self._title(piece, 0):
            return self._by_title.get(normal_title(title))
        if match := _UNNAMED.match(piece):
            position = int(match[1])
            return self._kept[position - 1] if 0 < position <= len(self._kept) else None
        return None
