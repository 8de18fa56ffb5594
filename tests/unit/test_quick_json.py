"""JSON rows read by what they hold: the same changes, and the same problems, as read by all that they could hold."""

from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallykeep.core.batch import Batch, Source
from tallykeep.formats.json.elements import ELEMENT_SEPARATOR
from tallykeep.formats.row_reader import read_rows
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields import cleaning
from tallykeep.resources.orders import items
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.quick_json import quick_json_reader
from tallykeep.resources.upserts.row_readers import json_reader
from tallykeep.resources.upserts.spec import Change
from tests.documents import DOCUMENTS, written
from tests.sizes import examples

SPECS = {"customer": CUSTOMER, "product": PRODUCT, "sku": SKU, "order": ORDER}


def _shown(change: Change) -> Any:
    return repr((change.row, change.source_id, change.id, sorted(change.values.items()), change.problems)), _sorted(
        change.metadata
    )


def _sorted(metadata: dict[str, Any]) -> str:
    return repr(sorted(metadata.items()))


@settings(max_examples=examples(400), deadline=None)
@given(st.data(), st.sampled_from(sorted(SPECS)))
def test_rows_are_read_alike(data: st.DataObject, noun: str) -> None:
    elements = [written(each).encode() for each in data.draw(st.lists(DOCUMENTS[noun], min_size=1, max_size=6))]
    batch = Batch(1, len(elements), ELEMENT_SEPARATOR.join(elements))
    quick = [_shown(quick_json_reader(SPECS[noun])(row)) for row in read_rows(batch, Source("json"))]
    with (
        patch.object(cleaning, "is_flat", lambda _: False),
        patch.object(cleaning, "is_usual_key", lambda _: False),
        patch.object(items, "usual_item", lambda _: None),
    ):
        careful = [_shown(json_reader(SPECS[noun])(row)) for row in read_rows(batch, Source("json"))]
    assert quick == careful


def test_an_ordinary_item_is_read_quickly() -> None:
    item = {
        "related_object": "sku", "source_id": " S ", "quantity": 2, "discount_amount": None, "note": "ünïcode",
        "product": {"source_id": "P", "name": "Pen", "price": 5, "metadata": {"vendor": "mall"}, "more": None},
        "sku": {"source_id": "S", "sku": "M", "override": False}, "metadata": {"gift": True},
    }  # fmt: skip
    assert items.usual_item(item) == items.clean_item(0, item)


@pytest.mark.parametrize(
    "more",
    [
        {"quantity": 1.5}, {"quantity": True}, {"source_id": 5}, {"product": "x"}, {"product": {"price": "1"}},
        {"sku": {"override": 1}}, {"metadata": {"a": {"b": 1}}}, {"note": ["x"]}, {"note": "nul\0"}, {"nul\0": 1},
        {"nul\0": None},
        {"product": {"metadata": []}}, {"related_object": "thing"}, {"product": {"name": "nul\0"}},
    ],
)  # fmt: skip
def test_an_item_that_may_be_wrong_is_not_read_quickly(more: dict[str, Any]) -> None:
    usual = {"source_id": "P", "quantity": 1}
    assert items.usual_item(usual) is not None
    assert items.usual_item(usual | more) is None


def test_what_was_read_is_left_as_it_was() -> None:
    """Rows of a batch that is tried again are read again."""
    items_held = [{"source_id": " P ", "product": {"id": " x "}}]
    body = {"source_id": "O", "customer": {"source_id": " C "}, "items": items_held}
    batch = Batch(1, 1, orjson.dumps(body))
    (row,) = read_rows(batch, Source("json"))
    change = quick_json_reader(ORDER)(row)
    for item in change.values["items"]:
        item["product"]["name"] = item["more"] = "changed"
    assert row.value == body
