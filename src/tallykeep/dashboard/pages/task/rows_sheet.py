"""The fix sheet of failed rows: the file's columns, and those that it lacks."""

from dataclasses import dataclass, field
from typing import Any

from tallykeep.dashboard.pages.task.cell_faults import columns_at_fault

_ORIGIN = ["row", "line", "reason"]
_ADDED_BEHIND = 1  # columns: the key stays in front, what has to be filled in is next to it


@dataclass(slots=True)
class Sheet:
    """Failed rows as the API returns them, and by row what somebody has typed into each cell.

    `added` are the titles of columns that the file lacks; they come after the first one.
    """

    of_file: list[str]
    failures: list[dict[str, Any]]
    has_more: bool
    added: list[str] = field(default_factory=list)
    typed: dict[int, list[str]] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    has_lines: bool | None = None  # whether rows have their line in the first file

    def __post_init__(self) -> None:
        if self.has_lines is None:
            self.has_lines = all(failure.get("line") is not None for failure in self.failures)

    @property
    def of_cells(self) -> bool:
        """Whether the rows came in a file; else each is one text of JSON."""
        return bool(self.of_file)

    @property
    def columns(self) -> list[str]:
        """The titles of all columns, in order."""
        return [*self.of_file[:_ADDED_BEHIND], *self.added, *self.of_file[_ADDED_BEHIND:]]

    @property
    def width(self) -> int:
        """Cells of the widest row: some have more than the header."""
        widest = max([len(self.of_file), *(len(failure.get("cells", ())) for failure in self.failures)])
        return widest + len(self.added)

    def index_of(self, column: str) -> int:
        """Return a column's index: named by its number in the file, or as `+title` where it was added.

        Raises ValueError where there is no such column.
        """
        if column.startswith("+"):
            return _ADDED_BEHIND + self.added.index(column[1:])
        number = range(len(self.of_file)).index(int(column))
        return number if number < _ADDED_BEHIND else number + len(self.added)

    def original(self, failure: dict[str, Any]) -> list[str]:
        """Return what the row held, with a cell for each column; empty cells for a line that could not be read."""
        if not self.of_cells:
            return [failure.get("text", "")]
        cells: list[str] = failure.get("cells", [])
        cells = cells + [""] * (self.width - len(self.added) - len(cells))
        return [*cells[:_ADDED_BEHIND], *("" for _ in self.added), *cells[_ADDED_BEHIND:]]

    def shown(self, failure: dict[str, Any]) -> list[str]:
        """Return what the row holds now."""
        return self.typed.get(failure["row"]) or self.original(failure)

    def at_fault(self, failure: dict[str, Any]) -> set[int]:
        """Return the indexes of the cells that the reason is about."""
        surplus = range(len(self.columns), len(failure.get("cells", ())) + len(self.added))
        return columns_at_fault(failure["reason"], self.columns) | set(surplus)

    def changed(self) -> list[dict[str, Any]]:
        """Return the rows that were edited."""
        return [failure for failure in self.failures if self.shown(failure) != self.original(failure)]

    @property
    def titles(self) -> list[str]:
        """The titles of the file to send: as in a file of failed rows, rows say where they were in the first file."""
        return [*self.columns, *_ORIGIN] if self.has_lines else self.columns

    def origin(self, failure: dict[str, Any]) -> list[str]:
        """Return the cells behind the row's own: its row, its line, and no reason, as it was fixed."""
        return [str(failure["row"]), str(failure["line"] or ""), ""] if self.has_lines else []
