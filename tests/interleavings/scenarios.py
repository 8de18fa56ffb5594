"""The table of what is done at once. Workers are A, B, C; calls are X, Y, Z."""

from dataclasses import replace
from typing import Any

from tests.interleavings.scenario import Ask, Call, Rescue, Scenario

_GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
_SCHEMAS = "/management/v1/projects/<project>/metadata-schemas"
_NEEDS_UNIT = {"unit": {"type": "number", "optional": False}}
_NEEDS_SIZE = {"size": {"type": "number", "optional": False}}


def _json(*codes: str, **more: Any) -> Ask:
    return Ask("POST", "/v1/vouchers/import", [{"code": code, **_GIFT, **more} for code in codes])


def _csv(value: int, *codes: str, note: str = "", category: str = "") -> Ask:
    lines = [f"{code},GIFT_VOUCHER,{value},{note},{category}" for code in codes]
    return Ask("POST", "/v1/vouchers/importCSV", "\n".join(["Code,Voucher Type,Value,Note,Category", *lines, ""]))


def _bulk(value: int, *codes: str) -> Ask:
    return Ask("POST", "/v1/vouchers/bulk/async", [{"code": code, "metadata": {"bulk": value}} for code in codes])


def _same_metadata(value: int, *codes: str) -> Ask:
    return Ask("POST", "/v1/vouchers/metadata/async", {"codes": list(codes), "metadata": {"same": value}})


def _customers(name: str, *keys: str, note: str = "") -> Ask:
    lines = [f"{key},{name},{note}" for key in keys]
    return Ask("POST", "/v1/customers/importCSV", "\n".join(["Source_id,Name,Note", *lines, ""]))


def _customers_bulk(name: str, *keys: str) -> Ask:
    rows = [{"source_id": key, "name": name, "metadata": {"by": name}} for key in keys]
    return Ask("POST", "/v1/customers/bulk/async", rows)


def _campaign(name: str = "Fall", **voucher: Any) -> Ask:
    return Ask("POST", "/v1/campaigns", {"name": name, "voucher": {**_GIFT, **voucher}})


def _into(name: str, *codes: str, **more: Any) -> Ask:
    return Ask("POST", f"/v1/campaigns/{name}/import", [{"code": code, **more} for code in codes])


def _into_csv(name: str, *codes: str) -> Ask:
    return Ask(
        "POST", f"/v1/campaigns/{name}/importCSV", "\n".join(["Code,Note", *(f"{code},n" for code in codes), ""])
    )


def _generation(count: int) -> Ask:
    return Ask("POST", "/v1/campaigns/Fall/vouchers", query={"vouchers_count": str(count)})


def _purge(noun: str, key: str = "Note") -> Ask:
    return Ask("POST", f"/v1/metadata-schemas/{noun}/definitions/{key}/purge")


def _orders(*keys: str, **product: Any) -> Ask:
    item = {"quantity": 1, "related_object": "product", "product": {"source_id": "P", "name": "Phone", **product}}
    return Ask("POST", "/v1/orders/import", [{"source_id": key, "status": "PAID", "items": [item]} for key in keys])


def _skus(*keys: str) -> Ask:
    return Ask(
        "POST", "/v1/skus/importCSV", "\n".join(["product_id,source_id,sku", *(f"P,{key},S" for key in keys), ""])
    )


def _schema(noun: str, properties: dict[str, Any] = _NEEDS_UNIT) -> Ask:
    return Ask("POST", _SCHEMAS, {"related_object": noun, "properties": properties}, saves="schema")


_CHANGE = Ask("PUT", "/v1/campaigns/Fall", {"gift": {"amount": 7}})
_DELETE = Ask("DELETE", "/v1/campaigns/Fall")
_DELETE_FOR_GOOD = Ask("DELETE", "/v1/campaigns/Fall", query={"force": "true"})
_CATEGORY = Ask("POST", "/v1/categories", {"name": "Old"}, saves="category")
_RENAME = Ask("PUT", "/v1/categories/<category>", {"name": "New"})
_FORGET = Ask("DELETE", "/v1/categories/<category>", query={"force": "true"})
_PRODUCT = Ask("POST", "/v1/products", {"source_id": "P", "name": "Phone"})
_SMALL = {"code_config": {"pattern": "#", "charset": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123"}}  # 30 codes
_TINY = {"code_config": {"pattern": "#", "charset": "ABCDEFGHIJ"}}  # 10 codes
_FAILING = Ask("POST", "/v1/vouchers/import", [{"code": "K1", **_GIFT}, {"code": "BAD"}], saves="parent")
_RETRY = Ask("POST", "/v1/async-actions/<parent>/retry", query={"include_unprocessed": "true"})


def _in_campaign(*codes: str) -> tuple[Ask, ...]:
    return (_campaign(), _into("Fall", *codes)) if codes else (_campaign(),)


def _once(ask: Ask) -> Ask:
    return replace(ask, headers={"Idempotency-Key": "once"})


def _and_work(ask: Ask) -> Ask:
    return replace(ask, turns=1)


def _beside(action: Ask, call: Call, *before: Ask, **more: Any) -> Scenario:
    return Scenario(before=before, actions=(action,), calls=(call,), **more)


def _both(one: Ask, other: Ask, *before: Ask, **more: Any) -> Scenario:
    return Scenario(before=before, actions=(one, other), **more)


# Two at once, each of one portion: every order is tried.
PAIRS: dict[str, Scenario] = {
    # The same keys twice.
    "vouchers JSON, vouchers JSON": _both(_json("K1", "K2"), _json("K2", "K3")),
    "vouchers CSV, vouchers CSV": _both(_csv(3, "K1", "K2"), _csv(4, "K2", "K3", note="n")),
    "vouchers CSV, vouchers CSV, some exist": _both(_csv(3, "K1", "K2"), _csv(4, "K2", "K1", note="n"), _json("K2")),
    "vouchers CSV, vouchers JSON": _both(_csv(3, "K1", "K2"), _json("K2", "K3")),
    "customers CSV, customers CSV": _both(_customers("Ann", "c1", "c2"), _customers("Bob", "c2", "c3", note="n")),
    "customers CSV, customers CSV, some exist": _both(
        _customers("Ann", "c1", "c2"), _customers("Bob", "c2", "c1", note="n"), _customers("Old", "c1")
    ),
    "customers bulk, customers bulk": _both(
        _customers_bulk("Ann", "c1", "c2"), _customers_bulk("Bob", "c2", "c1"), _customers("Old", "c1", "c2")
    ),
    "customers CSV, customers bulk": _both(
        _customers("Ann", "c1", "c2"), _customers_bulk("Bob", "c2", "c1"), _customers("Old", "c1")
    ),
    "campaign JSON, campaign JSON, new": _both(_into("Fall", "K1", "K2"), _into("Fall", "K2", "K1"), _campaign()),
    "campaign JSON, campaign JSON, some exist": _both(
        _into("Fall", "K1", "K2", category="a"), _into("Fall", "K2", "K1", category="b"), *_in_campaign("K1")
    ),
    "campaign CSV, campaign CSV, new": _both(_into_csv("Fall", "K1", "K2"), _into_csv("Fall", "K2", "K3"), _campaign()),
    "campaign JSON, other campaign JSON": _both(
        _into("Fall", "K1", "K2"), _into("Rain", "K2", "K3"), _campaign(), _campaign("Rain")
    ),
    "campaign JSON, vouchers CSV": _both(_into("Fall", "K1", "K2"), _csv(3, "K2", "K3"), _campaign()),
    "campaign JSON, vouchers JSON": _both(_into("Fall", "K1", "K2"), _json("K2", "K3"), _campaign()),
    # Updates beside imports.
    "vouchers bulk, vouchers JSON": _both(_bulk(1, "K1", "K2"), _json("K2", "K3"), _json("K1")),
    "vouchers bulk, vouchers CSV": _both(_bulk(1, "K1", "K2"), _csv(3, "K2", "K1", note="n"), _json("K1")),
    "vouchers bulk, vouchers bulk": _both(_bulk(1, "K1", "K2"), _bulk(2, "K2", "K1"), _json("K1", "K2")),
    "vouchers bulk, campaign JSON": _both(_bulk(1, "K1", "K2"), _into("Fall", "K2", "K3"), *_in_campaign("K1")),
    "vouchers metadata, vouchers JSON": _both(_same_metadata(1, "K1", "K2"), _json("K2", "K3"), _json("K1")),
    "vouchers metadata, vouchers CSV": _both(_same_metadata(1, "K1", "K2"), _csv(3, "K2", "K1", note="n"), _json("K1")),
    "vouchers metadata, vouchers bulk": _both(_same_metadata(1, "K1", "K2"), _bulk(2, "K2", "K1"), _json("K1", "K2")),
    "vouchers CSV, single change": _beside(
        _csv(3, "K1", "K2"),
        Ask("PUT", "/v1/vouchers/K1", {"metadata": {"by": "X"}, "gift": {"amount": 7}}),
        _json("K1"),
    ),
    "vouchers bulk, single change": _beside(
        _bulk(1, "K1", "K2"), Ask("PUT", "/v1/vouchers/K2", {"metadata": {"bulk": 7}}), _json("K1", "K2")
    ),
    "vouchers JSON, single create": _beside(_json("K1", "K2"), Ask("POST", "/v1/vouchers/K2", _GIFT)),
    "vouchers CSV, single create": _beside(_csv(3, "K1", "K2"), Ask("POST", "/v1/vouchers/K2", _GIFT)),
    "customers CSV, single create": _beside(
        _customers("Ann", "c1", "c2"), Ask("POST", "/v1/customers", {"source_id": "c2", "name": "Bob"})
    ),
    # Deletes beside imports and updates.
    "vouchers JSON, single delete": _beside(_json("K1", "K2"), Ask("DELETE", "/v1/vouchers/K1"), _json("K1")),
    "vouchers CSV, single delete": _beside(_csv(3, "K1", "K2"), Ask("DELETE", "/v1/vouchers/K1"), _json("K1")),
    "vouchers CSV, single delete of new": _beside(_csv(3, "K1", "K2"), Ask("DELETE", "/v1/vouchers/K1")),
    "vouchers bulk, single delete": _beside(_bulk(1, "K1", "K2"), Ask("DELETE", "/v1/vouchers/K1"), _json("K1", "K2")),
    "vouchers metadata, single delete": _beside(
        _same_metadata(1, "K1", "K2"), Ask("DELETE", "/v1/vouchers/K1"), _json("K1", "K2")
    ),
    "campaign JSON, single delete": _beside(
        _into("Fall", "K1", "K2", category="a"), Ask("DELETE", "/v1/vouchers/K1"), *_in_campaign("K1")
    ),
    "customers CSV, single delete": _beside(
        _customers("Ann", "c1", "c2"), Ask("DELETE", "/v1/customers/c1"), _customers("Old", "c1", note="n")
    ),
    "customers bulk, single delete": _beside(
        _customers_bulk("Ann", "c1", "c2"), Ask("DELETE", "/v1/customers/c1"), _customers("Old", "c1", "c2")
    ),
    # Campaigns that change or go while they are filled.
    "campaign JSON, campaign change": _beside(_into("Fall", "K1", "K2"), _CHANGE, *_in_campaign("K2")),
    "campaign JSON, campaign delete": _beside(_into("Fall", "K1", "K2"), _DELETE, *_in_campaign("K2")),
    "campaign JSON, campaign delete for good": _beside(
        _into("Fall", "K1", "K2"), _DELETE_FOR_GOOD, *_in_campaign("K2")
    ),
    "campaign CSV, campaign delete": _beside(_into_csv("Fall", "K1", "K2"), _DELETE, _campaign()),
    "generation, campaign change": _beside(_generation(2), _CHANGE, _campaign(), drawn=True),
    "generation, campaign delete": _beside(_generation(2), _DELETE, _campaign(), drawn=True),
    "generation of few, campaign delete": _beside(_generation(2), _DELETE, _campaign(**_SMALL), drawn=True),
    "campaign JSON of members, campaign change": _beside(
        _into("Fall", "K1", "K2", category="a"), _CHANGE, *_in_campaign("K1", "K3")
    ),
    "campaign JSON, campaign delete and its portion": _beside(
        _into("Fall", "K1", "K4"), _and_work(_DELETE), *_in_campaign("K1", "K3")
    ),
    "campaign JSON, campaign change and its portion": _beside(
        _into("Fall", "K1", "K4"), _and_work(_CHANGE), *_in_campaign("K1", "K3")
    ),
    "generation, campaign delete and its portion": _beside(_generation(2), _and_work(_DELETE), _campaign(), drawn=True),
    "generation, campaign change and its portion": _beside(_generation(2), _and_work(_CHANGE), _campaign(), drawn=True),
    "vouchers bulk, campaign delete": _beside(_bulk(1, "K1", "K2"), _DELETE, *_in_campaign("K1", "K2")),
    "vouchers CSV, campaign delete": _beside(_csv(3, "K1", "K2"), _DELETE, *_in_campaign("K1", "K2")),
    "vouchers CSV, campaign change": _beside(_csv(3, "K1", "K2", note="n"), _CHANGE, *_in_campaign("K1", "K2")),
    "campaign single, campaign delete": Scenario(
        before=(_campaign(),), calls=(Ask("POST", "/v1/campaigns/Fall/vouchers/K1"), _DELETE)
    ),
    "campaign single, campaign change": Scenario(
        before=(_campaign(),), calls=(Ask("POST", "/v1/campaigns/Fall/vouchers/K1"), _CHANGE)
    ),
    "campaign change, campaign change": Scenario(
        before=_in_campaign("K1"), calls=(_CHANGE, Ask("PUT", "/v1/campaigns/Fall", {"gift": {"amount": 9}}))
    ),
    "campaign change, campaign delete": Scenario(before=_in_campaign("K1"), calls=(_CHANGE, _DELETE)),
    "campaign delete, campaign delete": Scenario(before=_in_campaign("K1"), calls=(_DELETE, _DELETE)),
    "generation asked, campaign delete": Scenario(before=(_campaign(),), calls=(_generation(2), _DELETE), drawn=True),
    "campaign import asked, campaign delete": Scenario(before=(_campaign(),), calls=(_into("Fall", "K1"), _DELETE)),
    # Purges.
    "vouchers CSV, purge asked": _beside(_csv(3, "K1", "K2", note="n"), _purge("voucher"), _csv(3, "K1", note="o")),
    "vouchers CSV, purge asked and its portion": _beside(
        _csv(3, "K1", "K2", note="n"), _and_work(_purge("voucher")), _csv(3, "K1", note="o")
    ),
    "vouchers CSV, purge": _both(_csv(3, "K1", "K2", "K9", note="n"), _purge("voucher"), _csv(3, "K1", "K5", note="o")),
    "customers CSV, purge": _both(
        _customers("Ann", "c1", "c2", note="n"), _purge("customer"), _customers("Old", "c1", "c5", note="o")
    ),
    "vouchers bulk, purge": _both(_bulk(1, "K1", "K2"), _purge("voucher", "bulk"), _json("K1", "K2"), _bulk(0, "K1")),
    # Categories.
    "vouchers CSV, category rename": _beside(_csv(3, "K1", "K2", category="Old"), _RENAME, _CATEGORY),
    "vouchers CSV by the new name, category rename": _beside(_csv(3, "K1", "K2", category="New"), _RENAME, _CATEGORY),
    "vouchers JSON by id, category rename": _beside(_json("K1", "K2", category_id="<category>"), _RENAME, _CATEGORY),
    "vouchers CSV, category delete": _beside(_csv(3, "K1", "K2", category="Old"), _FORGET, _CATEGORY),
    "vouchers JSON by id, category delete": _beside(_json("K1", "K2", category_id="<category>"), _FORGET, _CATEGORY),
    "vouchers CSV, category delete of unused": _beside(
        _csv(3, "K1", category="Old"), Ask("DELETE", "/v1/categories/<category>"), _CATEGORY
    ),
    "vouchers CSV, category create": _beside(
        _csv(3, "K1", "K2", category="New"), Ask("POST", "/v1/categories", {"name": "New"})
    ),
    "campaign JSON, category rename": _beside(
        _into("Fall", "K1", "K2", category="Old"), _RENAME, _CATEGORY, _campaign()
    ),
    "campaign JSON by id, category delete": _beside(
        _into("Fall", "K1", "K2", category_id="<category>"), _FORGET, _CATEGORY, *_in_campaign("K2")
    ),
    # Metadata schemas.
    "vouchers CSV, schema create": _beside(_csv(3, "K1", "K2"), _schema("voucher")),
    "vouchers JSON, schema create": _beside(_json("K1", "K2"), _schema("voucher")),
    "vouchers CSV, schema update": _beside(
        _csv(3, "K1", "K2"),
        Ask("PUT", f"{_SCHEMAS}/<schema>", {"properties": _NEEDS_UNIT}),
        _schema("voucher", {"Note": {"type": "string", "optional": True}}),
    ),
    "vouchers JSON, schema delete": _beside(
        _json("K1", "K2"), Ask("DELETE", f"{_SCHEMAS}/<schema>"), _schema("voucher")
    ),
    "customers CSV, schema create": _beside(_customers("Ann", "c1", "c2"), _schema("customer")),
    "customers bulk, schema create": _beside(
        _customers_bulk("Ann", "c1"), _schema("customer"), _customers("Old", "c1")
    ),
    "vouchers bulk, schema create": _beside(_bulk(1, "K1"), _schema("voucher"), _json("K1")),
    # Products, SKUs, orders.
    "SKUs CSV, product delete": _beside(_skus("s1", "s2"), Ask("DELETE", "/v1/products/P"), _PRODUCT),
    "SKUs CSV of known, product delete": _beside(
        _skus("s1", "s2"), Ask("DELETE", "/v1/products/P"), _PRODUCT, _skus("s1")
    ),
    "SKUs CSV, SKUs CSV": _both(_skus("s1", "s2"), _skus("s2", "s3"), _PRODUCT),
    "orders, orders with the same product": _both(_orders("o1"), _orders("o2")),
    "orders, the same orders": _both(_orders("o1"), _orders("o1")),
    "orders, orders that override": _both(
        _orders("o1", override=True), _orders("o2", override=True, price=5), _PRODUCT
    ),
    "orders, product delete": _beside(_orders("o1"), Ask("DELETE", "/v1/products/P"), _PRODUCT),
    # Control.
    "retry, retry": Scenario(before=(_FAILING,), calls=(_RETRY, _RETRY)),
    "retry, retry under one key": Scenario(before=(_FAILING,), calls=(_once(_RETRY), _once(_RETRY))),
    "submission, submission under one key": Scenario(calls=(_once(_json("K1")), _once(_json("K1")))),
    "bulk update asked, bulk update asked": Scenario(before=(_json("K1"),), calls=(_bulk(1, "K1"), _bulk(2, "K1"))),
    "bulk update ends, bulk update asked": _beside(_bulk(1, "K1"), _bulk(2, "K1"), _json("K1")),
    "cancel beside close": _beside(_csv(3, "K1", "K2"), Ask("POST", "/v1/async-actions/<action1>/cancel")),
    "cancel beside close in a sequence": Scenario(
        before=(_json("K1"),),
        actions=(_bulk(1, "K1"), _bulk(2, "K1")),
        workers=1,
        calls=(Ask("POST", "/v1/async-actions/<action1>/cancel"),),
    ),
    "cancel, cancel": Scenario(
        actions=(_csv(3, "K1"),), workers=0, calls=(Ask("POST", "/v1/async-actions/<action1>/cancel"),) * 2
    ),
    "worker, rescue": _beside(_csv(3, "K1", "K2"), Rescue(turns=1)),
    "worker in a sequence, rescue": Scenario(
        before=(_json("K1"),), actions=(_bulk(1, "K1"), _bulk(2, "K1")), workers=1, calls=(Rescue(turns=1),)
    ),
    "two workers on one action": Scenario(actions=(_csv(3, "K1", "K2"),), workers=2),
    "two workers on one action of two portions": Scenario(
        actions=(_csv(3, "K1", "K2", "K2", "K1"),), workers=2, settings={"portion_rows": 2}
    ),
    "two workers on one JSON of two portions": Scenario(
        actions=(_json("K1", "K2", "K2", "K3"),), workers=2, settings={"portion_rows": 2}
    ),
    # Generations where room is short.
    "generation, generation of few": _both(_generation(15), _generation(15), _campaign(**_SMALL), drawn=True),
    "generation, generation of very few": _both(_generation(5), _generation(5), _campaign(**_TINY), drawn=True),
    "generation of the last codes": Scenario(
        before=(_campaign(**_TINY),), actions=(_generation(10),), workers=2, drawn=True, settings={"portion_rows": 5}
    ),
    "generation of few, campaign JSON": _both(_generation(10), _into("Fall", "A"), _campaign(**_TINY), drawn=True),
}


def _csv_of(value: int, keys: str, **more: str) -> Ask:
    return _csv(value, *(f"K{key}" for key in keys), **more)


_TWO_ROWS = {"portion_rows": 2}

# Three at once, each of up to three portions: orders by chance.
THREES: dict[str, Scenario] = {
    "three vouchers CSV": Scenario(
        before=(_json("K1", "K4"),),
        actions=(_csv_of(1, "123456"), _csv_of(2, "654321", note="n"), _csv_of(3, "342516", note="m")),
        turns=3,
        settings=_TWO_ROWS,
    ),
    "vouchers JSON, CSV and bulk": Scenario(
        before=(_json("K1", "K4"),),
        actions=(_json("K1", "K2", "K3", "K2", "K5"), _csv_of(2, "543215"), _bulk(3, "K5", "K1", "K4", "K2", "K1")),
        turns=3,
        settings=_TWO_ROWS,
    ),
    "customers CSV, CSV and bulk": Scenario(
        before=(_customers("Old", "c1", "c4"),),
        actions=(
            _customers("Ann", "c1", "c2", "c3", "c2", "c5"),
            _customers("Bob", "c5", "c4", "c2", "c1", note="n"),
            _customers_bulk("Cid", "c4", "c1", "c4", "c1"),
        ),
        turns=3,
        settings=_TWO_ROWS,
    ),
    "campaign imports and generation": Scenario(
        before=(_campaign(),),
        actions=(
            _into("Fall", "K1", "K2", "K3", "K4"),
            _into("Fall", "K4", "K2", "K1", "K5", category="b"),
            _generation(6),
        ),
        turns=3,
        settings=_TWO_ROWS,
        drawn=True,
    ),
    "campaign import, generation, campaign delete": Scenario(
        before=_in_campaign("K1", "K9"),
        actions=(_into("Fall", "K1", "K2", "K3", "K4"), _generation(6)),
        turns=3,
        calls=(replace(_DELETE, turns=3),),
        settings=_TWO_ROWS,
        drawn=True,
    ),
    "campaign import, generation, campaign change": Scenario(
        before=_in_campaign("K1", "K9"),
        actions=(_into("Fall", "K1", "K2", "K3", "K4"), _generation(6)),
        turns=3,
        calls=(replace(_CHANGE, turns=3),),
        settings=_TWO_ROWS,
        drawn=True,
    ),
    "vouchers CSV, metadata, purge": Scenario(
        before=(_csv(1, "K1", "K4", note="o"),),
        actions=(_csv_of(2, "123456", note="n"), _same_metadata(1, "K1", "K6", "K4", "K1")),
        turns=3,
        calls=(replace(_purge("voucher"), turns=3),),
        settings=_TWO_ROWS,
    ),
    "three workers on one action": Scenario(actions=(_csv_of(1, "1122331"),), workers=3, turns=2, settings=_TWO_ROWS),
    "three workers on one action that stops": Scenario(
        actions=(replace(_json("K1", "K2", "K1", "K3", "K3", "K4"), query={"on_error": "stop", "max_failures": "2"}),),
        workers=3,
        turns=2,
        settings=_TWO_ROWS,
    ),
    "workers and cancel": Scenario(
        actions=(_csv_of(1, "112233"),),
        workers=2,
        turns=3,
        settings=_TWO_ROWS,
        calls=(Ask("POST", "/v1/async-actions/<action1>/cancel"),),
    ),
    "SKUs, orders, product delete": Scenario(
        before=(_PRODUCT, _skus("s1")),
        actions=(_skus("s1", "s2", "s3", "s4"), _orders("o1", "o2", "o3", "o1")),
        turns=2,
        calls=(Ask("DELETE", "/v1/products/P"),),
        settings=_TWO_ROWS,
    ),
}
