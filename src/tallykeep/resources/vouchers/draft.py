"""A draft: one voucher to be written, its fields already in the text format of PostgreSQL's COPY."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, overload

from tallykeep.core import exact_json
from tallykeep.db.copy_format import ESCAPES, NULL, SPECIAL, copy_text
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


class Apart(NamedTuple):
    """What few drafts of a table have beside their row text, as VoucherDraft has it."""

    cleared: tuple[str, ...]
    folded_rows: tuple[int, ...]


NOTHING_APART: Mapping[int, Apart] = MappingProxyType({})


class DraftTable(Sequence[VoucherDraft]):
    """Drafts as they are copied; one is made when it is indexed.

    A draft's row text is its type and its fields, joined by tabs. With `has_escapes`, codes may need escaping; `apart`
    is what few of the drafts have besides, by index.
    """

    __slots__ = ("apart", "codes", "has_escapes", "numbers", "row_texts")

    def __init__(
        self,
        numbers: Sequence[int],
        codes: list[str],
        row_texts: list[str],
        *,
        has_escapes: bool = False,
        apart: Mapping[int, Apart] = NOTHING_APART,
    ) -> None:
        self.numbers = numbers
        self.codes = codes
        self.row_texts = row_texts
        self.has_escapes = has_escapes
        self.apart = apart

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> VoucherDraft: ...

    @overload
    def __getitem__(self, index: slice) -> list[VoucherDraft]: ...

    def __getitem__(self, index: int | slice) -> VoucherDraft | list[VoucherDraft]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        voucher_type, *fields = self.row_texts[at].split("\t")
        return VoucherDraft(
            self.numbers[at], self.codes[at], voucher_type, tuple(fields), *self.apart.get(at, ((), ()))
        )

    def at(self, indexes: Sequence[int]) -> "DraftTable":
        """Return the drafts at these indexes."""
        numbers, codes, row_texts = self.numbers, self.codes, self.row_texts
        apart = {new: self.apart[old] for new, old in enumerate(indexes) if old in self.apart} if self.apart else {}
        return DraftTable(
            [numbers[at] for at in indexes], [codes[at] for at in indexes], [row_texts[at] for at in indexes],
            has_escapes=self.has_escapes, apart=apart,
        )  # fmt: skip

    def rows_at(self, at: int) -> tuple[int, ...]:
        """Return every row that went into a draft, in order."""
        return (*self.apart[at].folded_rows, self.numbers[at]) if at in self.apart else (self.numbers[at],)

    def copied_codes(self) -> list[str]:
        """Return the codes as they are copied."""
        return list(map(copy_text, self.codes)) if self.has_escapes else self.codes


def table_of(drafts: Sequence[VoucherDraft]) -> DraftTable:
    """Return these drafts as a table."""
    apart = {
        at: Apart(draft.cleared, draft.folded_rows)
        for at, draft in enumerate(drafts)
        if draft.cleared or draft.folded_rows
    }
    codes = [draft.code for draft in drafts]
    row_texts = ["\t".join((draft.type, *draft.fields)) for draft in drafts]
    has_escapes = SPECIAL.search("".join(codes)) is not None
    return DraftTable([draft.row for draft in drafts], codes, row_texts, has_escapes=has_escapes, apart=apart)


def together(table: DraftTable, others: Sequence[VoucherDraft]) -> DraftTable:
    """Return all these drafts in the order of their rows, the first of those of several."""
    if not others:
        return table
    more = table_of(others)
    start = len(table)
    both = DraftTable(
        [*table.numbers, *more.numbers], table.codes + more.codes, table.row_texts + more.row_texts,
        has_escapes=table.has_escapes or more.has_escapes,
        apart={**table.apart, **{start + at: apart for at, apart in more.apart.items()}},
    )  # fmt: skip
    first_rows = rows_of(both)
    return both.at(sorted(range(len(both)), key=first_rows.__getitem__))


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
    if not isinstance(drafts, DraftTable):
        return [draft.rows[0] for draft in drafts]
    if not drafts.apart:
        return drafts.numbers
    first = list(drafts.numbers)
    for at in drafts.apart:
        first[at] = drafts.rows_at(at)[0]
    return first


def last_rows_of(drafts: Sequence[VoucherDraft]) -> Sequence[int]:
    """Return the rows that the drafts came from, in their order; of several, the last, which is a draft's own."""
    return drafts.numbers if isinstance(drafts, DraftTable) else [draft.row for draft in drafts]


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
