"""Counters of customers that the reference API shows: all zeros here."""

from typing import Any

from typing_extensions import TypedDict

from tallykeep.resources.upserts.declaring.declarations import Computed


class Summary(TypedDict):
    """The counters of a customer; all zeros here."""

    redemptions: dict[str, Any]
    orders: dict[str, Any]


class Loyalty(TypedDict):
    """The points of a customer; all zeros here."""

    points: int
    referred_customers: int
    campaigns: dict[str, Any]


class Referrals(TypedDict):
    """The referrals of a customer; none here."""

    total: int
    campaigns: list[dict[str, Any]]


def _summary(_: dict[str, Any]) -> Summary:
    redemptions = dict.fromkeys(
        ("total_redeemed", "total_failed", "total_succeeded", "total_rolled_back", "total_rollback_failed",
         "total_rollback_succeeded"), 0,
    )  # fmt: skip
    return {
        "redemptions": {
            **redemptions,
            "gift": {"redeemed_amount": 0, "amount_to_go": 0},
            "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
        },
        "orders": {"total_amount": 0, "total_count": 0, "average_amount": 0, "last_order_amount": 0},
    }


def _loyalty(_: dict[str, Any]) -> Loyalty:
    return {"points": 0, "referred_customers": 0, "campaigns": {}}


def _referrals(_: dict[str, Any]) -> Referrals:
    return {"total": 0, "campaigns": []}


LOYALTY = (
    Computed(name="summary", compute=_summary, json_type=Summary),
    Computed(name="loyalty", compute=_loyalty, json_type=Loyalty),
    Computed(name="referrals", compute=_referrals, json_type=Referrals),
    Computed(name="system_metadata", compute=lambda _: {}, json_type=dict[str, Any]),
)
