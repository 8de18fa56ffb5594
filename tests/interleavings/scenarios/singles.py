"""Single writes beside each other: what one of them answers is so, even where the other one deletes it."""

from tests.interleavings.scenario import Ask, Scenario
from tests.interleavings.scenarios.asks import GIFT, PRODUCT, campaign, customers, in_campaign, in_json, orders, skus

_VOUCHER = Ask("POST", "/v1/vouchers/K1", GIFT)
_ONE_CODE = {**GIFT, "code_config": {"pattern": "K#", "charset": "1"}}
_DELETE_VOUCHER = Ask("DELETE", "/v1/vouchers/K1")
_CUSTOMER = Ask("POST", "/v1/customers", {"source_id": "c1", "name": "Bob"})
_DELETE_CUSTOMER = Ask("DELETE", "/v1/customers/c1")
_DELETE_PRODUCT = Ask("DELETE", "/v1/products/P")
_DELETE_SKU = Ask("DELETE", "/v1/products/P/skus/s1")


def _calls(one: Ask, other: Ask, *before: Ask) -> Scenario:
    return Scenario(before=before, calls=(one, other))


SINGLES: dict[str, Scenario] = {
    "single create, single delete": _calls(_VOUCHER, _DELETE_VOUCHER),
    "single create, single create": _calls(_VOUCHER, _VOUCHER),
    "single change, single delete": _calls(
        Ask("PUT", "/v1/vouchers/K1", {"gift": {"amount": 7}}), _DELETE_VOUCHER, in_json("K1")
    ),
    "single change, single change": _calls(
        Ask("PUT", "/v1/vouchers/K1", {"gift": {"amount": 7}, "metadata": {"a": 1}}),
        Ask("PUT", "/v1/vouchers/K1", {"metadata": {"b": 2}}),
        in_json("K1"),
    ),
    "single disable, single delete": _calls(Ask("POST", "/v1/vouchers/K1/disable"), _DELETE_VOUCHER, in_json("K1")),
    "campaign single, single delete": _calls(
        Ask("POST", "/v1/campaigns/Fall/vouchers/K1"), _DELETE_VOUCHER, *in_campaign()
    ),
    "campaign create of one, campaign delete": _calls(
        Ask(
            "POST",
            "/v1/campaigns",
            {
                "name": "Fall",
                "voucher": {**GIFT, "code_config": {"pattern": "K#", "charset": "1"}},
                "vouchers_count": 1,
            },
        ),
        Ask("DELETE", "/v1/campaigns/Fall"),
    ),
    "campaign disable, campaign delete": _calls(
        Ask("POST", "/v1/campaigns/Fall/disable"), Ask("DELETE", "/v1/campaigns/Fall"), campaign()
    ),
    "customer create, customer create": _calls(
        _CUSTOMER, Ask("POST", "/v1/customers", {"source_id": "c1", "city": "Ulm"})
    ),
    "customer create, customer delete": _calls(_CUSTOMER, _DELETE_CUSTOMER, customers("Old", "c1")),
    "customer change, customer delete": _calls(
        Ask("PUT", "/v1/customers/c1", {"name": "New"}), _DELETE_CUSTOMER, customers("Old", "c1")
    ),
    "product change, product delete": _calls(Ask("PUT", "/v1/products/P", {"name": "New"}), _DELETE_PRODUCT, PRODUCT),
    "product create, product delete": _calls(PRODUCT, _DELETE_PRODUCT, PRODUCT),
    "SKU create, product delete": _calls(
        Ask("POST", "/v1/products/P/skus", {"source_id": "s1", "sku": "S"}), _DELETE_PRODUCT, PRODUCT
    ),
    "SKU change, SKU delete": _calls(
        Ask("PUT", "/v1/products/P/skus/s1", {"sku": "T"}), _DELETE_SKU, PRODUCT, skus("s1")
    ),
    "order create, order create": _calls(
        Ask("POST", "/v1/orders", {"source_id": "o1", "amount": 1}),
        Ask("POST", "/v1/orders", {"source_id": "o1", "amount": 2}),
    ),
    "order change, product delete": _calls(
        Ask("PUT", "/v1/orders/o1", {"items": [{"quantity": 2, "related_object": "product", "product_id": "P"}]}),
        _DELETE_PRODUCT,
        PRODUCT,
        orders("o1"),
    ),
}
