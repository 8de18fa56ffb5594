"""Vouchers that come as JSON objects. Every problem of a row is found, not only the first."""

from collections.abc import Container, Sequence
from itertools import compress
from typing import Any, cast

from tallykeep.core import exact_json
from tallykeep.core.rows import Failure, Row
from tallykeep.formats.json.unread_rows import UnreadRows
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.fields.plain_texts import is_plain
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import (
    DISCOUNT,
    EXTRA_FIELDS,
    GIFT,
    VOUCHER_TYPE,
    WORTH,
    shown_key,
    take,
    take_dates,
    without_balance,
)
from tallykeep.resources.vouchers.domain import Values as Fields
from tallykeep.resources.vouchers.draft import DraftTable, VoucherDraft, fields_of, together
from tallykeep.resources.vouchers.fields import IN_JSON, INSIDE_JSON
from tallykeep.resources.vouchers.importing.json_columns import JsonColumns, ReadRun, Texts
from tallykeep.resources.vouchers.importing.typed_vouchers import REDEEMED
from tallykeep.resources.vouchers.importing.worth_checks import discount_problems, worth_problems

_FEW = 20  # rows, which are cleaned one by one as quickly
# Laid out for the loop that every row goes through.
_INSIDE = [
    (holder, [(field.name, field.column_name, field.clean, field.path) for field in fields])
    for holder, fields in INSIDE_JSON.items()
]
_INSIDE_COLUMNS = [column for _, fields in _INSIDE for _, column, *_ in fields]


class _All(Container[str]):
    """Every part of a row."""

    def __contains__(self, part: object) -> bool:
        return True


_ALL = _All()


class JsonVouchers:
    """Cleans vouchers that come as JSON objects; with `last_day_counts`, a day alone ends with its end."""

    def __init__(
        self,
        metadata: MetadataChecker,
        categories: CategoryLabels,
        campaign_id: str | None = None,
        *,
        last_day_counts: bool = False,
    ) -> None:
        fields = [field.counting_last_day(last_day_counts) for field in IN_JSON]
        self._fields = [(field.name, field.column_name, field.clean) for field in fields]
        self._categories = categories
        self._campaign_id = campaign_id
        self._metadata = Memo(lambda dumped: metadata.problems(exact_json.loads(dumped)))
        self._missing_metadata = metadata.problems({})
        self._discounts = Memo(lambda dumped: discount_problems(exact_json.loads(dumped)))
        self._columns = JsonColumns(fields, metadata, categories, campaign_id)

    def clean(self, rows: Sequence[Row]) -> tuple[DraftTable, list[Failure]]:
        """Return the drafts and the failures, each in row order."""
        codes, row_texts, known = self._read_columns(rows)
        drafts: list[VoucherDraft] = []
        failures: list[Failure] = []
        for index in _lacking(codes, row_texts):
            codes[index] = None
            made = known.get(index) or self._clean_carefully(rows[index])
            if isinstance(made, Failure):
                failures.append(made)
            elif is_plain(made.code):
                codes[index], row_texts[index] = made.code, "\t".join((made.type, *made.fields))
            else:
                drafts.append(made)
        return together(_drafts_of(rows, codes, row_texts), drafts), failures

    def _read_columns(self, rows: Sequence[Row]) -> tuple[Texts, Texts, dict[int, Failure]]:
        """Return the codes and the row texts of rows that the quick way takes, None for others.

        Of these, it returns the failures that its columns have found, by index.
        """
        if len(rows) < _FEW:
            return [None] * len(rows), [None] * len(rows), {}
        codes: Texts = []
        row_texts: Texts = []
        failures: dict[int, Failure] = {}
        unread = rows if isinstance(rows, UnreadRows) else _written(rows)
        numbers = _numbers_of(rows)
        for run in self._columns.rows.runs(unread):
            read = self._columns.read(run)
            for at in read.lacking if len(codes) + len(run.rows) <= len(rows) else ():
                if (failure := self._fail(numbers[len(codes) + at], read, at)) is not None:
                    failures[len(codes) + at] = failure
            codes += read.codes
            row_texts += read.row_texts
        if len(codes) != len(rows):
            return [None] * len(rows), [None] * len(rows), {}
        return codes, row_texts, failures

    def _fail(self, number: int, read: ReadRun, at: int) -> Failure | None:
        """Return why a row fails, as those of its parts tell that no column has taken; None where these are right."""
        if (doubtful := read.doubtful(at)) is None:
            return None
        parts, raw = doubtful
        _, problems = self._read_parts(raw, parts)
        return Failure(number, shown_key(raw.get("code")), "; ".join(problems)) if problems else None

    def _clean_carefully(self, row: Row) -> VoucherDraft | Failure:
        if row.problem is not None:
            return Failure(row.number, None, row.problem)
        draft, problems, key = self._clean_row(row.number, row.value)
        return draft or Failure(row.number, key, "; ".join(problems))

    def _clean_row(self, row: int, raw: Any) -> tuple[VoucherDraft | None, list[str], str | None]:
        if not isinstance(raw, dict):
            return None, [f"the row must be an object {actual(raw)}"], None
        values, problems = self._read_parts(raw, _ALL)
        code, voucher_type = values.pop("code", None), values.pop("type", None)
        if problems or code is None or voucher_type is None:
            return None, problems, shown_key(raw.get("code"))
        if self._campaign_id is not None:
            values["campaign_id"] = self._campaign_id
        return VoucherDraft(row, code, voucher_type, fields_of(values)), problems, code

    def _read_parts(self, raw: Fields, parts: Container[str]) -> tuple[Fields, list[str]]:
        """Read these parts of a row; return their values, and every problem."""
        problems: list[str] = []
        values: Fields = {}
        if "code" in parts and (not raw.get("code") or cleaning.is_blank(raw["code"])):
            problems.append("code is required")
        for name, column, clean in self._fields:
            if column in parts:
                take(values, problems, column, raw.get(name), clean, label=name)
        if "category" in parts and (category := self._categories.label_in(raw, problems)) is not None:
            values["category"] = category
        take_dates(values, problems, "expiration_date")
        if "extras" in parts:
            _take_extras(values, problems, raw)
        if any(column in parts for column in _INSIDE_COLUMNS):
            _take_inside(values, problems, raw)
        for name in REDEEMED if self._campaign_id is not None else ():
            if name in parts:
                take(values, problems, name, raw.get(name), cleaning.integer)
        if "type" in parts and (voucher_type := _type_of(raw, problems)) is not None:
            values["type"] = voucher_type
            self._take_worth(values, problems, voucher_type, raw)
        if "metadata" in parts:
            self._take_metadata(values, problems, raw.get("metadata"))
        return values, problems

    def _take_metadata(self, values: Fields, problems: list[str], raw: Any) -> None:
        if raw is None:
            problems.extend(self._missing_metadata)
            return
        dumped = _dump(raw, dict, "metadata", problems)
        if dumped is not None:
            flaws = self._metadata[dumped]
            problems.extend(flaws)
            if not flaws:
                values["metadata"] = dumped.decode()

    def _take_worth(self, values: Fields, problems: list[str], voucher_type: str, raw: Fields) -> None:
        if voucher_type == DISCOUNT:
            dumped = _dump(raw.get("discount"), dict, "discount", problems)
            if dumped is not None:
                flaws = self._discounts[dumped]
                problems.extend(flaws)
                values["discount"] = dumped.decode()
        else:
            name = WORTH[voucher_type][0]
            dumped = _dump(raw.get(name), dict, name, problems)
            if dumped is not None:
                worth = raw[name]
                problems.extend(worth_problems(voucher_type, worth, values.get("redeemed_amount")))
                values[name] = (exact_json.dumps(without_balance(worth)) if "balance" in worth else dumped).decode()


def _lacking(codes: Texts, row_texts: Texts) -> list[int]:
    """Return the indexes of rows that lack their code or their text."""
    if None not in codes and None not in row_texts:
        return []
    return [at for at, pair in enumerate(zip(codes, row_texts, strict=True)) if None in pair]


def _numbers_of(rows: Sequence[Row]) -> Sequence[int]:
    return rows.numbers if isinstance(rows, UnreadRows) else [row.number for row in rows]


def _drafts_of(rows: Sequence[Row], codes: Texts, row_texts: Texts) -> DraftTable:
    """Return the drafts of the rows that have a code."""
    numbers = _numbers_of(rows)
    if None in codes:
        has_code = [code is not None for code in codes]
        numbers = list(compress(numbers, has_code))
        codes, row_texts = list(compress(codes, has_code)), list(compress(row_texts, has_code))
    return DraftTable(numbers, cast(list[str], codes), cast(list[str], row_texts))


def _written(rows: Sequence[Row]) -> UnreadRows:
    """Return rows that were read already as bytes; one that cannot be written is empty."""
    return UnreadRows(range(len(rows)), b"", [_as_bytes(row.value) for row in rows])


def _as_bytes(value: Any) -> bytes:
    try:
        return exact_json.dumps(value)
    except exact_json.EncodeError:
        return b""


def _take_extras(values: Fields, problems: list[str], raw: Fields) -> None:
    extras: Fields = {}
    for name, clean in EXTRA_FIELDS:
        take(extras, problems, name, raw.get(name), clean)
    if extras:
        values["extras"] = exact_json.dumps(extras).decode()


def _take_inside(values: Fields, problems: list[str], raw: Fields) -> None:
    """Take the fields that stand in objects of the row."""
    for name, fields in _INSIDE:
        holder = raw.get(name)
        if holder is not None and not isinstance(holder, dict):
            problems.append(f"{name}: must be an object {actual(holder)}")
        elif holder:
            for part, column, clean, label in fields:
                take(values, problems, column, holder.get(part), clean, label=label)


def _dump(raw: Any, expected: type, name: str, problems: list[str]) -> bytes | None:
    wanted = "an object" if expected is dict else "an array"
    if raw is None:
        problems.append(f"{name} is required")
        return None
    if not isinstance(raw, expected):
        problems.append(f"{name}: must be {wanted} {actual(raw)}")
        return None
    try:
        cleaning.check_storable(raw)
    except Problem as problem:
        problems.append(f"{name}: {problem}")
        return None
    return exact_json.dumps(raw)


def _type_of(raw: Fields, problems: list[str]) -> str | None:
    voucher_type = raw.get("type")
    if voucher_type is None:
        # The wire format makes the type optional where the gift or the discount tells it.
        voucher_type = GIFT if raw.get("gift") else DISCOUNT if raw.get("discount") else None
        if voucher_type is None:
            problems.append("Voucher Type is required")
        return voucher_type
    try:
        return str(VOUCHER_TYPE(voucher_type))
    except Problem as problem:
        problems.append(f"type: {problem}")
        return None
