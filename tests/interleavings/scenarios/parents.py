"""What rows depend on, changed beside them: categories, metadata schemas, products; and purges."""

from tests.interleavings.scenario import Ask, Scenario
from tests.interleavings.scenarios.asks import (
    CATEGORY,
    FORGET,
    NEEDS_UNIT,
    PRODUCT,
    RENAME,
    SCHEMAS,
    and_work,
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
    orders,
    purge,
    schema,
    skus,
)

PARENTS: dict[str, Scenario] = {
    # Purges.
    "vouchers CSV, purge asked": beside(in_csv(3, "K1", "K2", note="n"), purge("voucher"), in_csv(3, "K1", note="o")),
    "vouchers CSV, purge asked and its batch": beside(
        in_csv(3, "K1", "K2", note="n"), and_work(purge("voucher")), in_csv(3, "K1", note="o")
    ),
    "vouchers CSV, purge": both(
        in_csv(3, "K1", "K2", "K9", note="n"), purge("voucher"), in_csv(3, "K1", "K5", note="o")
    ),
    "customers CSV, purge": both(
        customers("Ann", "c1", "c2", note="n"), purge("customer"), customers("Old", "c1", "c5", note="o")
    ),
    "vouchers bulk, purge": both(bulk(1, "K1", "K2"), purge("voucher", "bulk"), in_json("K1", "K2"), bulk(0, "K1")),
    # Categories.
    "vouchers CSV, category rename": beside(in_csv(3, "K1", "K2", category="Old"), RENAME, CATEGORY),
    "vouchers CSV by the new name, category rename": beside(in_csv(3, "K1", "K2", category="New"), RENAME, CATEGORY),
    "vouchers JSON by id, category rename": beside(in_json("K1", "K2", category_id="<category>"), RENAME, CATEGORY),
    "vouchers CSV, category delete": beside(in_csv(3, "K1", "K2", category="Old"), FORGET, CATEGORY),
    "vouchers JSON by id, category delete": beside(in_json("K1", "K2", category_id="<category>"), FORGET, CATEGORY),
    "vouchers CSV, category delete of unused": beside(
        in_csv(3, "K1", category="Old"), Ask("DELETE", "/v1/categories/<category>"), CATEGORY
    ),
    "vouchers CSV, category create": beside(
        in_csv(3, "K1", "K2", category="New"), Ask("POST", "/v1/categories", {"name": "New"})
    ),
    "campaign JSON, category rename": beside(into("Fall", "K1", "K2", category="Old"), RENAME, CATEGORY, campaign()),
    "campaign JSON by id, category delete": beside(
        into("Fall", "K1", "K2", category_id="<category>"), FORGET, CATEGORY, *in_campaign("K2")
    ),
    # Metadata schemas.
    "vouchers CSV, schema create": beside(in_csv(3, "K1", "K2"), schema("voucher")),
    "vouchers JSON, schema create": beside(in_json("K1", "K2"), schema("voucher")),
    "vouchers CSV, schema update": beside(
        in_csv(3, "K1", "K2"),
        Ask("PUT", f"{SCHEMAS}/<schema>", {"properties": NEEDS_UNIT}),
        schema("voucher", {"Note": {"type": "string", "optional": True}}),
    ),
    "vouchers JSON, schema delete": beside(
        in_json("K1", "K2"), Ask("DELETE", f"{SCHEMAS}/<schema>"), schema("voucher")
    ),
    "customers CSV, schema create": beside(customers("Ann", "c1", "c2"), schema("customer")),
    "customers bulk, schema create": beside(customers_bulk("Ann", "c1"), schema("customer"), customers("Old", "c1")),
    "vouchers bulk, schema create": beside(bulk(1, "K1"), schema("voucher"), in_json("K1")),
    # Products, SKUs, orders.
    "SKUs CSV, product delete": beside(skus("s1", "s2"), Ask("DELETE", "/v1/products/P"), PRODUCT),
    "SKUs CSV of known, product delete": beside(skus("s1", "s2"), Ask("DELETE", "/v1/products/P"), PRODUCT, skus("s1")),
    "SKUs CSV, SKUs CSV": both(skus("s1", "s2"), skus("s2", "s3"), PRODUCT),
    "orders, orders with the same product": both(orders("o1"), orders("o2")),
    "orders, the same orders": both(orders("o1"), orders("o1")),
    "orders, orders that override": both(orders("o1", override=True), orders("o2", override=True, price=5), PRODUCT),
    "orders, product delete": beside(orders("o1"), Ask("DELETE", "/v1/products/P"), PRODUCT),
}
