"""The same keys written twice, updated and deleted beside it."""

from tests.interleavings.scenario import Ask, Scenario
from tests.interleavings.scenarios.asks import (
    GIFT,
    beside,
    both,
    bulk,
    campaign,
    customers,
    customers_bulk,
    in_campaign,
    in_csv,
    in_json,
    into,
    into_csv,
    same_metadata,
)

SAME_KEYS: dict[str, Scenario] = {
    # The same keys twice.
    "vouchers JSON, vouchers JSON": both(in_json("K1", "K2"), in_json("K2", "K3")),
    "vouchers CSV, vouchers CSV": both(in_csv(3, "K1", "K2"), in_csv(4, "K2", "K3", note="n")),
    "vouchers CSV, vouchers CSV, some exist": both(
        in_csv(3, "K1", "K2"), in_csv(4, "K2", "K1", note="n"), in_json("K2")
    ),
    "vouchers CSV, vouchers JSON": both(in_csv(3, "K1", "K2"), in_json("K2", "K3")),
    "customers CSV, customers CSV": both(customers("Ann", "c1", "c2"), customers("Bob", "c2", "c3", note="n")),
    "customers CSV, customers CSV, some exist": both(
        customers("Ann", "c1", "c2"), customers("Bob", "c2", "c1", note="n"), customers("Old", "c1")
    ),
    "customers bulk, customers bulk": both(
        customers_bulk("Ann", "c1", "c2"), customers_bulk("Bob", "c2", "c1"), customers("Old", "c1", "c2")
    ),
    "customers CSV, customers bulk": both(
        customers("Ann", "c1", "c2"), customers_bulk("Bob", "c2", "c1"), customers("Old", "c1")
    ),
    "campaign JSON, campaign JSON, new": both(into("Fall", "K1", "K2"), into("Fall", "K2", "K1"), campaign()),
    "campaign JSON, campaign JSON, some exist": both(
        into("Fall", "K1", "K2", category="a"), into("Fall", "K2", "K1", category="b"), *in_campaign("K1")
    ),
    "campaign CSV, campaign CSV, new": both(into_csv("Fall", "K1", "K2"), into_csv("Fall", "K2", "K3"), campaign()),
    "campaign JSON, other campaign JSON": both(
        into("Fall", "K1", "K2"), into("Rain", "K2", "K3"), campaign(), campaign("Rain")
    ),
    "campaign JSON, vouchers CSV": both(into("Fall", "K1", "K2"), in_csv(3, "K2", "K3"), campaign()),
    "campaign JSON, vouchers JSON": both(into("Fall", "K1", "K2"), in_json("K2", "K3"), campaign()),
    # Updates beside imports.
    "vouchers bulk, vouchers JSON": both(bulk(1, "K1", "K2"), in_json("K2", "K3"), in_json("K1")),
    "vouchers bulk, vouchers CSV": both(bulk(1, "K1", "K2"), in_csv(3, "K2", "K1", note="n"), in_json("K1")),
    "vouchers bulk, vouchers bulk": both(bulk(1, "K1", "K2"), bulk(2, "K2", "K1"), in_json("K1", "K2")),
    "vouchers bulk, campaign JSON": both(bulk(1, "K1", "K2"), into("Fall", "K2", "K3"), *in_campaign("K1")),
    "vouchers metadata, vouchers JSON": both(same_metadata(1, "K1", "K2"), in_json("K2", "K3"), in_json("K1")),
    "vouchers metadata, vouchers CSV": both(
        same_metadata(1, "K1", "K2"), in_csv(3, "K2", "K1", note="n"), in_json("K1")
    ),
    "vouchers metadata, vouchers bulk": both(same_metadata(1, "K1", "K2"), bulk(2, "K2", "K1"), in_json("K1", "K2")),
    "vouchers CSV, single change": beside(
        in_csv(3, "K1", "K2"),
        Ask("PUT", "/v1/vouchers/K1", {"metadata": {"by": "X"}, "gift": {"amount": 7}}),
        in_json("K1"),
    ),
    "vouchers bulk, single change": beside(
        bulk(1, "K1", "K2"), Ask("PUT", "/v1/vouchers/K2", {"metadata": {"bulk": 7, "by X": True}}), in_json("K1", "K2")
    ),
    "vouchers JSON, single create": beside(in_json("K1", "K2"), Ask("POST", "/v1/vouchers/K2", GIFT)),
    "vouchers CSV, single create": beside(in_csv(3, "K1", "K2"), Ask("POST", "/v1/vouchers/K2", GIFT)),
    "customers CSV, single create": beside(
        customers("Ann", "c1", "c2"), Ask("POST", "/v1/customers", {"source_id": "c2", "name": "Bob"})
    ),
    # Deletes beside imports and updates.
    "vouchers JSON, single delete": beside(in_json("K1", "K2"), Ask("DELETE", "/v1/vouchers/K1"), in_json("K1")),
    "vouchers CSV, single delete": beside(in_csv(3, "K1", "K2"), Ask("DELETE", "/v1/vouchers/K1"), in_json("K1")),
    "vouchers CSV, single delete of new": beside(in_csv(3, "K1", "K2"), Ask("DELETE", "/v1/vouchers/K1")),
    "vouchers bulk, single delete": beside(bulk(1, "K1", "K2"), Ask("DELETE", "/v1/vouchers/K1"), in_json("K1", "K2")),
    "vouchers metadata, single delete": beside(
        same_metadata(1, "K1", "K2"), Ask("DELETE", "/v1/vouchers/K1"), in_json("K1", "K2")
    ),
    "campaign JSON, single delete": beside(
        into("Fall", "K1", "K2", category="a"), Ask("DELETE", "/v1/vouchers/K1"), *in_campaign("K1")
    ),
    "customers CSV, single delete": beside(
        customers("Ann", "c1", "c2"), Ask("DELETE", "/v1/customers/c1"), customers("Old", "c1", note="n")
    ),
    "customers bulk, single delete": beside(
        customers_bulk("Ann", "c1", "c2"), Ask("DELETE", "/v1/customers/c1"), customers("Old", "c1", "c2")
    ),
}
