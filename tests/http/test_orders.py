"""Orders with what comes inside them, and catalogue resources by themselves."""

from typing import Any

import pytest

from tests.http.test_errors import check
from tests.server import Api


def test_an_order_brings_its_customer_products_and_skus(api: Api) -> None:
    order = {
        "source_id": "FULL",
        "status": "PAID",
        "customer": {"source_id": "bob", "name": "Bob", "metadata": {"lang": "en"}},
        "referrer": {"source_id": "jane", "birthday": "2022-03-03"},
        "items": [
            {
                "source_id": "prod_1",
                "related_object": "product",
                "quantity": 2,
                "product": {"name": "Apple iPhone 12", "price": 70000, "metadata": {"vendor": "mall"}},
            },
            {
                "source_id": "ComicBook_1",
                "related_object": "sku",
                "quantity": 1,
                "product": {"source_id": "Books", "name": "Comic Books", "price": 1600, "override": True},
                "sku": {"sku": "Comics1", "source_id": "ComicBook_1", "price": 1700, "override": True},
            },
        ],
    }
    action = api.ended(api.http.post("/v1/orders/import", json=[order, order]).json()["async_action_id"])
    assert action["result"]["failed"] == []
    order = api.get("/v1/orders/FULL")
    bob, jane = api.get("/v1/customers/bob"), api.get("/v1/customers/jane")
    assert (order["customer_id"], order["referrer_id"]) == (bob["id"], jane["id"])
    assert (bob["name"], bob["metadata"], jane["birthdate"]) == ("Bob", {"lang": "en"}, "2022-03-03")
    phone, books = api.get("/v1/products/prod_1"), api.get("/v1/products/Books")
    assert (phone["name"], phone["price"]) == ("Apple iPhone 12", 70000)
    comic = api.get("/v1/skus/ComicBook_1")
    assert (comic["product_id"], comic["price"]) == (books["id"], 1700)
    assert [item["amount"] for item in order["items"]] == [140000, 1700]
    assert [item["price"] for item in order["items"]] == [70000, 1700]
    assert [item["subtotal_amount"] for item in order["items"]] == [140000, 1700]
    described = {"source_id": "prod_1", "name": "Apple iPhone 12", "price": 70000, "metadata": {"vendor": "mall"}}
    assert order["items"][0]["product"] == {"id": phone["id"], **described}
    assert order["items"][1]["product"] == {
        "id": books["id"], "source_id": "Books", "name": "Comic Books", "price": 1600,
    }  # fmt: skip
    assert order["items"][1]["sku"] == {"id": comic["id"], "source_id": "ComicBook_1", "sku": "Comics1", "price": 1700}
    assert (order["items"][0]["product_id"], order["items"][1]["sku_id"]) == (phone["id"], comic["id"])
    assert api.get("/v1/orders")["total"] == 1


def test_what_an_order_brings_changes_nothing_without_override(api: Api) -> None:
    api.http.post("/v1/products", json={"source_id": "P", "name": "Old", "price": 1})
    item = {"source_id": "P", "related_object": "product", "product": {"name": "New", "price": 2}}
    api.http.post("/v1/orders", json={"source_id": "O1", "items": [item]})
    assert api.get("/v1/products/P")["name"] == "Old"
    item["product"] |= {"override": True}  # type: ignore[operator]
    api.http.post("/v1/orders", json={"source_id": "O2", "items": [item]})
    assert api.get("/v1/products/P")["name"] == "New"


def test_a_product_that_is_only_named_is_made_once(api: Api) -> None:
    named = {"product": {"name": "Shipping", "price": 700}, "quantity": 2}
    orders = [{"source_id": f"O{number}", "items": [named]} for number in range(3)]
    for _ in range(2):
        action = api.ended(api.http.post("/v1/orders/import", json=orders).json()["async_action_id"])
        assert action["result"]["failed"] == []
    (product,) = api.get("/v1/products")["products"]
    assert (product["name"], product["price"], product["source_id"]) == ("Shipping", 700, None)
    (item,) = api.get("/v1/orders/O2")["items"]
    assert (item["product"]["id"], item["product_id"], item["amount"]) == (product["id"], product["id"], 1400)
    dearer = {"product": {"name": "Shipping", "price": 800, "override": True}}
    assert api.http.post("/v1/orders", json={"items": [dearer, dearer]}).json()["amount"] == 1600
    assert [product["price"] for product in api.get("/v1/products")["products"]] == [800]
    for elsewhere in ({"product_id": product["id"]}, {"source_id": "?"}, {"sku_id": "sku_1"}):
        assert api.http.post("/v1/orders", json={"items": [{**elsewhere, "product": {"name": "X"}}]}).status_code == 200
    assert api.get("/v1/products")["total"] == 1
    check(api.http.post("/v1/orders", json={"items": [{"product": {"name": 5}}]}), 400, "invalid_order", "product.name")
    bad = [{"source_id": f"B{number}", "items": [{"product": {"name": "N", "price": "x"}}]} for number in range(2)]
    action = api.ended(api.http.post("/v1/orders/import", json=bad).json()["async_action_id"])
    assert action["failed_count"] == 2


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"related_object": "thing"}, "related_object must be one of product, sku"),
        ({"product": {"name": "N", "override": "false"}}, "product.override must be true or false"),
        ({"source_id": "P", "related_object": "product", "product": {"price": "x"}}, "product.price must be a number"),
        ({"sku": {"sku": 5}}, "sku.sku must be a string"),
        ({"sku": {"metadata": []}}, "sku.metadata must be an object"),
        ({"metadata": [None]}, "metadata must be an object"),
    ],
)
def test_what_is_said_of_goods_is_checked(api: Api, item: dict[str, Any], words: str) -> None:
    api.http.post("/v1/products", json={"source_id": "P", "name": "Pen"})
    check(api.http.post("/v1/orders", json={"items": [item]}), 400, "invalid_order", f"items: [0] {words}")
    assert api.get("/v1/products")["total"] == 1


def test_an_unknown_sku_comes_with_a_product_however_that_is_named(api: Api) -> None:
    known = api.http.post("/v1/products", json={"source_id": "P", "name": "Known"}).json()["id"]
    for number, product in enumerate((
        {"product": {"name": "Only named"}},
        {"product": {"source_id": "P"}},
        {"product": {"source_id": "NEW", "name": "New"}},
        {"product": {"source_id": "BARE", "override": True}},
        {"product": {"id": known}},
        {"product_id": known},
    )):  # fmt: skip
        key = f"S{number}"
        item = {"source_id": key, "related_object": "sku", "sku": {"sku": "M", "price": 5, "override": True}, **product}
        for _ in range(2):
            made = api.http.post("/v1/orders", json={"source_id": "O", "items": [item]})
            assert made.status_code == 200, made.text
        (shown,) = made.json()["items"]
        sku = api.get(f"/v1/skus/{key}")
        assert (shown["sku"]["id"], shown["sku_id"], shown["price"]) == (sku["id"], sku["id"], 5)
        assert "override" not in str(shown)
        if "product" in product:
            assert shown["product"]["id"] == sku["product_id"]
    assert api.get("/v1/products")["total"] == 4


def test_an_order_is_sent_back_as_it_was_read(api: Api) -> None:
    item = {"source_id": "P", "related_object": "product", "product": {"name": "Pen", "price": 9}, "quantity": 2,
            "discount_amount": 4}  # fmt: skip
    named = {"product": {"name": "Shipping", "price": 3}}
    read = api.http.post("/v1/orders", json={"source_id": "O", "items": [item, named]}).json()
    assert [shown["subtotal_amount"] for shown in read["items"]] == [14, 3]
    again = api.http.put("/v1/orders/O", json=read).json()
    assert again["items"] == read["items"]
    read["items"][0]["discount_amount"] = 18
    assert api.http.put("/v1/orders/O", json=read).json()["items"][0]["subtotal_amount"] == 0
    read["items"][0]["discount_amount"] = 19
    assert "subtotal_amount" not in api.http.put("/v1/orders/O", json=read).json()["items"][0]
    assert api.get("/v1/products")["total"] == 2


def test_a_flaw_inside_is_the_orders_reason(api: Api) -> None:
    row = {"source_id": "O", "customer": {"source_id": "C", "name": 5}, "items": [{"quantity": "two"}]}
    check(
        api.http.post("/v1/orders", json=row),
        400,
        "invalid_order",
        "items: [0] quantity must be a number (actual value is 'two')",
    )
    row["items"] = []
    check(api.http.post("/v1/orders", json=row), 400, "invalid_order", "customer: name: must be a string")
    check(api.http.get("/v1/orders/O"), 404, "not_found")


@pytest.mark.parametrize("email", ["bob", "bob@", "@x.org", "b ob@x.org", "bob@@x.org", "bob@x.org "])
def test_an_email_that_can_be_none_is_refused_everywhere(api: Api, email: str) -> None:
    reason = f"must be an email address like name@example.com (actual value is '{email}')"
    body = {"source_id": "c", "email": email}
    check(api.http.post("/v1/customers", json=body), 400, "invalid_customer", f"email: {reason}")
    check(api.http.post("/v1/orders", json={"customer": body}), 400, "invalid_order", f"customer: email: {reason}")
    file = f"Source_id,Email\ngood,bob@x\nnone,\nbad,{email.strip() or '@'}x@\n"
    answer = api.http.post("/v1/customers/importCSV", files={"file": ("c.csv", file)})
    action = api.ended(answer.json()["async_action_id"])
    (failure,) = action["result"]["failed"]
    assert (failure["source_id"], failure["reason"][:35]) == ("bad", "Email: must be an email address lik")
    started = api.http.post("/v1/customers/bulk/async", json=[body, {"source_id": "d", "email": ""}]).json()
    (error,) = api.ended(started["async_action_id"])["result"]["errors"]
    assert error["source_id"] == "c"
    assert reason in str(error)


def test_an_order_of_nothing_is_an_order(api: Api) -> None:
    """The wire format requires no field of an order."""
    made = api.http.post("/v1/orders", json={}).json()
    assert (made["status"], made["items"], made["amount"], made["source_id"]) == ("CREATED", [], None, None)
    action = api.ended(api.http.post("/v1/orders/import", json=[{}, {}]).json()["async_action_id"])
    assert (action["done_count"], action["failed_count"]) == (2, 0)
    assert api.get("/v1/orders")["total"] == 3


def test_resources_are_updated_and_deleted_one_by_one(api: Api) -> None:
    created = api.http.post("/v1/customers", json={"source_id": "c", "name": "A", "address": {"city": "X"}}).json()
    changed = api.http.put(
        "/v1/customers/c", json={"name": None, "address": {"state": "NY"}, "metadata": {"a": 1}}
    ).json()
    assert changed["id"] == created["id"]
    assert (changed["name"], changed["address"], changed["metadata"]) == (None, {"city": "X", "state": "NY"}, {"a": 1})
    assert api.http.delete("/v1/customers/c").status_code == 204
    check(api.http.get("/v1/customers/c"), 404, "not_found")
    check(api.http.post("/v1/customers", json={"email": 5}), 400, "invalid_customer", "email")

    product = api.http.post("/v1/products", json={"source_id": "p", "name": "P", "attributes": ["size"]}).json()
    sku = api.http.post("/v1/products/p/skus", json={"source_id": "s", "sku": "S", "attributes": {"size": "XS"}}).json()
    assert sku["product_id"] == product["id"]
    assert api.get("/v1/products/p")["skus"]["data"] == [sku]
    assert api.get("/v1/products/p/skus")["total"] == 1
    assert api.http.put("/v1/products/p/skus/s", json={"price": 5}).json()["price"] == 5
    assert api.http.put("/v1/products/p", json={"name": "Q"}).json()["name"] == "Q"
    check(api.http.post("/v1/products", json={"price": 5}), 400, "invalid_product", "name is required")
    assert api.http.delete("/v1/products/p").status_code == 204
    check(api.http.get("/v1/skus/s"), 404, "not_found")
