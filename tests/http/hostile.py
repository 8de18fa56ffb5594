"""What to send to a server that is to be broken: values, bodies that are right but for some places, files."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

# Numbers that Python's writer of JSON would not write, as texts that are put in for these.
NUMBERS = {f"number {at}": text for at, text in enumerate((
    "1e28", "1.5e300", "1e400", "-1e400", "1e-400", "18446744073709551616", "123456789012345678901234567890",
    "1" * 400, "0." + "1" * 2_000, "1E+20", "-0.0", "9007199254740993", "NaN", "01",
))}  # fmt: skip
TEXTS = (
    "", " ", "\0", "a\rb", "\u2028", "\ufeff", "\ud800", "null", "None", "true", "-1", "1e3", "٣", "0" * 400,
    "x" * 3_000,
    "2026-12-31", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-13-45", "P1D", "P99999999999999999Y", "%",
    "'",
    "[{[]:1}]", "[1,", "{}", "[]", "../..", "=1+1", "AMOUNT", "GIFT_VOUCHER", "vouchers", "voucher", "object", "number",
    "-created_at", "ids[]", "é" * 300, "🙂",
)  # fmt: skip


def nested(levels: int, bracket: str = "[") -> str:
    return "[" * levels + "]" * levels if bracket == "[" else '{"a":' * levels + "1" + "}" * levels


RAW = {
    **NUMBERS,
    **{f"nested {levels}{bracket}": nested(levels, bracket) for levels in (33, 260, 700, 1_100) for bracket in "[{"},
}
hostile = st.recursive(
    st.sampled_from([None, True, False, 0, -1, 1.5, 2**31, 2**53, 2**63, 2**64 - 1, *TEXTS, *RAW, [], {}]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "type", "", "\0"]), inner, max_size=2)
    ),
    max_leaves=3,
)

VOUCHER = {
    "code": "F-1", "type": "GIFT_VOUCHER", "gift": {"amount": 5, "balance": 5, "subtracted_amount": 0, "effect": "x"},
    "discount": {"type": "UNIT", "unit_off": 1, "unit_type": "x", "effect": "ADD_NEW_ITEMS", "units": []},
    "loyalty_card": {"points": 3, "subtracted_points": 1, "expired_points": 0, "balance": 2}, "active": True,
    "start_date": "2026-01-01", "expiration_date": "2026-12-31", "redemption": {"quantity": 1}, "category": "c",
    "category_id": "cat_1", "metadata": {"k": 1}, "additional_info": "x", "validity_timeframe": {"duration": "P1D"},
    "validity_day_of_week": [1], "validity_hours": {"daily": []}, "validation_rules": ["r"], "redeemed_quantity": 1,
    "redeemed_amount": 1, "code_config": {"length": 4, "charset": "ab", "pattern": "#", "prefix": "x", "postfix": "y"},
}  # fmt: skip
CUSTOMER = {
    "source_id": "c-1", "id": "cust_1", "name": "x", "email": "x", "phone": "1", "birthdate": "2000-01-01",
    "birthday": "2000-01-01", "address": {"city": "x", "line_1": "y"}, "metadata": {"k": 1}, "description": "d",
}  # fmt: skip
PRODUCT = {
    "source_id": "p-1", "id": "prod_1", "name": "x", "price": 1, "attributes": ["a"], "image_url": "x",
    "metadata": {"k": 1}, "sku": "s", "currency": "EUR", "product_id": "p-1", "product": {"name": "x"},
}  # fmt: skip
ORDER = {
    "source_id": "o-1", "status": "PAID", "amount": 1, "initial_amount": 1, "discount_amount": 0,
    "items": [{"product_id": "p", "sku_id": "s", "source_id": "p-1", "related_object": "product", "quantity": 1,
               "price": 1, "amount": 1, "product": {"source_id": "p-1", "name": "x", "price": 1, "override": True},
               "sku": {"source_id": "s-1", "sku": "x", "product_id": "p-1", "override": True, "metadata": {}}}],
    "customer": {**CUSTOMER}, "customer_id": "c", "referrer": {"source_id": "r"}, "referrer_id": "r",
    "metadata": {"k": 1},
}  # fmt: skip
CAMPAIGN = {
    "name": "F", "campaign_type": "GIFT_VOUCHERS", "type": "STATIC", "vouchers_count": 1, "voucher": VOUCHER,
    "metadata": {"k": 1}, "start_date": "2026-01-01", "expiration_date": "2026-12-31", "active": True, "category": "c",
    "category_id": "x", "description": "x", "auto_join": True, "validity_hours": {}, "gift": {"amount": 1},
    "discount": {"type": "AMOUNT", "amount_off": 1}, "loyalty_card": {"points": 1}, "unset_metadata_fields": ["k"],
    "validity_timeframe": {}, "validity_day_of_week": [1], "promotion": {},
}  # fmt: skip
DEFINITION = {
    "type": "number", "array": False, "optional": True, "object_type": "x", "eq": [1], "ne": [2], "lt": 3, "gte": 0,
    "min_length": 1, "max_length": 4, "deleted": False,
}  # fmt: skip
OTHERS = {
    "related_object": "voucher", "properties": {"k": DEFINITION}, "allow_defined_only": False, "codes": ["F-1"],
    "source_ids": ["c-1"], "metadata": {"k": 1}, "name": "x", "hierarchy": 1, "kind": "app", "unset": [],
}  # fmt: skip
SAMPLES: tuple[dict[str, Any], ...] = (VOUCHER, CUSTOMER, PRODUCT, ORDER, CAMPAIGN, OTHERS)
NOUNS = {"vouchers": VOUCHER, "customers": CUSTOMER, "products": PRODUCT, "skus": PRODUCT, "orders": ORDER,
         "campaigns": CAMPAIGN}  # fmt: skip


def paths_in(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield before
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from paths_in(each, (*before, key))


def replaced(value: Any, path: tuple[Any, ...], wanted: Any) -> Any:
    if not path:
        return wanted
    at, *rest = path
    if isinstance(value, dict) and at in value:
        return {**value, at: replaced(value[at], tuple(rest), wanted)}
    if isinstance(value, list) and isinstance(at, int) and at < len(value):
        return [*value[:at], replaced(value[at], tuple(rest), wanted), *value[at + 1 :]]
    return value


@st.composite
def bodies(draw: st.DrawFn, sample: Any) -> bytes:
    """A body that is right but for some places of it."""
    value = sample
    for path in draw(st.lists(st.sampled_from(list(paths_in(sample))), min_size=1, max_size=3)):
        value = replaced(value, path, draw(hostile))
    text = json.dumps(value)
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text.encode()


def sample_of(path: str) -> Any:
    named = next((noun for noun in reversed(path.split("/")) if noun in NOUNS), None)
    sample = NOUNS[named] if named else OTHERS
    if "metadata/async" in path or "management" in path or "categories" in path:
        sample = OTHERS
    return [sample, sample] if path.endswith(("import", "bulk/async", "preview", "retry")) else sample


CELLS = st.sampled_from(
    [*TEXTS, *NUMBERS.values(), '"', "1,5", "31.12.2026", "15 %", "1E+20", '{""a"":1e28}', ";", "\n", "x\x0by"]
)
TITLES = ["Code", "Voucher Type", "Value", "Discount Type", "Start Date", "Source_id", "name", "price", "attributes",
          "product_id", "k", "", "birthdate", "Active", "Gift Amount", "Category", "row", "line", "reason"]  # fmt: skip


def file_of(titles: list[str], rows: list[list[str]], delimiter: str) -> bytes:
    return "\n".join(delimiter.join(row) for row in [titles, *rows]).encode("utf-8", "replace")


files = st.builds(
    file_of,
    st.lists(st.sampled_from(TITLES), max_size=8, unique=True),
    st.lists(st.lists(CELLS, max_size=8), max_size=4),
    st.sampled_from(",;\t|"),
) | st.binary(max_size=40)  # fmt: skip
