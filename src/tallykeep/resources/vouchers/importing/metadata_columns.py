"""The columns of a file that are metadata."""

from collections.abc import Callable, Iterable
from typing import Any

from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.plain_texts import CLEARING
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import Values


class MetadataCells:
    """The metadata in the cells of these columns, each with its index, name and reader."""

    def __init__(self, columns: list[tuple[int, str, Callable[[str], Any]]], checker: MetadataChecker) -> None:
        self.indexes = [index for index, _, _ in columns]
        self._columns = columns
        self._checker = checker

    def read(self, cells: Iterable[str]) -> tuple[Values, list[str]]:
        """Read the metadata and every problem with it; empty cells say nothing."""
        metadata: Values = {}
        problems: list[str] = []
        unread: list[str] = []
        for cell, (_, name, read) in zip(cells, self._columns, strict=True):
            if not (stripped := cell.strip()):
                continue
            try:
                metadata[name] = None if stripped == CLEARING else read(cell)
            except Problem as problem:
                problems.append(f"{name}: {problem}")
                unread.append(name)
        return metadata, [*problems, *self._checker.problems(metadata, unread)]
