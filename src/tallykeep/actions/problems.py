"""What is wrong with a row, told by the columns of the file that it is in."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tallykeep.actions.imports import ImportKind
from tallykeep.model import normal_title

_UNNAMED = re.compile(r"column (\d+) has a value, but no name in the header")


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a row, and the column it is in, where it is in one."""

    column: int | None
    reason: str


class Places:
    """Finds the columns that these reasons speak of: each begins with the title.

    `columns` have their title in the file, and what they are called in the end, by index.
    """

    def __init__(
        self,
        columns: Mapping[int, tuple[str, str | None]],
        kind: ImportKind,
        kept: Sequence[int],
        reasons: Collection[str],
    ) -> None:
        self._kept = kept
        self._by_title = {normal_title(target): index for index, (_, target) in columns.items() if target}
        titles = {title or "" for both in columns.values() for title in both}
        titles |= {each.title for each in kind.fields} | set(kind.properties)
        told = "\n".join(reasons)  # a header may be a megabyte: only titles that occur are worth a pattern
        named = [title for title in titles if title and title in told]
        spelled = "|".join(re.escape(title) for title in sorted(named, key=len, reverse=True)) or r"(?!)"
        self._begins = re.compile(rf"(?:^|; )(?=(?:{spelled})(?::| is required|\.|\[)|column \d+ has a value)")
        self._title = re.compile(rf"({spelled})(?::| is required|\.|\[)")

    def problems(self, reason: str) -> list[Problem]:
        """A row's reason, cut into its problems."""
        pieces = [piece for piece in self._begins.split(reason) if piece]
        return [Problem(self._column(piece), piece) for piece in pieces]

    def _column(self, piece: str) -> int | None:
        if match := self._title.match(piece):
            return self._by_title.get(normal_title(match[1]))
        if match := _UNNAMED.match(piece):
            return self._kept[int(match[1]) - 1]
        return None
