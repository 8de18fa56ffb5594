"""A draft: one voucher to be written, its fields already in the text format of PostgreSQL's COPY."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import overload

from tallykeep.core import exact_json
from tallykeep.resources.fields.copy_format import ESCAPES, NULL, SPECIAL, copy_text
from tallykeep.resources.vouchers.domain import Values
from tallykeep.resources.vouchers.fields import DRAFTED

Dates = tuple[datetime | None, datetime | None]

COLUMNS = tuple(field.column_name for field in DRAFTED)
# The text of an absent value: NULL, or COPY's marker for a default if new vouchers have one.
DEFAULT = r"\D"
_ABSENT_TEXTS = (NULL, DEFAULT)
ABSENT: dict[str, str] = {field.column_name: NULL if field.default is None else DEFAULT for field in DRAFTED}
_DATES = {"start_date", "expiration_date"}
_START, _END = COLUMNS.index("start_date"), COLUMNS.index("expiration_date")
_MERGED = {field.column_name for field in DRAFTED if field.grows}

_UNESCAPES = {escaped: plain for plain, escaped in ESCAPES.items()}
_ESCAPED = re.compile(r"\\[\\tnr]")


@dataclass(slots=True)
class VoucherDraft:
    """A voucher to be written: `fields` in the order of COLUMNS, `cleared` the names of those set to null."""

    row: int
    code: str
    type: str
    fields: tuple[str, ...]
    cleared: tuple[str, ...] = ()
    folded_rows: tuple[int, ...] = ()

    @property
    def rows(self) -> tuple[int, ...]:
        """Return every row that went into this draft, in order."""
        return (*self.folded_rows, self.row)


class DraftTable(Sequence[VoucherDraft]):
    """Drafts as they are copied; one is made when it is indexed.

    A draft's row text is its type and its fields, joined by tabs. Codes need no escaping, and nothing is cleared.
    """

    __slots__ = ("codes", "numbers", "row_texts")

    def __init__(self, numbers: Sequence[int], codes: list[str], row_texts: list[str]) -> None:
        self.numbers = numbers
        self.codes = codes
        self.row_texts = row_texts

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> VoucherDraft: ...

    @overload
    def __getitem__(self, index: slice) -> list[VoucherDraft]: ...

    def __getitem__(self, index: int | slice) -> VoucherDraft | list[VoucherDraft]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        voucher_type, *fields = self.row_texts[index].split("\t")
        return VoucherDraft(self.numbers[index], self.codes[index], voucher_type, tuple(fields))

    def at(self, indexes: Sequence[int]) -> "DraftTable":
        """Return the drafts at these indexes."""
        numbers, codes, row_texts = self.numbers, self.codes, self.row_texts
        return DraftTable(
            [numbers[at] for at in indexes], [codes[at] for at in indexes], [row_texts[at] for at in indexes]
        )


def together(table: DraftTable, others: Sequence[VoucherDraft]) -> Sequence[VoucherDraft]:
    """Return all these drafts in row order, as a table where the others can be copied as they are."""
    if not others:
        return table
    if any(draft.cleared or draft.folded_rows or SPECIAL.search(draft.code) for draft in others):
        return sorted([*table, *others], key=lambda draft: draft.row)
    numbers = [*table.numbers, *(draft.row for draft in others)]
    codes = [*table.codes, *(draft.code for draft in others)]
    row_texts = [*table.row_texts, *("\t".join((draft.type, *draft.fields)) for draft in others)]
    return DraftTable(numbers, codes, row_texts).at(sorted(range(len(numbers)), key=numbers.__getitem__))


def alike(rows: Sequence[int], codes: list[str], sample: VoucherDraft) -> Sequence[VoucherDraft]:
    """Make a draft for each code, all with the fields of the sample."""
    if SPECIAL.search("".join(codes)):
        return [VoucherDraft(row, code, sample.type, sample.fields) for row, code in zip(rows, codes, strict=True)]
    return DraftTable(rows, codes, ["\t".join((sample.type, *sample.fields))] * len(codes))


def codes_of(drafts: Sequence[VoucherDraft]) -> list[str]:
    """Return the drafts' codes, in their order."""
    return drafts.codes if isinstance(drafts, DraftTable) else [draft.code for draft in drafts]


def rows_of(drafts: Sequence[VoucherDraft]) -> Sequence[int]:
    """Return the rows that the drafts came from, in their order; of several, the first."""
    return drafts.numbers if isinstance(drafts, DraftTable) else [draft.rows[0] for draft in drafts]


def fields_of(values: Values) -> tuple[str, ...]:
    """Make a draft's fields of values by name; JSON parts come as text."""
    return tuple([copy_text(values[name]) if name in values else ABSENT[name] for name in COLUMNS])


def merge(earlier: VoucherDraft, later: VoucherDraft) -> VoucherDraft:
    """Make one draft with the effect of writing `earlier` and then `later`."""
    pairs = zip(COLUMNS, earlier.fields, later.fields, strict=True)
    fields = tuple([_merged(name, first, second, name in later.cleared) for name, first, second in pairs])
    present = {name for name, text in zip(COLUMNS, later.fields, strict=True) if text not in _ABSENT_TEXTS}
    cleared = [name for name in earlier.cleared if name not in present]
    both = tuple(dict.fromkeys([*cleared, *later.cleared]))
    return VoucherDraft(later.row, later.code, later.type, fields, both, earlier.rows)


def has_dates(draft: VoucherDraft) -> bool:
    """Whether the draft gives or clears one of the voucher's two dates."""
    return draft.fields[_START] != NULL or draft.fields[_END] != NULL or bool(_DATES.intersection(draft.cleared))


def dates_after(draft: VoucherDraft, before: Dates) -> Dates:
    """Return a voucher's start and expiration dates once the draft is written over those it had."""
    start, end = (
        None if name in draft.cleared else had if draft.fields[at] == NULL else datetime.fromisoformat(draft.fields[at])
        for name, at, had in zip(("start_date", "expiration_date"), (_START, _END), before, strict=True)
    )
    return start, end


def is_reversed(dates: Dates) -> bool:
    """Whether the expiration date lies before the start date."""
    start, end = dates
    return start is not None and end is not None and end < start


def _merged(name: str, earlier: str, later: str, is_cleared: bool) -> str:
    if later in _ABSENT_TEXTS:
        return ABSENT[name] if is_cleared else earlier
    if name not in _MERGED or earlier in _ABSENT_TEXTS:
        return later
    return copy_text(exact_json.dumps(_read_json(earlier) | _read_json(later)).decode())


def _read_json(text: str) -> Values:
    value: Values = exact_json.loads(_ESCAPED.sub(lambda match: _UNESCAPES[match.group()], text))
    return value
