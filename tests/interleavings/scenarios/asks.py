"""What scenarios are made of: requests, and how they are put beside each other."""

from dataclasses import replace
from typing import Any

from tests.interleavings.scenario import Ask, Call, Scenario

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
SCHEMAS = "/management/v1/projects/<project>/metadata-schemas"
NEEDS_UNIT = {"unit": {"type": "number", "optional": False}}
NEEDS_SIZE = {"size": {"type": "number", "optional": False}}


def in_json(*codes: str, **more: Any) -> Ask:
    return Ask("POST", "/v1/vouchers/import", [{"code": code, **GIFT, **more} for code in codes])


def in_csv(value: int, *codes: str, note: str = "", category: str = "") -> Ask:
    lines = [f"{code},GIFT_VOUCHER,{value},{note},{category}" for code in codes]
    return Ask("POST", "/v1/vouchers/importCSV", "\n".join(["Code,Voucher Type,Value,Note,Category", *lines, ""]))


def bulk(value: int, *codes: str) -> Ask:
    # Of these keys, one is written by all that is beside it, and one by nobody else: what is lost is seen.
    metadata = {"bulk": value, "Note": str(value), f"by {value}": True}
    return Ask("POST", "/v1/vouchers/bulk/async", [{"code": code, "metadata": metadata} for code in codes])


def same_metadata(value: int, *codes: str) -> Ask:
    return Ask("POST", "/v1/vouchers/metadata/async", {"codes": list(codes), "metadata": {"same": value}})


def customers(name: str, *keys: str, note: str = "") -> Ask:
    lines = [f"{key},{name},{note}" for key in keys]
    return Ask("POST", "/v1/customers/importCSV", "\n".join(["Source_id,Name,Note", *lines, ""]))


def customers_bulk(name: str, *keys: str) -> Ask:
    rows = [{"source_id": key, "name": name, "metadata": {"by": name}} for key in keys]
    return Ask("POST", "/v1/customers/bulk/async", rows)


def campaign(name: str = "Fall", **voucher: Any) -> Ask:
    return Ask("POST", "/v1/campaigns", {"name": name, "voucher": {**GIFT, **voucher}})


def into(name: str, *codes: str, **more: Any) -> Ask:
    return Ask("POST", f"/v1/campaigns/{name}/import", [{"code": code, **more} for code in codes])


def into_csv(name: str, *codes: str) -> Ask:
    return Ask(
        "POST", f"/v1/campaigns/{name}/importCSV", "\n".join(["Code,Note", *(f"{code},n" for code in codes), ""])
    )


def generation(count: int) -> Ask:
    return Ask("POST", "/v1/campaigns/Fall/vouchers", query={"vouchers_count": str(count)})


def purge(noun: str, key: str = "Note") -> Ask:
    return Ask("POST", f"/v1/metadata-schemas/{noun}/definitions/{key}/purge")


def orders(*keys: str, **product: Any) -> Ask:
    item = {"quantity": 1, "related_object": "product", "product": {"source_id": "P", "name": "Phone", **product}}
    return Ask("POST", "/v1/orders/import", [{"source_id": key, "status": "PAID", "items": [item]} for key in keys])


def skus(*keys: str) -> Ask:
    return Ask(
        "POST", "/v1/skus/importCSV", "\n".join(["product_id,source_id,sku", *(f"P,{key},S" for key in keys), ""])
    )


def schema(noun: str, properties: dict[str, Any] = NEEDS_UNIT) -> Ask:
    return Ask("POST", SCHEMAS, {"related_object": noun, "properties": properties}, saves="schema")


CHANGE = Ask("PUT", "/v1/campaigns/Fall", {"gift": {"amount": 7}})
DELETE = Ask("DELETE", "/v1/campaigns/Fall")
DELETE_FOR_GOOD = Ask("DELETE", "/v1/campaigns/Fall", query={"force": "true"})
CATEGORY = Ask("POST", "/v1/categories", {"name": "Old"}, saves="category")
RENAME = Ask("PUT", "/v1/categories/<category>", {"name": "New"})
FORGET = Ask("DELETE", "/v1/categories/<category>", query={"force": "true"})
PRODUCT = Ask("POST", "/v1/products", {"source_id": "P", "name": "Phone"})
THIRTY_CODES = {"code_config": {"pattern": "#", "charset": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123"}}  # 30 codes
TEN_CODES = {"code_config": {"pattern": "#", "charset": "ABCDEFGHIJ"}}  # 10 codes
FAILING = Ask("POST", "/v1/vouchers/import", [{"code": "K1", **GIFT}, {"code": "BAD"}], saves="parent")
RETRY = Ask("POST", "/v1/async-actions/<parent>/retry", query={"include_unprocessed": "true"})


def in_campaign(*codes: str) -> tuple[Ask, ...]:
    return (campaign(), into("Fall", *codes)) if codes else (campaign(),)


def idempotent(ask: Ask) -> Ask:
    return replace(ask, headers={"Idempotency-Key": "once"})


def and_work(ask: Ask) -> Ask:
    return replace(ask, slots=1)


def beside(action: Ask, call: Call, *before: Ask, **more: Any) -> Scenario:
    return Scenario(before=before, actions=(action,), calls=(call,), **more)


def both(one: Ask, other: Ask, *before: Ask, **more: Any) -> Scenario:
    return Scenario(before=before, actions=(one, other), **more)
