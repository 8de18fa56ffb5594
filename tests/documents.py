"""Random JSON documents of upserted nouns: as a rule usual ones, now and then one that needs a closer look."""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st


class Members(list[tuple[str, Any]]):
    """The members of an object; a name may be there twice."""


@dataclass(frozen=True)
class Number:
    """A number as it is written."""

    text: str


def written(value: Any) -> str:
    """Write a value as JSON."""
    if isinstance(value, Members):
        return "{" + ",".join(f"{json.dumps(name)}:{written(part)}" for name, part in value) + "}"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return value.text if isinstance(value, Number) else json.dumps(value)


def mostly(usual: list[Any], *others: Any) -> st.SearchStrategy[Any]:
    """As a rule one of the usual values."""
    weighed = [*usual * (4 * len(others) // len(usual) + 1), *others]
    return st.sampled_from(range(len(weighed))).map(weighed.__getitem__)


def mostly_from(usual: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """As a rule what the usual strategy makes."""
    return st.one_of(*[usual] * 9, other)


@st.composite
def objects(draw: st.DrawFn, members: dict[str, st.SearchStrategy[Any]], always: tuple[str, ...] = ()) -> Members:
    """An object that has those members `always` and some of the others, one of them perhaps twice."""
    others = draw(st.lists(st.sampled_from(sorted(members)), max_size=4))
    if draw(st.integers(0, 9)):
        others = list(dict.fromkeys(name for name in others if name not in always))
    return Members([(name, draw(members[name])) for name in [*always, *others]])


_TEXTS = mostly(
    ["Ada", "Bob", "Shoe"], "", " Eve ", "a\tb", "ünïcode", "nul\0", "x\\.", "\\N", 'say "hi"', 5, None, True
)  # fmt: skip
_NUMBERS = mostly(
    [0, 1, 1950], -1, 5.0, 1.5, True, "1", None, 2**53, Number("9007199254740993"), Number("5.00"), Number("1e2")
)  # fmt: skip
_ANYTHING = mostly(
    ["x", 1, True], None, 1.10, [], ["a", None], Members([("b", Members([("c", None)]))]), "nul\0",
    Number("12345678901234567890.5"), Number("1.10"), Number("1e400"),
)  # fmt: skip
_METADATA = st.one_of(
    *[objects({"Tier": mostly(["gold", "tin"], None, 5), "Score": mostly([1, 7], None, "x"), "more": _ANYTHING})] * 6,
    st.sampled_from([None, [], "x", json.loads("[" * 40 + "]" * 40)]),
)
_OVERRIDE = mostly([True, True, False], None, "true", 1)


def _keys(*usual: str) -> st.SearchStrategy[Any]:
    return mostly(list(usual), "", f" {usual[0]}", "ü", None, 5, "con\x01trol", "back\\slash", "l" * 2_000)


_CUSTOMER = {
    "source_id": _keys("A", "B", "C", "D"), "id": mostly(["", None], "cust_1", "1"), "name": _TEXTS, "phone": _TEXTS,
    "email": mostly(["ada@example.com", "bob@example.com"], "", None, "nobody", 5),
    "birthdate": mostly(["2022-01-01"], "2022-01-02T10:00:00Z", "yesterday", None),
    "birthday": mostly(["2022-01-01"], None),
    "address": st.one_of(*[objects({"city": _TEXTS, "line_1": _TEXTS, "more": _TEXTS})] * 6, mostly([None], "x", [])),
    "metadata": _METADATA, "more": _ANYTHING,
}  # fmt: skip
_PRODUCT = {
    "source_id": _keys("P", "Q", "R"), "id": mostly(["", None], "prod_1", "P"), "name": _TEXTS, "price": _NUMBERS,
    "attributes": mostly([["size"], []], None, "size", [5]), "image_url": _TEXTS, "metadata": _METADATA,
    "override": _OVERRIDE, "product_id": mostly([None], "P"), "more": _ANYTHING,
}  # fmt: skip
_SKU = {
    "source_id": _keys("S", "T", "U"), "id": mostly(["", None], "sku_1"), "sku": _TEXTS, "price": _NUMBERS,
    "currency": _TEXTS, "attributes": st.one_of(_METADATA, st.just(Members())), "metadata": _METADATA,
    "override": _OVERRIDE, "product_id": mostly(["P", "Q"], None, "prod_1", "?"), "more": _ANYTHING,
}  # fmt: skip
_ITEM = {
    "source_id": _keys("P", "S", "Q"), "related_object": mostly(["product", "sku"], None, "thing"),
    "quantity": _NUMBERS, "price": _NUMBERS, "amount": _NUMBERS, "discount_amount": _NUMBERS,
    "subtotal_amount": _NUMBERS, "product_id": mostly(["P"], None, "?"), "sku_id": mostly([None], "S"),
    "product": st.one_of(objects(_PRODUCT, ("source_id", "name")), objects(_PRODUCT)),
    "sku": st.one_of(objects(_SKU, ("source_id", "override")), objects(_SKU)), "metadata": _METADATA, "more": _ANYTHING,
}  # fmt: skip
_USUAL_METADATA = objects({"Tier": st.sampled_from(["gold", "tin"]), "Score": st.integers(1, 7)})
_USUAL_ITEM = objects({
    "related_object": st.sampled_from(["product", "sku"]), "quantity": st.integers(1, 3),
    "product": objects({"name": st.sampled_from(["Pen", "Ink"]), "price": st.integers(1, 3), "override": st.booleans(),
                        "metadata": _USUAL_METADATA, "source_id": st.sampled_from(["P", "Q"])}, ("name",)),
    "sku": objects({"sku": st.sampled_from(["S", "M"]), "price": st.integers(1, 3), "override": st.just(True),
                    "source_id": st.sampled_from(["S", "T"])}, ("source_id", "override")),
    "source_id": st.sampled_from(["P", "Q", "R"]),
}, ("source_id", "related_object", "product"))  # fmt: skip
_USUAL_PERSON = objects(
    {"source_id": st.sampled_from(["A", "B", "C"]), "name": st.sampled_from(["Ada", "Bob"])}, ("source_id",)
)
_ITEMS = st.one_of(
    *[st.lists(_USUAL_ITEM, max_size=3)] * 3, st.lists(objects(_ITEM), max_size=3), mostly([None], {}, [5])
)
_ORDER = {
    "source_id": _keys("O1", "O2", "O3", "O4"), "id": mostly([None], "ord_1"),
    "status": mostly(["CREATED", "PAID"], None, "LOST", 5), "amount": _NUMBERS, "initial_amount": _NUMBERS,
    "items": _ITEMS, "customer": st.one_of(*[_USUAL_PERSON] * 3, objects(_CUSTOMER), mostly([None], "x")),
    "customer_id": mostly([None], "cust_1"), "referrer": st.one_of(_USUAL_PERSON, objects(_CUSTOMER)),
    "metadata": _METADATA, "more": _ANYTHING,
}  # fmt: skip

_USUAL_ORDER = objects({
    "source_id": st.sampled_from(["O1", "O2", "O3", "O4"]), "status": st.sampled_from(["CREATED", "PAID", None]),
    "items": st.lists(_USUAL_ITEM, min_size=1, max_size=3), "customer": _USUAL_PERSON, "metadata": _USUAL_METADATA,
}, ("source_id", "items"))  # fmt: skip
_SURE_TEXTS = mostly(["Ada", "Bob", "Shoe", "x"], "", " Eve ", "a\tb", "ünïcode", 'say "hi"', "x\\.", "\\N")
_SURE_OBJECTS = objects({
    "Tier": mostly(["gold", "tin"], None, "ü", "a\\b"),
    "Score": mostly([1, 7], 1.5, Number("1.10"), Number("1e2"), None),
    "more": mostly(["x"], Members([("b", [1, Members()])]), "12345678901234567890.5"),
})  # fmt: skip
_FURTHER = mostly(["x", 5], None, True, Number("1.10"), [1, "a"], Members([("b", Members([("c", "\n")]))]), "2.50")
_SURE_PRODUCT = objects({
    "name": _SURE_TEXTS, "price": mostly([1, 2, 1950], 0, None), "attributes": mostly([["size"], []], ["a", "b\\"]),
    "image_url": _SURE_TEXTS, "metadata": _SURE_OBJECTS, "id": st.none(), "vendor": _FURTHER, "ean": _FURTHER,
    "override": mostly([False], None), "source_id": st.sampled_from(["P", "Q", " R "]),
}, ("source_id",))  # fmt: skip
_SURE_SKU = objects({
    "sku": _SURE_TEXTS, "price": mostly([1, 2], 0), "currency": st.sampled_from(["EUR", "PLN"]),
    "image_url": _SURE_TEXTS,
    "attributes": objects({"size": st.sampled_from(["S", "M"]), "colour": st.just("red")}), "metadata": _SURE_OBJECTS,
    "override": st.just(True), "vendor": _FURTHER, "source_id": st.sampled_from(["S", "T", "U "]),
}, ("source_id", "override"))  # fmt: skip
_SURE_ITEM = objects({
    "related_object": mostly(["product", "sku"], None), "quantity": mostly([1, 2, 3], 0, None),
    "price": mostly([1, 5], None), "amount": mostly([10], None, 0), "discount_amount": mostly([1], None, 100),
    "subtotal_amount": st.sampled_from([5, None]), "product_id": mostly(["P"], None, "?"), "sku_id": st.none(),
    "metadata": st.one_of(_SURE_OBJECTS, st.none()), "source_id": st.sampled_from(["P", "Q", "S", " R "]),
    "object": st.just("order_item"), "note": _FURTHER, "tax": _FURTHER,
    "product": st.one_of(_SURE_PRODUCT, st.none(), st.builds(Members)), "sku": st.one_of(_SURE_SKU, st.none()),
}, ("product",))  # fmt: skip
_SURE_PERSON = objects({
    "name": _SURE_TEXTS, "email": mostly(["ada@example.com", "bob@example.com"], ""), "phone": _SURE_TEXTS,
    "birthdate": mostly(["2022-01-01"], "2022-01-02T10:00:00Z"), "birthday": mostly(["2022-01-01"], None),
    "address": objects({"city": _SURE_TEXTS, "line_1": _SURE_TEXTS}), "metadata": _SURE_OBJECTS, "more": _FURTHER,
    "source_id": st.sampled_from(["A", "B", "C"]),
}, ("source_id",))  # fmt: skip
# Orders that are read by column as a rule, though a batch of them may not be.
SURE_ORDERS = objects({
    "source_id": _keys("O1", "O2", "O3", "O4", "O5", "O6"), "status": mostly(["CREATED", "PAID"], None),
    "amount": mostly([5], None), "initial_amount": st.integers(0, 3), "discount_amount": st.integers(0, 3),
    "items": st.one_of(*[st.lists(_SURE_ITEM, max_size=3)] * 9, st.none()), "metadata": _SURE_OBJECTS,
    "customer": mostly_from(_SURE_PERSON, st.none()), "referrer": mostly_from(_SURE_PERSON, st.none()),
    "customer_id": st.none(), "more": _ANYTHING,
}, ("source_id", "items", "customer"))  # fmt: skip
_NO_OBJECTS = st.sampled_from([5, None, [], "x"])
DOCUMENTS: dict[str, st.SearchStrategy[Any]] = {
    "customer": st.one_of(*[objects(_CUSTOMER, ("source_id",))] * 9, objects(_CUSTOMER), _NO_OBJECTS),
    "product": st.one_of(*[objects(_PRODUCT, ("source_id",))] * 9, objects(_PRODUCT), _NO_OBJECTS),
    "sku": st.one_of(*[objects(_SKU, ("source_id",))] * 9, objects(_SKU), _NO_OBJECTS),
    "order": st.one_of(
        *[_USUAL_ORDER] * 40, *[objects(_ORDER, ("source_id", "items", "customer"))] * 9, objects(_ORDER), _NO_OBJECTS
    ),
}
