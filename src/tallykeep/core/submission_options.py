"""What a submission asks for beside its rows."""

from dataclasses import dataclass, field
from enum import StrEnum


class OnError(StrEnum):
    """What a failed row means for the others."""

    CONTINUE = "continue"
    STOP = "stop"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class SubmissionOptions:
    """What a submission asks for beside its rows.

    `mapping` renames columns of a file, or skips them (None); without a `delimiter`, its header tells, and without
    `charset`, `sheet` and `header_row` the file does. By column as it is called then, `values` has texts for others
    that stand in its cells, `defaults` those for cells that are empty. `last_day_counts` asks that an end that is a day
    alone means the end of that day; None where nothing is said.
    """

    dry_run: bool = False
    on_error: OnError = OnError.CONTINUE
    max_failures: int = 1
    mapping: dict[str, str | None] = field(default_factory=dict)
    delimiter: str | None = None
    defaults: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    charset: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    last_day_counts: bool | None = None
