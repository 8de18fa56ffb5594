"""Orders read by column: what they say and bring along is what reading one after the other makes of them."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import orjson
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tallykeep.core import exact_json
from tallykeep.core.batch import Batch, Source
from tallykeep.core.rows import Row
from tallykeep.db.copy_format import NULL
from tallykeep.formats.json.elements import ELEMENT_SEPARATOR
from tallykeep.formats.row_reader import read_rows
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.orders.by_column.read_orders import ReadOrders, read_orders
from tallykeep.resources.orders.embedded import Brought
from tallykeep.resources.orders.goods import sum_up
from tallykeep.resources.orders.parts import new_and_overriding
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.by_column.said import encode
from tallykeep.resources.upserts.change_set import NumberedChanges, change_set
from tallykeep.resources.upserts.row_readers import json_reader
from tallykeep.resources.upserts.set_writing import Writable
from tallykeep.resources.upserts.spec import Change, UpsertSpec
from tests.documents import DOCUMENTS, SURE_ORDERS, written
from tests.sizes import examples
from tests.unit.csv_files import as_json, stored_value


def _rows(elements: Sequence[bytes]) -> Any:
    return read_rows(Batch(1, len(elements), ELEMENT_SEPARATOR.join(elements)), Source("json"))


def _read(*orders: Any) -> ReadOrders | None:
    return read_orders(_rows([orjson.dumps(order) for order in orders]))


@settings(max_examples=examples(600), deadline=None)
@given(st.lists(st.one_of(*[SURE_ORDERS] * 29, DOCUMENTS["order"]), min_size=1, max_size=5))
def test_orders_are_read_alike(orders: list[Any]) -> None:
    elements = [written(order).encode() for order in orders]
    read = read_orders(_rows(elements))
    event("by column" if read is not None else "one after the other")
    if read is None:
        return
    changes = [json_reader(ORDER)(row) for row in _rows(elements)]
    assert {failure.row: failure.reason for failure in read.failures} == {
        change.row: "; ".join(change.problems) for change in changes if change.problems
    }
    changes = [change for change in changes if not change.problems]
    assert read.rows == [change.row for change in changes]
    brought = Brought()
    for change in changes:
        for at, item in enumerate(change.values.get("items") or ()):
            brought.add(change, at, item)
        sum_up(change)
        assert not change.problems
    for change, order in zip(changes, read.orders, strict=True):
        _assert_same_items(change, order.items)
    for name in ("customer", "referrer"):
        _assert_same_people(read, name, [change.values.get(name) for change in changes])
    _assert_same_goods(read, PRODUCT, brought.products)
    _assert_same_goods(read, SKU, brought.skus())
    if read.ready_orders is not None:
        _assert_same_orders(read, changes)


def _assert_same_items(change: Change, items: Any) -> None:
    read = exact_json.loads(encode(items)) if type(items) is list else None
    assert read == change.values.get("items")


def _assert_same_people(read: ReadOrders, name: str, people: list[Any]) -> None:
    if read.people[name].has_nulls:
        return
    wanted = [json_reader(CUSTOMER)(Row(number, person)) for number, person in enumerate(filter(None, people), 1)]
    _assert_same(CUSTOMER, read.ready[name], wanted)


def _assert_same_goods(read: ReadOrders, spec: UpsertSpec, parts: Any) -> None:
    wanted, kept = new_and_overriding(parts)
    assert wanted is not None
    assert read.goods[spec.noun].kept == kept
    changes = [json_reader(spec)(Row(number, part.values)) for number, part in enumerate(wanted, 1)]
    if spec is SKU:
        assert read.products_of == {change.source_id: change.values.pop("product_id") for change in changes}
    _assert_same(spec, read.ready[spec.noun], changes)


def _assert_same_orders(read: ReadOrders, changes: list[Change]) -> None:
    assert read.ready_orders is not None
    for change in changes:
        change.values = {name: change.values[name] for name in ("status", "amount", "initial_amount", "discount_amount")
                         if name in change.values}  # fmt: skip
    read.ready_orders.columns.pop("items")
    _assert_same(ORDER, read.ready_orders, changes)


def _assert_same(spec: UpsertSpec, ready: Writable, changes: list[Change]) -> None:
    assert not any(change.problems for change in changes)
    wanted = change_set(changes)
    assert wanted is not None
    ids = [str(number) for number, _ in zip(count(), wanted, strict=False)]
    assert _staged(spec, ready) == _staged(spec, NumberedChanges(spec, wanted, ids))


def _staged(spec: UpsertSpec, texts: Writable) -> dict[str, dict[str, str]]:
    """What is staged of each key, as PostgreSQL would hold it."""
    if not len(texts):
        return {}
    staged: dict[str, dict[str, str]] = {}
    for line in "".join(texts.staged()).split("\n")[:-1]:
        key, _, _, *columns = line.split("\t")
        named = zip(spec.table.columns, columns, strict=True)
        staged[key] = {name: stored_value(name, text, spec.table.json_columns) for name, text in named}
    return staged


_ITEM = {"source_id": "P", "related_object": "product", "product": {"name": "Pen", "price": 5}}
_SKU_ITEM = {"product": {"source_id": "P"}, "sku": {"source_id": "S", "sku": "M", "override": True}}


@pytest.mark.parametrize(
    "order",
    [
        {"source_id": "O", "items": [_ITEM, {**_ITEM, "quantity": None}]},
        {"source_id": "O", "items": [_SKU_ITEM]},
        {"source_id": "O", "items": [{**_ITEM, "tax": 1.5, "product": {"name": "Pen", "vendor": {"a": ["x"]}}}]},
        {"source_id": "O", "items": [{"product_id": "P", "quantity": 2}, {"sku_id": "S"}]},
        {"source_id": "O", "customer": {"source_id": "C", "birthday": None, "address": {"city": "X"}, "more": 1}},
        {"source_id": "O", "customer": {"source_id": "C", "name": None}, "referrer": None},
        {"source_id": "O", "status": None, "items": None, "metadata": {"a": 1.10, "b": "\n"}, "more": [{}]},
        {"status": "PAID"},
        {},
    ],
)  # fmt: skip
def test_what_is_sure_is_read_by_column(order: dict[str, Any]) -> None:
    read = _read(order, order, {"source_id": 5})
    assert read is not None
    assert (read.rows, [failure.row for failure in read.failures]) == ([1, 2], [3])


def test_what_is_said_of_one_resource_is_put_together() -> None:
    people = [
        {"source_id": "C", "name": "Ada", "note": "x", "address": {"city": "X"}, "metadata": {"a": 1, "b": 1}},
        {"source_id": "C", "name": "Bob", "note": 5, "address": {"line_1": "Y"}, "metadata": {"b": 2}},
        {"source_id": "C", "metadata": None},
    ]
    goods = [{"sku": "M", "vendor": "x", "price": 1}, {"vendor": [1], "price": 2, "attributes": {"size": "S"}}]
    items = [{"product": {"source_id": "P"}, "sku": {"source_id": "S", "override": True, **each}} for each in goods]
    read = _read(*({"source_id": f"O{at}", "customer": person} for at, person in enumerate(people)), {"items": items})
    assert read is not None
    (customer,) = _staged(CUSTOMER, read.ready["customer"]).values()
    assert (customer["name"], customer["phone"]) == ("Bob", NULL)
    assert [customer["address"], customer["metadata"]] == [
        as_json({"city": "X", "line_1": "Y"}), as_json({"a": 1, "b": 2}),
    ]  # fmt: skip
    assert {name: texts for name, texts in read.ready["sku"].columns.items() if name != "product_id"} == {
        "sku": ("M",), "price": ("2",), "attributes": ('{"size":"S"}',),
    }  # fmt: skip


@pytest.mark.parametrize(
    "orders",
    [
        [{"id": "ord_1"}],
        [{"customer_id": "cust_1"}],
        [{"customer": {"id": "cust_1"}}],
        [{"customer": {"name": "Ada"}}],
        [{"items": [{"product": {"name": "only named"}}]}],
        [{"items": [{"product": {"id": "prod_1", "name": "Pen"}}]}],
        [{"items": [_ITEM, {"product": {"source_id": "P", "name": "Ink", "override": True}}]}],
        [{"items": [{"product": {"source_id": "P", "name": None, "override": True}}]}],
        [{"items": [{"sku": {"source_id": "S", "sku": "M", "override": True}}]}],
        [{"items": [{**_SKU_ITEM, "product": {"source_id": "prod_1"}}]}],
        [{"items": [{**_SKU_ITEM, "sku": {"source_id": "S", "attributes": {"a": None}, "override": True}}]}],
        [{"items": [{"amount": 2**53 - 1}, {"amount": 1}]}],
        [{"items": [{**_ITEM, "quantity": 5.0}]}],
        [{"items": [{'say "hi"': 1}]}],
        [{"items": [{f"name {number}": 1 for number in range(101)}]}],
        [{"items": [{f"name {number}": 1}]} for number in range(9)],
    ],
)  # fmt: skip
def test_what_is_not_sure_is_left_to_the_careful_way(orders: list[dict[str, Any]]) -> None:
    if len(orders) == 9:  # each in a run of its own
        orders = [{"source_id": f"O{number}", "metadata": {"a": "x" * 40_000}, **order}
                  for number, order in enumerate(orders)]  # fmt: skip
    assert _read(*orders) is None
