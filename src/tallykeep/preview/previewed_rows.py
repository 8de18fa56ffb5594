"""The first rows of a file in its preview: what they hold, what would become of them, and why they would fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tallykeep.catalog.row_types import ImportedRowType
from tallykeep.core.rows import Row
from tallykeep.engine.applying.dry_run_rows import Checked, RowsDryRun
from tallykeep.engine.intake.sample import FileSample
from tallykeep.preview.previewed_columns import Column, shown_text, shown_value
from tallykeep.preview.problems import Problem, ProblemLocator

Outcome = Literal["created", "updated", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class PreviewedRow:
    """One row: its cells by column, what would become of it, and why it would fail; `line` is where it begins."""

    number: int
    line: int | None
    cells: tuple[str, ...]
    outcome: Outcome
    problems: list[Problem] = field(default_factory=list)


def previewed_rows(
    rows: list[Row],
    file_sample: FileSample,
    columns: list[Column],
    row_type: ImportedRowType,
    kept: Sequence[int],
    rows_dry_run: RowsDryRun,
) -> list[PreviewedRow]:
    """Return the rows with what became of them in the dry run; `kept` are the indexes of the columns that are read."""
    reasons: dict[int, str] = {}
    for failure in rows_dry_run.failures:
        reasons[failure.row] = "; ".join(filter(None, (reasons.get(failure.row), failure.reason)))
    locator = ProblemLocator({column.index: (column.title, column.target) for column in columns}, row_type, kept)
    created = set(rows_dry_run.created.values())
    numbers = file_sample.line_numbers()
    unread = _not_taken_apart(rows, file_sample)
    return [
        PreviewedRow(
            number=row.number,
            line=numbers.get(row.number),
            cells=(shown_text(unread[row.number]),) if row.number in unread else _cells(row.value, columns),
            outcome=_outcome(row.number, reasons, created, rows_dry_run.checked),
            problems=locator.problems(reasons.get(row.number, "")),
        )
        for row in rows
    ]


def _outcome(number: int, reasons: dict[int, str], created: set[int], checked: Checked) -> Outcome:
    if number in reasons:
        return "failed"
    if checked != "everything":
        return "unknown"
    return "created" if number in created else "updated"


def _not_taken_apart(rows: list[Row], file_sample: FileSample) -> dict[int, str]:
    """Return by number the text of the rows without cells: lines that cannot be read, JSON that is no object."""
    expected = list if file_sample.source.format == "csv" else dict
    numbers = [row.number for row in rows if not isinstance(row.value, expected)]
    lines = file_sample.lines() if numbers else []
    return {number: lines[number - 1] for number in numbers}


def _cells(value: list[str] | dict[str, object], columns: list[Column]) -> tuple[str, ...]:
    if isinstance(value, dict):
        return tuple(shown_text(shown_value(value[each.title])) if each.title in value else "" for each in columns)
    return tuple(shown_text(cell) for cell in value[: len(columns)]) + ("",) * (len(columns) - len(value))
