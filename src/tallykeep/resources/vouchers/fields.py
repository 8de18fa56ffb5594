"""A voucher's fields: what JSON objects and the rows of files say, cleaned into drafts.

Sources: the public API documentation's schemas VoucherImportBase, VoucherCreateBase and Discount*, and the documented
CSV headers. Every problem of a row is found, not only the first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from tallykeep.resources import cleaning
from tallykeep.resources.cleaning import Cleaner, Problem
from tallykeep.resources.metadata import MetadataChecker

Values = dict[str, Any]

DISCOUNT, GIFT, LOYALTY = "DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD"

_ORDER_EFFECTS = ("APPLY_TO_ORDER", "APPLY_TO_ITEMS")
_EFFECTS: dict[str, tuple[str, ...]] = {
    "AMOUNT": (
        *_ORDER_EFFECTS, "APPLY_TO_ITEMS_PROPORTIONALLY", "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY",
        "APPLY_TO_ITEMS_BY_QUANTITY",
    ),
    "PERCENT": _ORDER_EFFECTS,
    "FIXED": _ORDER_EFFECTS,
    "UNIT": ("ADD_MISSING_ITEMS", "ADD_NEW_ITEMS", "ADD_MANY_ITEMS", "ADD_SAME_ITEMS"),
    "SHIPPING": ("ADD_MISSING_ITEMS", "ADD_NEW_ITEMS", "ADD_MANY_ITEMS", "ADD_SAME_ITEMS", *_ORDER_EFFECTS),
}  # fmt: skip
VOUCHER_TYPES = (DISCOUNT, GIFT, LOYALTY)
DISCOUNT_TYPES = tuple(_EFFECTS)

# Which field of a discount carries its value, and what reads it.
_DISCOUNT_VALUES: dict[str, tuple[str, Cleaner]] = {
    "AMOUNT": ("amount_off", cleaning.number),
    "PERCENT": ("percent_off", cleaning.percent),
    "FIXED": ("fixed_amount", cleaning.number),
    "UNIT": ("unit_off", cleaning.whole_number),
}
# What a voucher of each type must bring, and the number within it that says how much it is worth.
_WORTH: dict[str, tuple[str, str, Cleaner]] = {
    GIFT: ("gift", "amount", cleaning.number),
    LOYALTY: ("loyalty_card", "points", cleaning.whole_number),
}
EXTRA_FIELDS: tuple[tuple[str, type], ...] = (
    ("validity_timeframe", dict),
    ("validity_day_of_week", list),
    ("validity_hours", dict),
    ("validation_rules", list),
)


@dataclass(slots=True)
class VoucherDraft:
    """A voucher to be written: `values` hold what was given (JSON parts as text), `cleared` what was set to null."""

    row: int
    code: str
    type: str
    values: Values
    cleared: list[str] = field(default_factory=list)
    folded_rows: list[int] = field(default_factory=list)

    @property
    def rows(self) -> list[int]:
        """Every row this draft stands for, in order."""
        return [*self.folded_rows, self.row]


class Memo(dict[Any, Any]):
    """Remembers what a cleaner made of a value, problems included: files repeat themselves."""

    def __init__(self, clean: Cleaner, limit: int = 20_000) -> None:
        super().__init__()
        self._clean = clean
        self._limit = limit

    def __missing__(self, value: Any) -> Any:
        if len(self) >= self._limit:
            self.clear()
        try:
            made = self._clean(value)
        except Problem as problem:
            made = problem
        self[value] = made
        return made


class JsonVouchers:
    """Cleans vouchers that come as JSON objects."""

    def __init__(self, metadata: MetadataChecker) -> None:
        self._metadata = Memo(lambda dumped: metadata.problems(orjson.loads(dumped)))
        self._missing_metadata = metadata.problems({})
        self._discounts = Memo(lambda dumped: _discount_problems(orjson.loads(dumped)))

    def clean(self, row: int, given: Any) -> tuple[VoucherDraft | None, list[str], str | None]:
        """The draft, or the problems found; and the row's key where it can be told."""
        if not isinstance(given, dict):
            return None, [f"the row must be an object {cleaning.actual(given)}"], None
        problems: list[str] = []
        values: Values = {}
        for name, clean in _JSON_FIELDS:
            _take(values, problems, name, given.get(name), clean)
        for name, expected in EXTRA_FIELDS:
            self._take_extra(values, problems, name, given.get(name), expected)
        self._take_redemption(values, problems, given.get("redemption"))
        kind = _kind_of(given, problems)
        self._take_worth(values, problems, kind, given)
        self._take_metadata(values, problems, given.get("metadata"))
        code = values.pop("code", None)
        if not given.get("code"):
            problems.insert(0, "code is required")
        if problems or code is None or kind is None:
            return None, problems, shown_key(given.get("code"))
        return VoucherDraft(row, code, kind, values), problems, code

    def _take_metadata(self, values: Values, problems: list[str], given: Any) -> None:
        if given is None:
            problems.extend(self._missing_metadata)
            return
        dumped = _dump(given, dict, "metadata", problems)
        if dumped is not None:
            found = self._metadata[dumped]
            problems.extend(found)
            if not found:
                values["metadata"] = dumped.decode()

    def _take_worth(self, values: Values, problems: list[str], kind: str | None, given: Values) -> None:
        if kind == DISCOUNT:
            dumped = _dump(given.get("discount"), dict, "discount", problems)
            if dumped is not None:
                found = self._discounts[dumped]
                problems.extend(found)
                values["discount"] = dumped.decode()
        elif kind is not None:
            name, number, clean = _WORTH[kind]
            dumped = _dump(given.get(name), dict, name, problems)
            if dumped is not None:
                worth = given[name]
                _take(
                    values,
                    problems,
                    "worth",
                    worth.get(number),
                    clean,
                    label=f"{name}.{number}",
                    required=True,
                )
                values.pop("worth", None)
                values[name] = dumped.decode()

    @staticmethod
    def _take_redemption(values: Values, problems: list[str], given: Any) -> None:
        if given is None:
            return
        if not isinstance(given, dict):
            problems.append(f"redemption: must be an object {cleaning.actual(given)}")
            return
        _take(values, problems, "redemption_quantity", given.get("quantity"), cleaning.whole_number,
              label="redemption.quantity")  # fmt: skip

    @staticmethod
    def _take_extra(values: Values, problems: list[str], name: str, given: Any, expected: type) -> None:
        if given is None:
            return
        if _dump(given, expected, name, problems) is not None:
            values.setdefault("extras", {})[name] = given


_JSON_FIELDS: tuple[tuple[str, Cleaner], ...] = (
    ("code", cleaning.key_text),
    ("category", cleaning.text),
    ("active", cleaning.json_boolean),
    ("start_date", cleaning.moment),
    ("expiration_date", cleaning.moment),
    ("additional_info", cleaning.text),
)


def shown_key(value: Any) -> str | None:
    """The key of a failed row, as far as it can be shown; None when the row has none."""
    if not isinstance(value, str):
        return None if value is None else cleaning.actual(value)[len("(actual value is '") : -2]
    return value[: cleaning.MAX_KEY_BYTES].translate(_HARMLESS).encode("utf-8", "replace").decode()


_HARMLESS = {0: "\N{REPLACEMENT CHARACTER}"}


def _take(
    values: Values, problems: list[str], name: str, given: Any, clean: Cleaner, *,
    label: str | None = None, required: bool = False,
) -> None:  # fmt: skip
    if given is None:
        if required:
            problems.append(f"{label or name} is required")
        return
    try:
        values[name] = clean(given)
    except Problem as problem:
        problems.append(f"{label or name}: {problem}")


def _dump(given: Any, expected: type, name: str, problems: list[str]) -> bytes | None:
    wanted = "an object" if expected is dict else "an array"
    if given is None:
        problems.append(f"{name} is required")
        return None
    if not isinstance(given, expected):
        problems.append(f"{name}: must be {wanted} {cleaning.actual(given)}")
        return None
    try:
        cleaning.check_storable(given)
    except Problem as problem:
        problems.append(f"{name}: {problem}")
        return None
    return orjson.dumps(given)


def _kind_of(given: Values, problems: list[str]) -> str | None:
    kind = given.get("type")
    if kind is None:
        # The wire format makes the type optional where the gift or the discount tells it.
        kind = GIFT if given.get("gift") else DISCOUNT if given.get("discount") else None
        if kind is None:
            problems.append("Voucher Type is required")
        return kind
    try:
        return str(_VOUCHER_TYPE(kind))
    except Problem as problem:
        problems.append(f"type: {problem}")
        return None


_VOUCHER_TYPE = cleaning.one_of(*VOUCHER_TYPES)
_DISCOUNT_TYPE = cleaning.one_of(*DISCOUNT_TYPES)


def _discount_problems(discount: Values) -> list[str]:
    problems: list[str] = []
    if discount.get("type") is None:
        return ["discount.type is required"]
    try:
        kind: str = _DISCOUNT_TYPE(discount["type"])
    except Problem as problem:
        return [f"discount.type: {problem}"]
    effect = discount.get("effect")
    if effect is not None:
        _take({}, problems, "effect", effect, cleaning.one_of(*_EFFECTS[kind]), label="discount.effect")
    if kind == "UNIT" and effect == "ADD_MANY_ITEMS" and discount.get("units"):
        return problems
    if kind in _DISCOUNT_VALUES:
        name, clean = _DISCOUNT_VALUES[kind]
        needed = not discount.get(f"{name}_formula")
        _take({}, problems, name, discount.get(name), clean, label=f"discount.{name}", required=needed)
    if kind == "UNIT":
        _take({}, problems, "unit_type", discount.get("unit_type"), cleaning.text, label="discount.unit_type",
              required=True)  # fmt: skip
    return problems


def normalise_header(name: str) -> str:
    """Headers match in any case, with spaces, underscores or nothing between the words."""
    return name.strip().lower().replace(" ", "").replace("_", "")


def _word(clean: Cleaner) -> Callable[[str], Any]:
    return lambda cell: clean(cell.strip().upper())


# Column title → the name in a draft's values, and the reader of its cells.
CSV_COLUMNS: dict[str, tuple[str, Cleaner]] = {
    "Code": ("code", cleaning.key_text),
    "Voucher Type": ("type", _word(_VOUCHER_TYPE)),
    "Value": ("value", str),
    "Discount Type": ("discount_type", _word(_DISCOUNT_TYPE)),
    "Discount Effect": ("discount_effect", _word(str)),
    "Validation Rule ID": ("validation_rule", cleaning.text),
    "Category": ("category", cleaning.text),
    "Active": ("active", cleaning.boolean),
    "Start Date": ("start_date", cleaning.moment),
    "Expiration Date": ("expiration_date", cleaning.moment),
    "Redemption Limit": ("redemption_quantity", cleaning.cell_whole_number),
    "Redeemed Quantity": ("redeemed_quantity", cleaning.cell_whole_number),
    "Redeemed Amount": ("redeemed_amount", cleaning.cell_cents),
    "Additional Info": ("additional_info", cleaning.text),
}
_TITLES = {normalise_header(title): (title, *column) for title, column in CSV_COLUMNS.items()}

_CELL_VALUES: dict[str, tuple[str, Cleaner]] = {
    "AMOUNT": ("amount_off", cleaning.cell_cents),
    "FIXED": ("fixed_amount", cleaning.cell_cents),
    "PERCENT": ("percent_off", lambda cell: cleaning.percent(cleaning.cell_number(cell))),
    "UNIT": ("unit_off", cleaning.cell_whole_number),
    "SHIPPING": ("unit_off", cleaning.cell_whole_number),
    GIFT: ("amount", cleaning.cell_cents),
    LOYALTY: ("points", cleaning.cell_whole_number),
}


class CsvVouchers:
    """Cleans vouchers that come as the cells of a file with this header; unknown columns become metadata."""

    def __init__(self, header: list[str], metadata: MetadataChecker) -> None:
        self._width = len(header)
        self._columns: list[tuple[int, str, str, Memo]] = []
        extra: list[tuple[int, str]] = []
        for index, name in enumerate(header):
            known = _TITLES.get(normalise_header(name))
            if known:
                title, field_name, clean = known
                self._columns.append((index, title, field_name, Memo(clean)))
            elif name:
                extra.append((index, name))
        self._unnamed = [index for index, name in enumerate(header) if not name]
        self._metadata_indexes = [index for index, _ in extra]
        readers = [(name, metadata.from_cell(name)) for _, name in extra]
        self._metadata = Memo(lambda cells: _metadata_of(cells, readers, metadata))
        self._worth = Memo(_worth_of)
        self._key_index = next((i for i, _, name, _ in self._columns if name == "code"), None)

    def clean(self, row: int, given: list[str]) -> tuple[VoucherDraft | None, list[str], str | None]:
        """The draft, or the problems found; and the row's key where it can be told."""
        cells = given if len(given) == self._width else _fitted(given, self._width)
        if cells is None:
            return (
                None,
                [f"the row has {len(given)} cells, but the header has {self._width}"],
                self._key(given),
            )
        problems = [f"column {index + 1} has a value, but no name in the header"
                    for index in self._unnamed if cells[index].strip()]  # fmt: skip
        values: Values = {}
        cleared: list[str] = []
        for index, title, name, memo in self._columns:
            cell = cells[index].strip()
            if not cell:
                continue
            if cell == "null":
                cleared.append(name)
                continue
            made = memo[cell]
            if made.__class__ is Problem:
                problems.append(f"{title}: {made}")
            else:
                values[name] = made
        return self._assemble(row, cells, values, cleared, problems)

    def _assemble(
        self, row: int, cells: list[str], values: Values, cleared: list[str], problems: list[str]
    ) -> tuple[VoucherDraft | None, list[str], str | None]:
        code = values.pop("code", None)
        kind = values.pop("type", None)
        if code is None and not any(problem.startswith("Code:") for problem in problems):
            problems.insert(0, "Code is required")
        if kind is None and not any(problem.startswith("Voucher Type:") for problem in problems):
            problems.append("Voucher Type is required")
        bought = (
            values.pop("discount_type", None),
            values.pop("discount_effect", None),
            values.pop("value", None),
        )
        if kind is not None:
            worth, found = self._worth[(kind, *bought)]
            problems.extend(found)
            values.update(worth)
        rule = values.pop("validation_rule", None)
        if rule is not None:
            values["extras"] = {"validation_rules": [rule]}
        dumped, found = self._metadata[tuple([cells[index] for index in self._metadata_indexes])]
        if found:
            problems.extend(found)
        if problems or code is None or kind is None:
            return None, problems, code if code is not None else self._key(cells)
        if dumped is not None:
            values["metadata"] = dumped
        return VoucherDraft(row, code, kind, values, cleared), problems, code

    def _key(self, cells: list[str]) -> str | None:
        index = self._key_index
        return shown_key(cells[index].strip()) if index is not None and index < len(cells) else None


def _fitted(cells: list[str], width: int) -> list[str] | None:
    """Missing cells at the end are empty, surplus ones must be; None where a surplus cell holds something."""
    if len(cells) < width:
        return cells + [""] * (width - len(cells))
    return None if any(cell.strip() for cell in cells[width:]) else cells[:width]


def _metadata_of(
    cells: Iterable[str], readers: list[tuple[str, Callable[[str], Any]]], checker: MetadataChecker
) -> tuple[str | None, list[str]]:
    metadata = {
        name: None if cell.strip() == "null" else read(cell)
        for cell, (name, read) in zip(cells, readers, strict=True)
        if cell.strip()
    }
    problems = checker.problems(metadata)
    return (orjson.dumps(metadata).decode() if metadata and not problems else None), problems


def _worth_of(bought: tuple[str, str | None, str | None, str | None]) -> tuple[Values, list[str]]:
    """What Voucher Type, Discount Type, Discount Effect and Value together make: {"discount": …} or {"gift": …}."""
    kind, discount_type, effect, value = bought
    if kind == DISCOUNT and discount_type is None:
        return {}, ["Discount Type is required"]
    name, clean = _CELL_VALUES[discount_type if kind == DISCOUNT and discount_type else kind]
    made: Values = {}
    problems: list[str] = []
    _take(made, problems, name, value, clean, label="Value", required=discount_type != "SHIPPING")
    if kind != DISCOUNT:
        return {_WORTH[kind][0]: orjson.dumps(made).decode()}, problems
    if effect is not None:
        _take(
            made,
            problems,
            "effect",
            effect,
            cleaning.one_of(*_EFFECTS[str(discount_type)]),
            label="Discount Effect",
        )
    return {"discount": orjson.dumps({"type": discount_type, **made}).decode()}, problems
