"""A single voucher that is created by naming its campaign."""

from functools import partial
from typing import Any

from tallykeep.core.errors import InvalidVoucherError, NotFoundError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.retry import in_transaction
from tallykeep.resources.campaigns.operations import add_voucher
from tallykeep.resources.campaigns.store import find_campaign, hold_campaign
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual
from tallykeep.resources.vouchers.domain import DISCOUNT

_NAMES = ("campaign", "campaign_id")


def names_campaign(body: dict[str, Any]) -> bool:
    """Whether the voucher is to be one of a campaign."""
    return any(body.get(name) is not None for name in _NAMES)


async def create_in_campaign(connection: Connection, project_id: int, body: dict[str, Any]) -> str:
    """Create a voucher in the campaign that it names, as if added to it; returns its code.

    Raises NotFoundError, and InvalidVoucherError also for what contradicts the campaign, which decides on it.
    """
    return await in_transaction(connection, partial(_create, connection, project_id, body))


async def _create(connection: Connection, project_id: int, body: dict[str, Any]) -> str:
    named = await _campaign_of(connection, project_id, body)
    campaign = await hold_campaign(connection, project_id, named["id"])
    problems = _contradictions(campaign, body)
    if problems:
        raise InvalidVoucherError("; ".join(problems), resource_id=campaign["id"], resource_type="campaign")
    return await add_voucher(connection, project_id, campaign["id"], body)


async def _campaign_of(connection: Connection, project_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Find the campaign by its name or its id; raises InvalidVoucherError where both do not mean the same one."""
    keys = {name: _key(name, body[name]) for name in _NAMES if body.get(name) is not None}
    campaigns = {name: await find_campaign(connection, project_id, key) for name, key in keys.items()}
    if "campaign_id" in campaigns and campaigns["campaign_id"]["id"] != keys["campaign_id"]:
        raise NotFoundError.of("campaign", keys["campaign_id"])
    if len({campaign["id"] for campaign in campaigns.values()}) > 1:
        reason = f"campaign_id: is not the one of campaign {keys['campaign']} {actual(keys['campaign_id'])}"
        raise InvalidVoucherError(reason, resource_type="voucher")
    return next(iter(campaigns.values()))


def _key(name: str, value: Any) -> str:
    try:
        return str(cleaning.key_text(value))
    except Problem as problem:
        raise InvalidVoucherError(f"{name}: {problem}", resource_type="voucher") from None


def _contradictions(campaign: dict[str, Any], body: dict[str, Any]) -> list[str]:
    """List what the voucher says of its type and discount that is not so in its campaign."""
    template = campaign["voucher"]
    problems = []
    if body.get("type") not in (None, template["type"]):
        problems.append(f"type: the vouchers of this campaign are {template['type']} {actual(body['type'])}")
    discount = body.get("discount")
    if discount is not None and template["type"] != DISCOUNT:
        problems.append(f"discount: the vouchers of this campaign are {template['type']}")
    elif discount is not None and not _agrees(discount, template["discount"]):
        problems.append(f"discount: is the campaign's, leave it out {actual(discount)}")
    return problems


def _agrees(value: Any, discount: dict[str, Any]) -> bool:
    if not isinstance(value, dict):
        return False
    return all(value is None or discount.get(name) == value for name, value in value.items())
