"""Three at once, each of up to three batches: orders by chance."""

from dataclasses import replace

from tests.interleavings.scenario import Ask, Scenario
from tests.interleavings.scenarios.asks import (
    CHANGE,
    DELETE,
    PRODUCT,
    bulk,
    campaign,
    customers,
    customers_bulk,
    generation,
    in_campaign,
    in_csv,
    in_json,
    into,
    orders,
    purge,
    same_metadata,
    skus,
)


def csv_of(value: int, keys: str, **more: str) -> Ask:
    return in_csv(value, *(f"K{key}" for key in keys), **more)


TWO_ROWS = {"batch_rows": 2}

THREES: dict[str, Scenario] = {
    "three vouchers CSV": Scenario(
        before=(in_json("K1", "K4"),),
        actions=(csv_of(1, "123456"), csv_of(2, "654321", note="n"), csv_of(3, "342516", note="m")),
        slots=3,
        settings=TWO_ROWS,
    ),
    "vouchers JSON, CSV and bulk": Scenario(
        before=(in_json("K1", "K4"),),
        actions=(in_json("K1", "K2", "K3", "K2", "K5"), csv_of(2, "543215"), bulk(3, "K5", "K1", "K4", "K2", "K1")),
        slots=3,
        settings=TWO_ROWS,
    ),
    "customers CSV, CSV and bulk": Scenario(
        before=(customers("Old", "c1", "c4"),),
        actions=(
            customers("Ann", "c1", "c2", "c3", "c2", "c5"),
            customers("Bob", "c5", "c4", "c2", "c1", note="n"),
            customers_bulk("Cid", "c4", "c1", "c4", "c1"),
        ),
        slots=3,
        settings=TWO_ROWS,
    ),
    "campaign imports and generation": Scenario(
        before=(campaign(),),
        actions=(
            into("Fall", "K1", "K2", "K3", "K4"),
            into("Fall", "K4", "K2", "K1", "K5", category="b"),
            generation(6),
        ),
        slots=3,
        settings=TWO_ROWS,
        drawn=True,
    ),
    "campaign import, generation, campaign delete": Scenario(
        before=in_campaign("K1", "K9"),
        actions=(into("Fall", "K1", "K2", "K3", "K4"), generation(6)),
        slots=3,
        calls=(replace(DELETE, slots=3),),
        settings=TWO_ROWS,
        drawn=True,
    ),
    "campaign import, generation, campaign change": Scenario(
        before=in_campaign("K1", "K9"),
        actions=(into("Fall", "K1", "K2", "K3", "K4"), generation(6)),
        slots=3,
        calls=(replace(CHANGE, slots=3),),
        settings=TWO_ROWS,
        drawn=True,
    ),
    "vouchers CSV, metadata, purge": Scenario(
        before=(in_csv(1, "K1", "K4", note="o"),),
        actions=(csv_of(2, "123456", note="n"), same_metadata(1, "K1", "K6", "K4", "K1")),
        slots=3,
        calls=(replace(purge("voucher"), slots=3),),
        settings=TWO_ROWS,
    ),
    "three workers on one action": Scenario(actions=(csv_of(1, "1122331"),), workers=3, slots=2, settings=TWO_ROWS),
    "three workers on one action that stops": Scenario(
        actions=(
            replace(in_json("K1", "K2", "K1", "K3", "K3", "K4"), query={"on_error": "stop", "max_failures": "2"}),
        ),
        workers=3,
        slots=2,
        settings=TWO_ROWS,
    ),
    "workers and cancel": Scenario(
        actions=(csv_of(1, "112233"),),
        workers=2,
        slots=3,
        settings=TWO_ROWS,
        calls=(Ask("POST", "/v1/async-actions/<action1>/cancel"),),
    ),
    "SKUs, orders, product delete": Scenario(
        before=(PRODUCT, skus("s1")),
        actions=(skus("s1", "s2", "s3", "s4"), orders("o1", "o2", "o3", "o1")),
        slots=2,
        calls=(Ask("DELETE", "/v1/products/P"),),
        settings=TWO_ROWS,
    ),
}
