"""Vouchers that come as the rows of a file.

A portion is cleaned column by column, each different cell once, because files repeat themselves. The few rows in which
that finds anything odd are gone through again one by one, for every one of their problems.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import orjson

from tallykeep.model import Failure, Row, normal_title, wrong_width
from tallykeep.resources import cleaning
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.cleaning import Cleaner, Problem
from tallykeep.resources.memo import Memo
from tallykeep.resources.metadata import MetadataChecker
from tallykeep.resources.vouchers.draft import ABSENT, FIELDS, NULL, Values, VoucherDraft, copy_text, fields_of
from tallykeep.resources.vouchers.kinds import (
    DISCOUNT,
    DISCOUNT_TYPE,
    EFFECTS,
    GIFT,
    LOYALTY,
    VOUCHER_TYPE,
    WORTH,
    shown_key,
    take,
    take_dates,
)

Cells = list[str]

_NULL = "null"  # a cell that says so clears the field
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
_PLAIN_CODE_LENGTH = cleaning.MAX_KEY_BYTES // 4


class _Odd:
    """Stands for a cell that needs a closer look: it has a problem, or clears a field."""


_ODD = _Odd()


def _word(clean: Cleaner) -> Cleaner:
    return lambda cell: clean(cell.strip().upper())


@dataclass(frozen=True, slots=True)
class Column:
    """One known column of a file: its title, the name of what it holds, and the reader of its cells."""

    title: str
    name: str
    clean: Cleaner


COLUMNS = (
    Column("Code", "code", cleaning.key_text),
    Column("Voucher Type", "type", _word(VOUCHER_TYPE)),
    Column("Value", "value", str),
    Column("Discount Type", "discount_type", _word(DISCOUNT_TYPE)),
    Column("Discount Effect", "discount_effect", _word(str)),
    Column("Validation Rule ID", "validation_rule", cleaning.text),
    Column("Category", "category", cleaning.text),
    Column("Active", "active", cleaning.boolean),
    Column("Start Date", "start_date", cleaning.moment),
    Column("Expiration Date", "expiration_date", cleaning.moment),
    Column("Redemption Limit", "redemption_quantity", cleaning.cell_whole_number),
    Column("Redeemed Quantity", "redeemed_quantity", cleaning.cell_whole_number),
    Column("Redeemed Amount", "redeemed_amount", cleaning.cell_cents),
    Column("Additional Info", "additional_info", cleaning.text),
)
_WORTH_FIELDS = ("discount", "gift", "loyalty_card")
_BOUGHT = ("type", "discount_type", "discount_effect", "value")  # what a voucher is worth takes these together

_CELL_VALUES: dict[str, tuple[str, Cleaner]] = {
    "AMOUNT": ("amount_off", cleaning.cell_cents),
    "FIXED": ("fixed_amount", cleaning.cell_cents),
    "PERCENT": ("percent_off", lambda cell: cleaning.percent(cleaning.cell_number(cell))),
    "UNIT": ("unit_off", cleaning.cell_whole_number),
    "SHIPPING": ("unit_off", cleaning.cell_whole_number),
    GIFT: ("amount", cleaning.cell_cents),
    LOYALTY: ("points", cleaning.cell_whole_number),
}


_TITLES = {normal_title(column.title): column for column in COLUMNS}


class CsvVouchers:
    """Cleans the rows of a file with this header; unknown columns become metadata."""

    def __init__(self, header: list[str], metadata: MetadataChecker, categories: CategoryLabels) -> None:
        self._width = len(header)
        self._known: dict[str, tuple[int, Column]] = {}
        self._unnamed: list[int] = []
        self._extra: list[tuple[int, str, Callable[[str], Any]]] = []
        for index, name in enumerate(header):
            column = _TITLES.get(normal_title(name))
            if column:
                known = replace(column, clean=categories.named) if column.name == "category" else column
                self._known[column.name] = (index, known)
            elif name:
                self._extra.append((index, name, metadata.from_cell(name)))
            else:
                self._unnamed.append(index)
        self._checker = metadata
        self._metadata = Memo(self._metadata_text)
        self._bought = Memo(_bought_text)
        self._texts = {
            name: Memo(_text_of(self._known[name][1].clean, ABSENT[name])) for name in FIELDS if name in self._known
        }

    def clean(self, rows: list[Row]) -> tuple[list[VoucherDraft], list[Failure]]:
        """The drafts and the failures, each in row order."""
        plain = [row for row in rows if row.problem is None and len(row.value) == self._width]
        drafts, odd = self._clean_columns(plain) if "code" in self._known else ([], plain)
        odd += [row for row in rows if row.problem is not None or len(row.value) != self._width]
        failures = [failure for row in odd for failure in self._clean_odd(row, drafts)]
        if odd:
            drafts.sort(key=lambda draft: draft.row)
            failures.sort(key=lambda failure: failure.row)
        return drafts, failures

    def _clean_columns(self, rows: list[Row]) -> tuple[list[VoucherDraft], list[Row]]:
        """The drafts of the rows without anything odd, and the other rows."""
        if not rows:
            return [], []
        cells: list[Sequence[str]] = list(zip(*[row.value for row in rows], strict=True))
        nothing = ("",) * len(rows)
        bought = [self._cells_of(cells, name) or nothing for name in _BOUGHT]
        worth = list(map(self._bought.__getitem__, zip(*bought, strict=True)))
        columns: dict[str, Sequence[Any]] = {
            name: list(map(self._texts[name].__getitem__, cells[self._known[name][0]]))
            for name in FIELDS
            if name in self._known
        }
        if self._extra:
            extra = zip(*[cells[index] for index, _, _ in self._extra], strict=True)
            columns["metadata"] = list(map(self._metadata.__getitem__, extra))
        elif self._checker.problems({}):
            return [], rows
        codes = list(map(str.strip, cells[self._known["code"][0]]))
        odd = self._odd_places(cells, codes, worth, columns)
        kept = [place for place in range(len(rows)) if place not in odd] if odd else range(len(rows))
        for at, name in enumerate(_WORTH_FIELDS, 1):
            columns[name] = [found[at] if found is not _ODD else NULL for found in worth]
        fields = list(zip(*[columns.get(name, repeat(ABSENT[name], len(rows))) for name in FIELDS], strict=True))
        drafts = [VoucherDraft(rows[at].number, codes[at], worth[at][0], fields[at]) for at in kept]
        return drafts, [rows[place] for place in sorted(odd)]

    def _cells_of(self, cells: list[Sequence[str]], name: str) -> Sequence[str] | None:
        known = self._known.get(name)
        return cells[known[0]] if known else None

    def _odd_places(
        self, cells: list[Sequence[str]], codes: list[str], worth: list[Any], columns: dict[str, Sequence[Any]]
    ) -> set[int]:
        odd: set[int] = set()
        for column in (worth, *columns.values()):
            if _ODD in column:
                odd.update(place for place, text in enumerate(column) if text is _ODD)
        odd.update(_ending_before_start(columns.get("start_date", ()), columns.get("expiration_date", ())))
        for index in (*self._unnamed, *(self._known[name][0] for name in ("validation_rule",) if name in self._known)):
            odd.update(place for place, cell in enumerate(cells[index]) if cell and cell.strip())
        if not _all_plain(codes):
            odd.update(place for place, code in enumerate(codes) if not _is_plain(code))
        return odd

    def _metadata_text(self, cells: tuple[str, ...]) -> Any:
        metadata, problems = self._metadata_of(cells)
        if problems:
            return _ODD
        return copy_text(orjson.dumps(metadata).decode()) if metadata else ABSENT["metadata"]

    def _metadata_of(self, cells: Iterable[str]) -> tuple[Values, list[str]]:
        pairs = [(name, read, cell) for cell, (_, name, read) in zip(cells, self._extra, strict=True)]
        metadata = {name: None if cell.strip() == _NULL else read(cell) for name, read, cell in pairs if cell.strip()}
        return metadata, self._checker.problems(metadata)

    def _clean_odd(self, row: Row, drafts: list[VoucherDraft]) -> list[Failure]:
        """Add the row's draft, or return its failure with every problem."""
        if row.problem is not None:
            return [Failure(row.number, self._key(row.value or []), row.problem)]
        cells = _fitted(row.value, self._width)
        if cells is None:
            return [Failure(row.number, self._key(row.value), wrong_width(len(row.value), self._width))]
        values, cleared, problems = self._read_cells(cells)
        code, kind = values.pop("code", None), values.pop("type", None)
        bought = [values.pop(name, None) for name in _BOUGHT[1:]]
        is_legible = kind is not None and not any(problem.startswith("Discount Type:") for problem in problems)
        worth, found = _worth_of(str(kind), *bought) if is_legible else ({}, [])
        rule = values.pop("validation_rule", None)
        metadata, flaws = self._metadata_of([cells[index] for index, _, _ in self._extra])
        problems += [*found, *flaws]
        if problems or code is None or kind is None:
            return [Failure(row.number, self._key(cells), "; ".join(problems))]
        values |= worth
        if rule is not None:
            values["extras"] = orjson.dumps({"validation_rules": [rule]}).decode()
        if metadata:
            values["metadata"] = orjson.dumps(metadata).decode()
        drafts.append(VoucherDraft(row.number, code, kind, fields_of(values), tuple(cleared)))
        return []

    def _read_cells(self, cells: Cells) -> tuple[Values, list[str], list[str]]:
        """The known columns' values, the names of those set to null, and the problems."""
        values: Values = {}
        cleared: list[str] = []
        problems = [
            f"column {index + 1} has a value, but no name in the header"
            for index in self._unnamed
            if cells[index].strip()
        ]
        for name in ("code", "type"):
            if not (known := self._known.get(name)) or cells[known[0]].strip() in ("", _NULL):
                problems.append(f"{_TITLES_BY_NAME[name]} is required")
        for name, (index, column) in self._known.items():
            cell = cells[index].strip()
            if cell == _NULL:
                cleared.append(name)
            elif cell:
                take(values, problems, name, cell, column.clean, label=column.title)
        take_dates(values, problems, _TITLES_BY_NAME["expiration_date"])
        return values, cleared, problems

    def _key(self, cells: Cells) -> str | None:
        known = self._known.get("code")
        return shown_key(cells[known[0]].strip()) if known and known[0] < len(cells) else None


_TITLES_BY_NAME = {column.name: column.title for column in COLUMNS}


def _text_of(clean: Cleaner, absent: str) -> Callable[[str], Any]:
    """A reader of cells that answers with COPY's text, or with _ODD."""

    def read(cell: str) -> Any:
        stripped = cell.strip()
        if not stripped:
            return absent
        if stripped == _NULL:
            return _ODD
        try:
            return copy_text(clean(stripped))
        except Problem:
            return _ODD

    return read


def _bought_text(cells: tuple[str, ...]) -> Any:
    """Voucher Type, Discount Type, Discount Effect and Value as (type, discount, gift, loyalty card), or _ODD."""
    stripped = [cell.strip() for cell in cells]
    if _NULL in stripped:
        return _ODD
    try:
        kind = _word(VOUCHER_TYPE)(stripped[0])
        discount_type = _word(DISCOUNT_TYPE)(stripped[1]) if stripped[1] else None
    except Problem:
        return _ODD
    worth, problems = _worth_of(kind, discount_type, stripped[2].upper() or None, stripped[3] or None)
    if problems:
        return _ODD
    return (kind, *(copy_text(worth[name]) if name in worth else NULL for name in _WORTH_FIELDS))


def _worth_of(kind: str, discount_type: str | None, effect: str | None, value: str | None) -> tuple[Values, list[str]]:
    """What Voucher Type, Discount Type, Discount Effect and Value together make: {"discount": …} or {"gift": …}."""
    if kind == DISCOUNT and discount_type is None:
        return {}, ["Discount Type is required"]
    name, clean = _CELL_VALUES[discount_type if kind == DISCOUNT and discount_type else kind]
    made: Values = {}
    problems: list[str] = []
    take(made, problems, name, value, clean, label="Value", required=discount_type != "SHIPPING")
    if kind != DISCOUNT:
        return {WORTH[kind][0]: orjson.dumps(made).decode()}, problems
    if effect is not None:
        take(made, problems, "effect", effect, cleaning.one_of(*EFFECTS[str(discount_type)]), label="Discount Effect")
    return {"discount": orjson.dumps({"type": discount_type, **made}).decode()}, problems


def _ending_before_start(starts: Sequence[Any], ends: Sequence[Any]) -> list[int]:
    """The places with an end before their start; either may be absent, and then there are none."""
    pairs = set(zip(starts, ends, strict=False))
    wrong = {pair for pair in pairs if _ODD not in pair and NULL not in pair and pair[1] < pair[0]}
    return [place for place, pair in enumerate(zip(starts, ends, strict=False)) if pair in wrong] if wrong else []


def _all_plain(codes: list[str]) -> bool:
    if not all(codes) or max(map(len, codes)) > _PLAIN_CODE_LENGTH or _NULL in codes:
        return False
    return not _CONTROL.search("".join(codes))


def _is_plain(code: str) -> bool:
    return bool(code) and len(code) <= _PLAIN_CODE_LENGTH and code != _NULL and not _CONTROL.search(code)


def _fitted(cells: Cells, width: int) -> Cells | None:
    """Missing cells at the end are empty, surplus ones must be; None where a surplus cell holds something."""
    if len(cells) < width:
        return cells + [""] * (width - len(cells))
    return None if any(cell.strip() for cell in cells[width:]) else cells[:width]
