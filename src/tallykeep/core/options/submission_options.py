"""Submission options, beside the rows: the one place in which an option is declared.

Query parameters, fields of forms, OpenAPI, the command line's flags, what is stored with an action, what a retry takes
over and what tells two submissions under one idempotency key apart are all derived from the fields below.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tallykeep.core.options import parsers
from tallykeep.core.options.declaration import Option, Scope, option, options_of
from tallykeep.core.options.file_limits import LAST_HEADER_ROW

_MAX_FAILURES = 1 << 53
_TEXT = {"type": "string"}


class OnError(StrEnum):
    """The error policy: what happens to the other rows when a row fails."""

    CONTINUE = "continue"
    STOP = "stop"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class SubmissionOptions:
    """The options of a submission, beside its rows; each field declares an option."""

    dry_run: bool = option(
        False,
        parsers.boolean,
        schema={"type": "boolean", "default": False},
        description="Validate every row and look up what it refers to, but write nothing.",
        flag_help="Validate every row and look everything up, write nothing.",
    )
    on_error: OnError = option(
        OnError.CONTINUE,
        parsers.one_of(OnError),
        restore=OnError,
        may_be_blank=False,
        schema={"type": "string", "enum": [policy.value for policy in OnError], "default": "continue"},
        description="What happens to the other rows if rows fail: continue, stop after max_failures, or write nothing.",
        flag_help="What failed rows mean for the others: nothing; stop; or write nothing.",
    )
    max_failures: int = option(
        1,
        parsers.integer(_MAX_FAILURES),
        may_be_blank=False,
        only_with=("on_error", "stop"),
        schema={"type": "integer", "minimum": 1},  # no default, which generated clients would send
        description="With on_error=stop: after this many failed rows (1 by default) the rest is left unprocessed.",
        flag_help="With --on-error stop: the rest is left after so many.",
    )
    mapping: dict[str, str | None] = option(
        {},
        parsers.mapping,
        scope=Scope.FILE,
        may_be_blank=False,
        schema=_TEXT,
        description="A JSON object that names columns of the file by our fields, or skips them: "
        '{"Gutschein": "Code", "Notiz": null}.',
    )
    defaults: dict[str, str] = option(
        {},
        parsers.defaults,
        scope=Scope.FILE,
        carried=True,
        schema=_TEXT,
        description="A JSON object of texts by field, for rows whose cell is empty, or for all rows if the file has no "
        'such column: {"Discount Type": "PERCENT"}. Use the names that fields have after `mapping`. '
        "A Discount Type does not apply where a sign within Value shows another one: 15 %, 5 €.",
    )
    values: dict[str, dict[str, str]] = option(
        {},
        parsers.values,
        scope=Scope.FILE,
        carried=True,
        schema=_TEXT,
        description="A JSON object that says, by field, how texts of the file are to be read: "
        '{"Voucher Type": {"Gutschein": "GIFT_VOUCHER"}}. Case and surrounding blanks do not matter.',
    )
    delimiter: str | None = option(
        None,
        parsers.delimiter,
        scope=Scope.FILE,
        in_front=True,
        schema=_TEXT,
        description="The separator of cells in a CSV file: one of , ; | or tab. By default, the header decides.",
        flag_help="The separator of cells: , ; | or tab.",
    )
    charset: str | None = option(
        None,
        parsers.plain_text,
        scope=Scope.FILE,
        in_front=True,
        schema=_TEXT,
        description="The encoding of a CSV file, such as windows-1250. By default, its content type or bytes decide.",
        flag_help="The file's encoding, such as windows-1250.",
    )
    sheet: str | None = option(
        None,
        parsers.plain_text,
        scope=Scope.FILE,
        in_front=True,
        schema=_TEXT,
        description="The sheet of a workbook, by its name, or by its number from 1. By default, the first one with "
        "rows, or the one whose header has the most known titles.",
        flag_help="A workbook's sheet, by its name or its number from 1.",
    )
    header_row: int | None = option(
        None,
        parsers.integer(LAST_HEADER_ROW),
        scope=Scope.FILE,
        in_front=True,
        schema={"type": "integer", "minimum": 1, "maximum": LAST_HEADER_ROW},
        description="The line of a file, or the row of a sheet, with the titles of the columns. By default, "
        "the first that is not blank, or the one below it with the most known titles.",
        flag_help="The line, or row of the sheet, that holds the titles.",
    )
    # None if not sent: a retry then takes over the parent's value.
    last_day_counts: bool | None = option(
        None,
        parsers.boolean,
        scope=Scope.ENDS,
        carried=True,
        schema={"type": "boolean"},  # no default: one that is sent overrides what a retry takes over
        description="Whether an Expiration Date without a time, such as 2026-12-31, means the end of that day "
        "(23:59:59.999 UTC) instead of its start.",
        flag_help="An end that is a bare day, like 2026-12-31, means that day's end.",
    )

    @property
    def is_atomic(self) -> bool:
        """Return whether all batches of the action go into one transaction."""
        return self.on_error == OnError.REJECT and not self.dry_run

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the defaults: the form that is stored in async_actions.submission_options."""
        values = {name: getattr(self, name) for name in OPTIONS}
        return {name: value for name, value in values.items() if value != OPTIONS[name].default}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "SubmissionOptions":
        """Return the options that were stored so."""
        return cls(**{name: OPTIONS[name].restore(value) for name, value in stored.items()})

    def carrying(self, earlier: "SubmissionOptions | None") -> "SubmissionOptions":
        """Return these options, and of `earlier` those that a retry takes over where it does not say them itself."""
        if earlier is None:
            return self
        left_out = OPTIONS.keys() - self.to_json().keys()
        return replace(self, **{name: getattr(earlier, name) for name in left_out if OPTIONS[name].carried})


OPTIONS: dict[str, Option] = options_of(SubmissionOptions)


def options_for(*scopes: Scope) -> tuple[Option, ...]:
    """Return the options for such submissions, in the order of their declaration."""
    return tuple(each for each in OPTIONS.values() if each.scope in scopes)
