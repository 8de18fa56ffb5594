"""Campaigns that change or go while they are filled, and generations where room is short."""

from tests.interleavings.scenario import Ask, Scenario
from tests.interleavings.scenarios.asks import (
    CHANGE,
    DELETE,
    DELETE_FOR_GOOD,
    TEN_CODES,
    THIRTY_CODES,
    and_work,
    beside,
    both,
    bulk,
    campaign,
    generation,
    in_campaign,
    in_csv,
    into,
    into_csv,
)

CAMPAIGNS: dict[str, Scenario] = {
    # Campaigns that change or go while they are filled.
    "campaign JSON, campaign change": beside(into("Fall", "K1", "K2"), CHANGE, *in_campaign("K2")),
    "campaign JSON, campaign delete": beside(into("Fall", "K1", "K2"), DELETE, *in_campaign("K2")),
    "campaign JSON, campaign delete for good": beside(into("Fall", "K1", "K2"), DELETE_FOR_GOOD, *in_campaign("K2")),
    "campaign CSV, campaign delete": beside(into_csv("Fall", "K1", "K2"), DELETE, campaign()),
    "generation, campaign change": beside(generation(2), CHANGE, campaign(), drawn=True),
    "generation, campaign delete": beside(generation(2), DELETE, campaign(), drawn=True),
    "generation of few, campaign delete": beside(generation(2), DELETE, campaign(**THIRTY_CODES), drawn=True),
    "campaign JSON of members, campaign change": beside(
        into("Fall", "K1", "K2", category="a"), CHANGE, *in_campaign("K1", "K3")
    ),
    "campaign JSON, campaign delete and its batch": beside(
        into("Fall", "K1", "K4"), and_work(DELETE), *in_campaign("K1", "K3")
    ),
    "campaign JSON, campaign change and its batch": beside(
        into("Fall", "K1", "K4"), and_work(CHANGE), *in_campaign("K1", "K3")
    ),
    "generation, campaign delete and its batch": beside(generation(2), and_work(DELETE), campaign(), drawn=True),
    "generation, campaign change and its batch": beside(generation(2), and_work(CHANGE), campaign(), drawn=True),
    "vouchers bulk, campaign delete": beside(bulk(1, "K1", "K2"), DELETE, *in_campaign("K1", "K2")),
    "vouchers CSV, campaign delete": beside(in_csv(3, "K1", "K2"), DELETE, *in_campaign("K1", "K2")),
    "vouchers CSV, campaign change": beside(in_csv(3, "K1", "K2", note="n"), CHANGE, *in_campaign("K1", "K2")),
    "campaign single, campaign delete": Scenario(
        before=(campaign(),), calls=(Ask("POST", "/v1/campaigns/Fall/vouchers/K1"), DELETE)
    ),
    "campaign single, campaign change": Scenario(
        before=(campaign(),), calls=(Ask("POST", "/v1/campaigns/Fall/vouchers/K1"), CHANGE)
    ),
    "campaign change, campaign change": Scenario(
        before=in_campaign("K1"), calls=(CHANGE, Ask("PUT", "/v1/campaigns/Fall", {"gift": {"amount": 9}}))
    ),
    "campaign change, campaign delete": Scenario(before=in_campaign("K1"), calls=(CHANGE, DELETE)),
    "campaign delete, campaign delete": Scenario(before=in_campaign("K1"), calls=(DELETE, DELETE)),
    "generation asked, campaign delete": Scenario(before=(campaign(),), calls=(generation(2), DELETE), drawn=True),
    "campaign import asked, campaign delete": Scenario(before=(campaign(),), calls=(into("Fall", "K1"), DELETE)),
    # Generations where room is short.
    "generation, generation of few": both(generation(15), generation(15), campaign(**THIRTY_CODES), drawn=True),
    "generation, generation of very few": both(generation(5), generation(5), campaign(**TEN_CODES), drawn=True),
    "generation of the last codes": Scenario(
        before=(campaign(**TEN_CODES),), actions=(generation(10),), workers=2, drawn=True, settings={"batch_rows": 5}
    ),
    "generation of few, campaign JSON": both(generation(10), into("Fall", "A"), campaign(**TEN_CODES), drawn=True),
}
