"""The changes that a request to update a campaign makes (public API documentation, schemas CampaignsUpdate…)."""

from typing import Any

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.resources.campaigns.body import misplaced_worth
from tallykeep.resources.fields.cleaning import actual
from tallykeep.resources.vouchers.domain import DISCOUNT, WORTH

Change = dict[str, Any]

_WORTH = ("discount", *(name for name, *_ in WORTH.values()))


def normal_change(old: dict[str, Any], body: Change) -> Change:
    """Complete the change: all of `metadata`, and in `voucher` all about vouchers; raises InvalidPayloadError."""
    problems = [f"{name}: cannot be changed" for name in ("name", "campaign_type")
                if body.get(name) not in (None, old[name])]  # fmt: skip
    if body.get("type") not in (None, old["type"]) and "STANDALONE" in (body["type"], old["type"]):
        problems.append(f"type: cannot be changed from {old['type']} {actual(body['type'])}")
    voucher = _voucher(old, body, problems)
    metadata = _metadata(old, body, problems)
    if problems:
        raise InvalidPayloadError(
            "; ".join(problems), key="invalid_campaign_params", resource_id=old["id"], resource_type="campaign"
        )
    left_out = (*_WORTH, "unset_metadata_fields")
    rest = {name: value for name, value in body.items() if name not in left_out}
    return {**rest, "voucher": voucher, "metadata": metadata}


def _voucher(old: dict[str, Any], body: Change, problems: list[str]) -> Change:
    """Return what changes in the template, in the documented form `{"gift": …}` or as `{"voucher": {"gift": …}}`."""
    template = {} if body.get("voucher") is None else body["voucher"]
    wanted = {name: body[name] for name in _WORTH if body.get(name) is not None}
    if not isinstance(template, dict):
        problems.append(f"voucher: must be an object {actual(template)}")
        return {}
    changed = {**template, **wanted, "type": old["voucher"]["type"]}
    problems += [f"{name}: {reason}" for name, reason in misplaced_worth(old, changed)]
    if changed.get("discount") is not None and changed["type"] != DISCOUNT:
        problems.append(f"discount: the vouchers of this campaign are {changed['type']}")
    for name, *_ in WORTH.values():
        if isinstance(changed.get(name), dict):
            changed[name] = (old["voucher"].get(name) or {}) | changed[name]
    return changed


def _metadata(old: dict[str, Any], body: Change, problems: list[str]) -> Change:
    added = {} if body.get("metadata") is None else body["metadata"]
    unset = body.get("unset_metadata_fields") or []
    if not isinstance(added, dict):
        problems.append(f"metadata: must be an object {actual(added)}")
        return {}
    if not isinstance(unset, list) or not all(isinstance(name, str) for name in unset):
        problems.append(f"unset_metadata_fields: must be an array of strings {actual(unset)}")
        return {}
    return {name: value for name, value in (old["metadata"] | added).items() if name not in unset}
