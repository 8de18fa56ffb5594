"""Vouchers as JSON, right, unusual and wrong in every field, as hypothesis draws them."""

import json
from typing import Any

from hypothesis import strategies as st

# Written as they stand: most are right, and all kinds of them meet in one batch.
NUMBERS = st.sampled_from(
    [
        "0", "1", "5", "100", "12345", "999999999999999", "9007199254740991", "9007199254740992", "1.5", "1.10", "2.0",
        "0.00001", "0.30", "1e2", "1E+2", "1e-3", "5.0", "-1", "-0", "-0.0", "1e400", "-1e400", "100.5", "99.99",
        "0.1000000000000000055511151231257827", "12345678901234567890", "9007199254740991.4", "123456.7890", "true",
        "100.00000000000000001", "1e-400", "0.123456789012345678", "null",
    ]
) | st.integers(0, 10**12).map(str)  # fmt: skip
STRINGS = st.sampled_from(
    [
        '"A"', '""', '" x "', r'"\u0041"', r'"\ud83d\ude00"', r'"\ud800"', r'"a\u0000b"', r'"a\tb"', r'"a\nb"',
        r'"\"q\""', r'"\\N"', r'"a\/b"', '"null"', '"ü"', '"\u200b"', '"x\u00ady"', '"\x7f"', "5", "null", "[]",
        "{}", "true", r'"\\."', '"4111111111111111"', '": 1e400"', '"{[{["', r'"\u2028"', '"\u2028"',
        '"' + "y" * 300 + '"',
    ]
) | st.text(max_size=12).map(lambda text: json.dumps(text, ensure_ascii=False))  # fmt: skip
WORDS = st.text("abcXYZ 0123456789-", min_size=1, max_size=12).map(json.dumps)
DATES = st.sampled_from(
    [
        '"2026-01-01"', '"2026-01-01T10:00:00Z"', '"2026-01-01T10:00:00.123Z"', '"2026-02-30"', '"0000-01-01"',
        '"2026-02-30T10:00:00Z"', '"2026-01-01T24:00:00Z"', '"2026-01-01T10:60:00Z"', '"2026-01-01T10:00:60Z"',
        '"2026-01-01T10:00:00+02:00"', '"2026-01-01T10:00"', '"9999-12-31T23:00:00-05:00"', '" 2026-01-01"', "null",
        '"2026-01-01T10:00:00z"', '"2026-1-1"', r'"2026-01\u002d01"', '"\uff12\uff10\uff12\uff16-01-01"', "5", '"soon"',
        '"2026-01-01T29:00:00Z"', '"2026-01-01T10:00:00.1Z"', r'"2026-01-01T10:00:00Z\n"',
    ]
) | st.datetimes().map(lambda date: f'"{date.isoformat(timespec="seconds")}Z"')  # fmt: skip


def written(pairs: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in pairs) + "}"


def fields(**values: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Draw some of these fields, each with its value."""
    return st.fixed_dictionaries({}, optional=values).map(lambda drawn: list(drawn.items()))


VALUES = st.recursive(
    NUMBERS | STRINGS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
        | st.lists(st.tuples(st.sampled_from(["a", "n", "s", "balance"]), inner), max_size=3).map(written)
    ),
    max_leaves=6,
)
EFFECTS = st.sampled_from(['"APPLY_TO_ORDER"', '"APPLY_TO_ITEMS"', '"ADD_NEW_ITEMS"', '"ADD_MANY_ITEMS"', "null", "5"])
DISCOUNT_TYPES = st.sampled_from(['"AMOUNT"', '"PERCENT"', '"UNIT"', '"FIXED"', '"SHIPPING"', '"X"', "null"])
UNITS = st.lists(fields(unit_off=NUMBERS, unit_type=STRINGS, effect=EFFECTS).map(written), max_size=2)
DISCOUNTS = st.lists(
    st.tuples(st.just("type"), DISCOUNT_TYPES)
    | st.tuples(st.sampled_from(["amount_off", "percent_off", "unit_off", "fixed_amount", "amount_limit"]), NUMBERS)
    | st.tuples(st.sampled_from(["amount_off_formula", "unit_type", "other"]), STRINGS)
    | st.tuples(st.just("effect"), EFFECTS)
    | st.tuples(st.just("units"), UNITS.map(lambda units: f"[{','.join(units)}]")),
    min_size=1,
    max_size=6,
).map(written)
GIFTS = fields(amount=NUMBERS, subtracted_amount=NUMBERS, balance=NUMBERS, effect=EFFECTS, other=VALUES).map(written)
CARDS = fields(points=NUMBERS, subtracted_points=NUMBERS, expired_points=NUMBERS, balance=NUMBERS).map(written)
# Of keys that schemas speak of: mostly right, each in some other way.
LINKS = st.sampled_from(['"https://a.example/1.png"', '"http://"', '"shop/1.png"', r'"http:\/\/a"', '""', "null", "5"])
POINTS = st.sampled_from(['"1,2"', '"-91,2"', '"1;2"', '{"lat":1,"lon":2}', '{"lat":1}', "null"])
DEFINED = fields(
    n=st.integers(0, 120).map(str) | NUMBERS,
    s=WORDS | STRINGS,
    d=DATES,
    t=DATES,
    u=LINKS,
    p=POINTS,
    b=st.sampled_from(["true", "false", "null", "1", '"true"']),
    l=st.sampled_from(["[1,2]", '["a"]', "[]", "5", "null"]),
    o=st.sampled_from(['{"n":1}', '{"n":"x"}', "{}", "5", "null"]),
).map(written)
METADATA = (
    DEFINED |
    st.lists(st.tuples(st.sampled_from(["a", "n", "s", "ü", "long name"]), VALUES), max_size=4).map(written)
    | fields(n=st.integers(0, 120).map(str), s=WORDS).map(written)
    | st.integers(30, 34).map(lambda depth: '{"a":' * depth + "1" + "}" * depth)
    | st.just('{ "a" : 1,\n\t"b": [ 1 ] }')
)  # fmt: skip
WORTHS = {
    '"GIFT_VOUCHER"': ("gift", GIFTS, '{"amount":%d}'),
    '"LOYALTY_CARD"': ("loyalty_card", CARDS, '{"points":%d}'),
    '"DISCOUNT_VOUCHER"': ("discount", DISCOUNTS, '{"type":"AMOUNT","amount_off":%d}'),
}
OTHERS = {
    "category": st.sampled_from(['"New"', '"Old"', '" Old "']) | STRINGS,
    "category_id": st.sampled_from(['"cat_1"', '"cat_2"', '"cat_3"', "null"]),
    "active": st.sampled_from(["true", "false", "null", "1", '"true"']),
    "start_date": DATES,
    "expiration_date": DATES,
    "redemption": fields(quantity=NUMBERS, other=VALUES).map(written) | st.sampled_from(["null", "5", "{}"]),
    "additional_info": STRINGS | WORDS,
    "metadata": METADATA | st.sampled_from(["null", "5", "{}", "[]"]),
    "validity_timeframe": st.sampled_from(['{"interval":"P2D","duration":"P1D"}', '{"interval":5}', "null", "1e400"]),
    "validity_day_of_week": st.sampled_from(["[0,1]", "[7]", "[ 1 ]", "null", "5"]),
    "redeemed_quantity": NUMBERS,
    "redeemed_amount": NUMBERS,
    "unknown": VALUES,
    "code": STRINGS,
    "gift": GIFTS | st.just("null"),
    "discount": DISCOUNTS | st.just("null"),
}


@st.composite
def voucher(draw: Any) -> bytes:
    """Draw a voucher with a few fields that may be wrong, in any order, some of them perhaps twice."""
    voucher_type = draw(st.sampled_from(sorted(WORTHS)))
    name, worths, usual = WORTHS[voucher_type]
    pairs = [
        ("code", f'"C-{draw(st.integers(0, 10**9))}"'),
        ("type", voucher_type),
        (name, usual % draw(st.integers(0, 10**6)) if draw(st.booleans()) else draw(worths)),
    ]
    for other in draw(st.lists(st.sampled_from(sorted(OTHERS)), max_size=4)):
        pairs.insert(draw(st.integers(0, len(pairs))), (other, draw(OTHERS[other])))
    if draw(st.integers(0, 9)) == 0:
        del pairs[draw(st.integers(0, len(pairs) - 1))]
    return written(pairs).encode("utf-8", "surrogatepass")


# Whole elements that are odd: none is a voucher, and some are no row at all.
UNUSUAL = st.sampled_from(
    [b"5", b"null", b'"text"', b"[]", b"{}", b'{"code":"\xff","type":"GIFT_VOUCHER","gift":{"amount":1}}',
     b'{"code":"U","type":"GIFT_VOUCHER","gift":{"amount":1},"metadata":{"a":"\xff"}}',
     b'{"code":"U","type":"GIFT_VOUCHER","gift":{"amount":1},"unknown":"\xff"}',
     b'{"code":"U","type":"GIFT_VOUCHER","gift":{"amount":1},"unknown":' + b"[" * 600 + b"]" * 600 + b"}",
     b'{"code":"U","type":"GIFT_VOUCHER","gift":{"amount":1},"unknown":' + b"[" * 1_030 + b"]" * 1_030 + b"}",
     b'{"code":"U","type":"GIFT_VOUCHER","gift":{"amount":1},"gift":{"amount":2},"metadata":{"a":1,"a":2}}',
     b'{"c\\u006fde":"U","type":"GIFT_VOUCHER","gift":{"\\u0061mount":1}}']
)  # fmt: skip
BODIES = st.integers(0, 9).flatmap(lambda chance: UNUSUAL if chance == 0 else voucher())
