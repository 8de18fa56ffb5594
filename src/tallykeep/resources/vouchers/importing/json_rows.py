"""Vouchers that come as JSON objects. Every problem of a row is found, not only the first."""

from collections.abc import Sequence
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.rows import Failure, Row, Values
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual
from tallykeep.resources.fields.copy_format import is_plain
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import (
    DISCOUNT,
    DISCOUNT_BESIDE,
    DISCOUNT_TYPE,
    DISCOUNT_VALUES,
    EFFECTS,
    EXTRA_FIELDS,
    GIFT,
    GIFT_EFFECT,
    UNIT_EFFECTS,
    VOUCHER_TYPE,
    WORTH,
    WORTH_BESIDE,
    WORTH_LESS,
    balance_of,
    shown_key,
    take,
    take_dates,
    without_balance,
)
from tallykeep.resources.vouchers.domain import Values as Fields
from tallykeep.resources.vouchers.draft import DraftTable, VoucherDraft, fields_of
from tallykeep.resources.vouchers.fields import IN_JSON, INSIDE_JSON

_WORTH_REMEMBERING = 2_000
_ANY_CODE = "ANY"
_MAX_PROBLEMS = 100  # problems of one list: more are nobody's to read
_NO_DRAFTS = DraftTable([], [], [])
# Laid out for the loop that every row goes through.
_INSIDE = [
    (holder, [(field.name, field.column_name, field.clean, field.path) for field in fields])
    for holder, fields in INSIDE_JSON.items()
]


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
        self._row_texts: dict[bytes, str | None] = {}
        self._discounts = Memo(lambda dumped: _discount_problems(exact_json.loads(dumped)))

    def clean(self, rows: Sequence[Row]) -> tuple[Sequence[VoucherDraft], list[Failure]]:
        """Return the drafts and the failures, each in row order."""
        alike, others = self._clean_alike(rows) if isinstance(rows, Values) else (_NO_DRAFTS, rows)
        if not others:
            return alike, []
        drafts: list[VoucherDraft] = list(alike)
        failures: list[Failure] = []
        for row in others:
            if row.problem is not None:
                failures.append(Failure(row.number, None, row.problem))
                continue
            draft, problems, key = self._clean_row(row.number, row.value)
            if draft is not None:
                drafts.append(draft)
            else:
                failures.append(Failure(row.number, key, "; ".join(problems)))
        return sorted(drafts, key=lambda draft: draft.row), failures

    def _clean_alike(self, rows: Values) -> tuple[DraftTable, Sequence[Row]]:
        """Return the drafts of rows that repeat others in all but the code, and the rows that are not so simple."""
        codes: list[str] = []
        row_texts: list[str] = []
        indexes: list[int] = []
        for index, raw in enumerate(rows.values):
            row_text = self._row_text_of(raw)
            if row_text is not None and is_plain(code := raw["code"].strip()):
                codes.append(code)
                row_texts.append(row_text)
                indexes.append(index)
            if len(self._row_texts) > _WORTH_REMEMBERING and 2 * len(self._row_texts) > index:
                return _NO_DRAFTS, rows
        if len(indexes) == len(rows):
            return DraftTable(rows.numbers, codes, row_texts), []
        simple = set(indexes)
        numbers = [rows.numbers[index] for index in indexes]
        return DraftTable(numbers, codes, row_texts), [row for index, row in enumerate(rows) if index not in simple]

    def _row_text_of(self, raw: Any) -> str | None:
        """Look up the row text (see DraftTable) of a row without any problem, by all of it but the code."""
        if not isinstance(raw, dict):
            return None
        code = raw.get("code")
        if not isinstance(code, str):
            return None
        raw["code"] = _ANY_CODE  # for the time of this look, which no other thread shares
        try:
            rest = exact_json.dumps(raw)
            if rest not in self._row_texts:
                draft, _, _ = self._clean_row(0, raw)
                self._row_texts[rest] = "\t".join((draft.type, *draft.fields)) if draft else None
            return self._row_texts[rest]
        except exact_json.EncodeError:
            return None
        finally:
            raw["code"] = code  # after a defect the same rows are tried again, fewer at a time

    def _clean_row(self, row: int, raw: Any) -> tuple[VoucherDraft | None, list[str], str | None]:
        if not isinstance(raw, dict):
            return None, [f"the row must be an object {actual(raw)}"], None
        problems: list[str] = []
        values: Fields = {}
        for name, column, clean in self._fields:
            take(values, problems, column, raw.get(name), clean, label=name)
        category = self._categories.label_in(raw, problems)
        if category is not None:
            values["category"] = category
        take_dates(values, problems, "expiration_date")
        extras: Fields = {}
        for name, clean in EXTRA_FIELDS:
            take(extras, problems, name, raw.get(name), clean)
        _take_inside(values, problems, raw)
        if self._campaign_id is not None:
            for name in ("redeemed_quantity", "redeemed_amount"):
                take(values, problems, name, raw.get(name), cleaning.integer)
        voucher_type = _type_of(raw, problems)
        self._take_worth(values, problems, voucher_type, raw)
        self._take_metadata(values, problems, raw.get("metadata"))
        code = values.pop("code", None)
        if not raw.get("code") or cleaning.is_blank(raw["code"]):
            problems.insert(0, "code is required")
        if problems or code is None or voucher_type is None:
            return None, problems, shown_key(raw.get("code"))
        if self._campaign_id is not None:
            values["campaign_id"] = self._campaign_id
        if extras:
            values["extras"] = exact_json.dumps(extras).decode()
        return VoucherDraft(row, code, voucher_type, fields_of(values)), problems, code

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

    def _take_worth(self, values: Fields, problems: list[str], voucher_type: str | None, raw: Fields) -> None:
        if voucher_type == DISCOUNT:
            dumped = _dump(raw.get("discount"), dict, "discount", problems)
            if dumped is not None:
                flaws = self._discounts[dumped]
                problems.extend(flaws)
                values["discount"] = dumped.decode()
        elif voucher_type is not None:
            name = WORTH[voucher_type][0]
            dumped = _dump(raw.get(name), dict, name, problems)
            if dumped is not None:
                worth = raw[name]
                problems.extend(_worth_problems(voucher_type, worth, values.get("redeemed_amount")))
                values[name] = (exact_json.dumps(without_balance(worth)) if "balance" in worth else dumped).decode()


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


def _worth_problems(voucher_type: str, worth: Fields, spent: int | None) -> list[str]:
    name, total, clean = WORTH[voucher_type]
    problems: list[str] = []
    take({}, problems, total, worth.get(total), clean, label=f"{name}.{total}", required=True)
    for other in (*WORTH_LESS[voucher_type], *WORTH_BESIDE[voucher_type]):
        take({}, problems, other, worth.get(other), clean, label=f"{name}.{other}")
    if voucher_type == GIFT:
        take({}, problems, "effect", worth.get("effect"), GIFT_EFFECT, label="gift.effect")
    if not problems and worth.get("balance") is not None:
        left = balance_of(voucher_type, worth, spent)
        if worth["balance"] != left:
            problems.append(f"{name}.balance: must be {left}, as the other numbers say {actual(worth['balance'])}")
    return problems


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


def _discount_problems(discount: Fields) -> list[str]:
    problems: list[str] = []
    if discount.get("type") is None:
        return ["discount.type is required"]
    try:
        voucher_type: str = DISCOUNT_TYPE(discount["type"])
    except Problem as problem:
        return [f"discount.type: {problem}"]
    effect = discount.get("effect")
    if effect is not None:
        take({}, problems, "effect", effect, cleaning.one_of(*EFFECTS[voucher_type]), label="discount.effect")
    for name, clean in DISCOUNT_BESIDE.items():
        take({}, problems, name, discount.get(name), clean, label=f"discount.{name}")
    if voucher_type == "UNIT" and effect == "ADD_MANY_ITEMS" and discount.get("units"):
        return problems + _units_problems(discount["units"])
    if voucher_type in DISCOUNT_VALUES:
        name, clean = DISCOUNT_VALUES[voucher_type]
        needed = not discount.get(f"{name}_formula")
        take({}, problems, name, discount.get(name), clean, label=f"discount.{name}", required=needed)
    if voucher_type == "UNIT":
        take({}, problems, "unit_type", discount.get("unit_type"), cleaning.text, label="discount.unit_type",
              required=True)  # fmt: skip
    return problems


def _units_problems(units: Any) -> list[str]:
    if not isinstance(units, list):
        return [f"discount.units: must be an array {actual(units)}"]
    problems: list[str] = []
    for at, unit in enumerate(units):
        if len(problems) >= _MAX_PROBLEMS:
            return [*problems, "discount.units has more problems than these"]
        label = f"discount.units[{at}]"
        if not isinstance(unit, dict):
            problems.append(f"{label}: must be an object {actual(unit)}")
            continue
        needed = not unit.get("unit_off_formula")
        take({}, problems, "unit_off", unit.get("unit_off"), cleaning.number, label=f"{label}.unit_off",
             required=needed)  # fmt: skip
        take({}, problems, "unit_type", unit.get("unit_type"), cleaning.text, label=f"{label}.unit_type")
        take({}, problems, "effect", unit.get("effect"), cleaning.one_of(*UNIT_EFFECTS), label=f"{label}.effect")
    return problems
