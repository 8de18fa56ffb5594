"""A single voucher that is created by naming its campaign."""

from functools import partial
from typing import Any

from tallykeep.core.errors import InvalidVoucherError, NotFoundError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.retry import in_transaction
from tallykeep.resources.campaigns.operations import add_voucher
from tallykeep.resources.campaigns.store import find_campaign, hold_campaign
from tallykeep.resources.fields import validators as cleaning
from tallykeep.resources.fields.validators import Problem, actual
from tallykeep.resources.vouchers.domain import DISCOUNT

_NAMES = ("campaign", "campaign_id")


def names_campaign(given: dict[str, Any]) -> bool:
    """Whether the voucher is to be one of a campaign."""
    return any(given.get(name) is not None for name in _NAMES)


async def create_in_campaign(connection: Connection, project_id: int, given: dict[str, Any]) -> str:
    """Create a voucher in the campaign that it names, as if added to it; returns its code.

    Raises NotFoundError, and InvalidVoucherError also for what contradicts the campaign, which decides on it.
    """
    return await in_transaction(connection, partial(_create, connection, project_id, given))


async def _create(connection: Connection, project_id: int, given: dict[str, Any]) -> str:
    named = await _campaign_of(connection, project_id, given)
    campaign = await hold_campaign(connection, project_id, named["id"])
    problems = _contradictions(campaign, given)
    if problems:
        raise InvalidVoucherError("; ".join(problems), resource_id=campaign["id"], resource_type="campaign")
    return await add_voucher(connection, project_id, campaign["id"], given)


async def _campaign_of(connection: Connection, project_id: int, given: dict[str, Any]) -> dict[str, Any]:
    """The campaign by its name or its id; where both are given, they have to mean the same one."""
    keys = {name: _key(name, given[name]) for name in _NAMES if given.get(name) is not None}
    found = {name: await find_campaign(connection, project_id, key) for name, key in keys.items()}
    if "campaign_id" in found and found["campaign_id"]["id"] != keys["campaign_id"]:
        raise NotFoundError.of("campaign", keys["campaign_id"])
    if len({campaign["id"] for campaign in found.values()}) > 1:
        reason = f"campaign_id: is not the one of campaign {keys['campaign']} {actual(keys['campaign_id'])}"
        raise InvalidVoucherError(reason, resource_type="voucher")
    return next(iter(found.values()))


def _key(name: str, given: Any) -> str:
    try:
        return str(cleaning.key_text(given))
    except Problem as problem:
        raise InvalidVoucherError(f"{name}: {problem}", resource_type="voucher") from None


def _contradictions(campaign: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """What the voucher says of its type and discount that is not so in its campaign."""
    template = campaign["voucher"]
    problems = []
    if given.get("type") not in (None, template["type"]):
        problems.append(f"type: the vouchers of this campaign are {template['type']} {actual(given['type'])}")
    discount = given.get("discount")
    if discount is not None and template["type"] != DISCOUNT:
        problems.append(f"discount: the vouchers of this campaign are {template['type']}")
    elif discount is not None and not _agrees(discount, template["discount"]):
        problems.append(f"discount: is the campaign's, leave it out {actual(discount)}")
    return problems


def _agrees(given: Any, discount: dict[str, Any]) -> bool:
    if not isinstance(given, dict):
        return False
    return all(value is None or discount.get(name) == value for name, value in given.items())
