"""The quick way from a file's cells to vouchers of a campaign, a column at a time.

What a row does not say is as in a sample, the voucher that a row with nothing but a code would make. Whatever needs the
careful way, or fails, has NEEDS_CARE in its text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.rows import Failure, Row
from tallykeep.db.copy_format import copy_text
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.campaigns.csv_block import DATES, CampaignBlock, Dates, Layout
from tallykeep.resources.campaigns.csv_rows import BY_TITLE, IGNORED, WORTH_FIELDS
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE, CellColumn
from tallykeep.resources.fields.columns.cell_reader import CellReader
from tallykeep.resources.fields.columns.row_texts import Part, row_texts, separated
from tallykeep.resources.fields.columns.sorting_out import SortedOut, sort_out
from tallykeep.resources.fields.columns.timestamps import ending_before_start
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.numerals import Marks
from tallykeep.resources.metadata.cell_columns import MetadataColumns
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import WORTH, shown_key
from tallykeep.resources.vouchers.draft import COLUMNS, VoucherDraft


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
        is_refused = bool(checker.problems(template.get("metadata") or {}))
        self._layout = layout = Layout({}, {}, [], [], is_refused)
        extra: dict[int, str] = {}
        named = 0
        for index, title in enumerate(header):
            normal = normal_title(title)
            if not normal:
                layout.unnamed.append(index)
            elif field := BY_TITLE[last_day_counts].get(normal):
                self._fields[field.column_name] = (index, field.marked(marks.get(title)))
                layout.fields[index] = (field.column_name, title)
                named += 1
            elif normal not in IGNORED:
                layout.metadata[index] = len(extra)
                extra[index] = title
        self._extra = list(extra)
        without = NEEDS_CARE if is_refused else self._absent["metadata"]
        self._metadata = MetadataColumns(list(extra.values()), checker, marks, without)
        self._readers = {name: self._reader(field, categories) for name, (_, field) in self._fields.items()
                         if name in self._absent}  # fmt: skip
        self._worth: dict[str, tuple[CellReader, Callable[[list[str]], list[Part]]]] = {}
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
                self._layout.misplaced.append(self._fields[name][0])
            elif not isinstance(template.get(holder), dict) or "balance" in template[holder]:
                return False
            else:
                self._worth[name] = (CellReader(self._fields[name][1], ""), _worth_texts(member, template[holder]))
        return True

    def sort_out(self, rows: Sequence[Row]) -> SortedOut:
        """Sort out the rows; what is ready of them are the codes and the row texts of drafts (see DraftTable)."""
        return sort_out(rows, self._width, self._fields["code"][0], self._read, _failed)

    def _read(self, columns: list[CellColumn]) -> CampaignBlock:
        rows = len(columns[0].cells)
        read = {name: make(columns[self._fields[name][0]]) for name, make in self._readers.items()}
        parts: dict[str, list[Part]] = {name: [read.get(name, text)] for name, text in self._absent.items()}
        for name, (make, texts_of) in self._worth.items():
            read[name] = make(columns[self._fields[name][0]])
            parts[WORTH_FIELDS[name][0]] = texts_of(read[name])
        metadata = self._metadata([columns[at] for at in self._extra])
        parts["metadata"] = metadata.parts
        made = row_texts(separated([[self._type], *parts.values()]), rows)
        starts, ends = ([part] * rows if isinstance(part := parts[name][0], str) else part for name in DATES)
        dates = starts, ends
        for at in self._irregular_rows(columns, dates):
            made[at] = NEEDS_CARE
        return CampaignBlock(self._layout, columns, made, read, dates, metadata)

    def _irregular_rows(self, columns: list[CellColumn], dates: Dates) -> set[int]:
        empty = (*self._layout.unnamed, *self._layout.misplaced)
        irregular = {at for index in empty for at, cell in enumerate(columns[index].cells) if cell.strip()}
        if self._readers.keys() & set(DATES):
            irregular.update(ending_before_start(*dates))
        return irregular


def _failed(row: int, code: str, reason: str) -> Failure:
    return Failure(row, shown_key(code), reason)


def _worth_texts(member: str, worth: Mapping[str, Any]) -> Callable[[list[str]], list[Part]]:
    """Make what puts a column of numbers into the campaign's gift or loyalty card."""
    rest = exact_json.dumps({name: value for name, value in worth.items() if name != member}).decode()
    before = f'{{"{member}":'
    behind = copy_text(f",{rest[1:]}" if len(rest) > len("{}") else "}")
    as_it_is = copy_text(exact_json.dumps(dict(worth)).decode())

    def texts(numbers: list[str]) -> list[Part]:
        if "" not in numbers:
            return [before, numbers, behind]
        return [[f"{before}{number}{behind}" if number else as_it_is for number in numbers]]

    return texts
