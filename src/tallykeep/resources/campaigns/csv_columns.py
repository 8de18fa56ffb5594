"""The quick way from a file's cells to vouchers of a campaign, a column at a time.

What a row does not say is as in a sample, the voucher that a row with nothing but a code would make. Whatever needs the
careful way has NEEDS_CARE in its text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.rows import Row
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.campaigns.csv_rows import BY_TITLE, IGNORED, WORTH_FIELDS
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE, CellColumn
from tallykeep.resources.fields.columns.cell_reader import CellReader
from tallykeep.resources.fields.columns.row_texts import Part, row_texts, separated
from tallykeep.resources.fields.copy_format import NULL, copy_text
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.numerals import Marks
from tallykeep.resources.metadata.cell_columns import MetadataColumns
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import WORTH
from tallykeep.resources.vouchers.draft import COLUMNS, DraftTable, VoucherDraft
from tallykeep.resources.vouchers.importing.column_rows import ending_before_start, sort_out

_DATES = ("start_date", "expiration_date")


class CampaignColumns:
    """Makes drafts of the rows of a file with this header; unknown columns become metadata.

    `sample` was made of `template`, a voucher as JSON. Unless it `is_usable`, every row has to be read by itself.
    """

    def __init__(
        self,
        header: Sequence[str],
        sample: VoucherDraft,
        template: Mapping[str, Any],
        checker: MetadataChecker,
        categories: CategoryLabels,
        *,
        marks: Marks,
        last_day_counts: bool,
    ) -> None:
        self._width = len(header)
        self._type = sample.type
        self._absent = dict(zip(COLUMNS, sample.fields, strict=True))
        self._fields: dict[str, tuple[int, Field]] = {}
        self._unnamed: list[int] = []
        extra: dict[int, str] = {}
        named = 0
        for index, title in enumerate(header):
            normal = normal_title(title)
            if not normal:
                self._unnamed.append(index)
            elif field := BY_TITLE[last_day_counts].get(normal):
                self._fields[field.column_name] = (index, field.marked(marks.get(title)))
                named += 1
            elif normal not in IGNORED:
                extra[index] = title
        self._extra = list(extra)
        without = NEEDS_CARE if checker.problems(template.get("metadata") or {}) else self._absent["metadata"]
        self._metadata = MetadataColumns(list(extra.values()), checker, marks, without)
        self._readers = {name: self._reader(field, categories) for name, (_, field) in self._fields.items()
                         if name in self._absent}  # fmt: skip
        self._worth: dict[str, Callable[[CellColumn], list[Part]]] = {}
        self.is_usable = len(self._fields) == named and "code" in self._fields and self._take_worth(template)

    def _reader(self, field: Field, categories: CategoryLabels) -> CellReader:
        read = replace(field, clean_cell=categories.named) if field.name == "category" else field
        return CellReader(read, self._absent[field.column_name])

    def _take_worth(self, template: Mapping[str, Any]) -> bool:
        """Take the columns that say what a voucher is worth; returns whether that can be done by column."""
        for name, (holder, member) in WORTH_FIELDS.items():
            if name not in self._fields:
                continue
            if WORTH.get(self._type, ("",))[0] != holder:
                self._unnamed.append(self._fields[name][0])  # what is there is misplaced
            elif not isinstance(template.get(holder), dict) or "balance" in template[holder]:
                return False
            else:
                self._worth[holder] = _worth_texts(self._fields[name][1], member, template[holder])
        return True

    def sort_out(self, rows: Sequence[Row]) -> tuple[DraftTable, list[Row]]:
        """Return the drafts of the regular rows, and the other rows."""
        return sort_out(rows, self._width, self._fields["code"][0], self._texts)

    def _texts(self, columns: list[CellColumn]) -> list[str]:
        rows = len(columns[0].cells)
        parts: dict[str, list[Part]] = {name: [text] for name, text in self._absent.items()}
        parts |= {name: [read(columns[self._fields[name][0]])] for name, read in self._readers.items()}
        parts |= {holder: read(columns[self._index_of(holder)]) for holder, read in self._worth.items()}
        parts["metadata"] = self._metadata([columns[at] for at in self._extra])
        made = row_texts(separated([[self._type], *parts.values()]), rows)
        for at in self._irregular_rows(columns, [parts[name][0] for name in _DATES]):
            made[at] = NEEDS_CARE
        return made

    def _index_of(self, holder: str) -> int:
        return next(self._fields[name][0] for name, (other, _) in WORTH_FIELDS.items() if other == holder)

    def _irregular_rows(self, columns: list[CellColumn], dates: list[Part]) -> set[int]:
        irregular = {at for index in self._unnamed for at, cell in enumerate(columns[index].cells) if cell.strip()}
        if self._readers.keys() & set(_DATES):
            rows = len(columns[0].cells)
            starts, ends = (list(repeat(part, rows)) if isinstance(part, str) else part for part in dates)
            irregular.update(ending_before_start(starts, ends, NULL))
        return irregular


def _worth_texts(field: Field, member: str, worth: Mapping[str, Any]) -> Callable[[CellColumn], list[Part]]:
    """Make what puts the numbers of a column into the campaign's gift or loyalty card."""
    rest = exact_json.dumps({name: value for name, value in worth.items() if name != member}).decode()
    before = f'{{"{member}":'
    behind = copy_text(f",{rest[1:]}" if len(rest) > len("{}") else "}")
    as_it_is = copy_text(exact_json.dumps(dict(worth)).decode())
    read = CellReader(field, "")

    def texts(column: CellColumn) -> list[Part]:
        numbers = read(column)
        if "" not in numbers:
            return [before, numbers, behind]
        return [[f"{before}{number}{behind}" if number else as_it_is for number in numbers]]

    return texts
