"""The fields of a campaign, cleaned from JSON (public API documentation, schemas CampaignsCreate… and CampaignBase)."""

from dataclasses import dataclass, field
from typing import Any

from tallykeep.core.compatibility import Compatibility
from tallykeep.core.errors import InvalidPayloadError
from tallykeep.core.rows import Row
from tallykeep.resources.categories.labels import FIELDS as CATEGORY_FIELDS
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner, Problem, actual
from tallykeep.resources.fields.code_rules import CodeRule, code_rule
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers import validity
from tallykeep.resources.vouchers.domain import DISCOUNT, GIFT, LOYALTY, WORTH, without_balance
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers

CAMPAIGN_TYPES = {DISCOUNT: "DISCOUNT_COUPONS", GIFT: "GIFT_VOUCHERS", LOYALTY: "LOYALTY_PROGRAM"}

# Kept and shown as they came; without an effect of their own so far.
_KEPT: dict[str, Cleaner] = {
    "description": cleaning.text,
    "auto_join": cleaning.json_boolean,
    "join_once": cleaning.json_boolean,
    "use_voucher_metadata_schema": cleaning.json_boolean,
    "activity_duration_after_publishing": cleaning.text,
    "validity_timeframe": validity.timeframe,
    "validity_hours": validity.hours,
    "validity_day_of_week": cleaning.days_of_week,
    "validation_rules": validity.rules,
}
_REFUSED = ("promotion", "referral_program", "loyalty_tiers_expiration", "access_settings", "options")
VALIDITY = ("validity_timeframe", "validity_day_of_week", "validity_hours")  # which its vouchers take over

CAMPAIGN_BODY = Compatibility(
    refused=_REFUSED,
    kept=tuple(name for name in _KEPT if name != "use_voucher_metadata_schema"),
    differs=(f"only campaigns of the types {', '.join(CAMPAIGN_TYPES.values())}",),
)


@dataclass(slots=True)
class CampaignDraft:
    """A campaign to be stored; `category` is a label."""

    name: str | None
    campaign_type: str
    type: str
    active: bool
    start_date: str | None
    expiration_date: str | None
    category: str | None
    voucher: dict[str, Any]
    settings: dict[str, Any]
    metadata: dict[str, Any]
    vouchers_count: int
    rule: CodeRule
    problems: list[str] = field(default_factory=list)


def clean_campaign(body: dict[str, Any], checker: MetadataChecker, categories: CategoryLabels) -> CampaignDraft:
    """Clean a whole campaign; raises InvalidPayloadError (invalid_campaign_params) with every problem."""
    problems = [f"{name}: not supported by this version; leave it out" for name in _REFUSED if body.get(name)]
    name = _read(body, "name", cleaning.name_text, problems)
    if not name and not any(problem.startswith("name:") for problem in problems):
        problems.append("name is required")
    voucher = body.get("voucher")
    voucher = voucher if isinstance(voucher, dict) else {}
    problems += _template_problems(voucher, categories)
    voucher_type = voucher.get("type") or (GIFT if voucher.get("gift") else DISCOUNT)
    metadata = _read(body, "metadata", cleaning.json_object, problems) or {}
    problems += checker.problems(metadata)
    settings = {name: _read(body, name, clean, problems) for name, clean in _KEPT.items() if body.get(name) is not None}
    draft = CampaignDraft(
        name=name,
        campaign_type=CAMPAIGN_TYPES.get(voucher_type, "") if isinstance(voucher_type, str) else "",
        type=_read(body, "type", cleaning.one_of("AUTO_UPDATE", "STATIC", "STANDALONE"), problems) or "STATIC",
        active=_or(_read(body, "active", cleaning.json_boolean, problems), default=True),
        start_date=_read(body, "start_date", cleaning.timestamp, problems),
        expiration_date=_read(body, "expiration_date", cleaning.timestamp, problems),
        category=categories.label_in(body, problems),
        voucher={**voucher, **_without_balances(voucher), "type": voucher_type},
        settings=settings,
        metadata=metadata,
        vouchers_count=_read(body, "vouchers_count", cleaning.integer, problems) or 0,
        rule=code_rule(voucher.get("code_config")),
    )
    if draft.start_date and draft.expiration_date:
        problem = cleaning.order_problem(draft.start_date, draft.expiration_date)
        problems += [f"expiration_date: {problem}"] if problem else []
    wanted = body.get("campaign_type")
    if wanted is not None and wanted != draft.campaign_type:
        problems.append(f"campaign_type: must be {draft.campaign_type} for vouchers of this type {actual(wanted)}")
    if problems:
        raise InvalidPayloadError(
            "; ".join(problems), key="invalid_campaign_params", resource_id=draft.name, resource_type="campaign"
        )
    return draft


def _without_balances(voucher: dict[str, Any]) -> dict[str, Any]:
    return {name: without_balance(voucher[name]) for name, *_ in WORTH.values() if isinstance(voucher.get(name), dict)}


def _or(value: Any, *, default: Any) -> Any:
    return default if value is None else value


def _read(body: dict[str, Any], name: str, clean: Cleaner, problems: list[str]) -> Any:
    if body.get(name) is None:
        return None
    try:
        return clean(body[name])
    except Problem as problem:
        problems.append(f"{name}: {problem}")
        return None


def _template_problems(voucher: dict[str, Any], categories: CategoryLabels) -> list[str]:
    """List what is wrong with the voucher that all of the campaign's are made after."""
    if not voucher:
        return ["voucher is required"]
    try:
        cleaning.check_storable(voucher)
    except Problem as problem:
        return [f"voucher: {problem}"]
    _, failures = JsonVouchers(MetadataChecker(None), categories).clean([Row(1, {**voucher, "code": "TEMPLATE"})])
    return [f"voucher: {failure.reason}" for failure in failures]


def voucher_like(campaign: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Make a voucher of this campaign as JSON: after its template, with the overrides of this one."""
    dates = {name: campaign[name].isoformat(timespec="milliseconds").replace("+00:00", "Z")
             for name in ("start_date", "expiration_date") if campaign[name] is not None}  # fmt: skip
    kept = {name: campaign["settings"][name] for name in VALIDITY if name in campaign["settings"]}
    own = {name: value for name, value in overrides.items() if value is not None and name not in ("type", "discount")}
    left_out = {"code_config", *(CATEGORY_FIELDS if any(name in own for name in CATEGORY_FIELDS) else ())}
    template = {name: value for name, value in campaign["voucher"].items() if name not in left_out}
    worth = {name: template[name] | own[name] for name, *_ in WORTH.values()
             if isinstance(template.get(name), dict) and isinstance(own.get(name), dict)}  # fmt: skip
    return {**template, **dates, **kept, "active": campaign["active"], **own, **worth}


def misplaced_worth(campaign: dict[str, Any], overrides: dict[str, Any]) -> list[tuple[str, str]]:
    """List names in `overrides`, such as `gift`, that this campaign's vouchers cannot have, each with the reason."""
    voucher_type = campaign["voucher"]["type"]
    reason = f"the vouchers of this campaign are {voucher_type}"
    return [
        (name, reason)
        for other, (name, *_) in WORTH.items()
        if other != voucher_type and overrides.get(name) is not None
    ]


MAX_GENERATED = 100_000_000  # planning more would keep one request busy for minutes


def wanted_codes(body: dict[str, Any]) -> int:
    """Return how many codes a new campaign's body asks for; 0 where that is refused with the rest of it."""
    count = _read(body, "vouchers_count", cleaning.integer, []) or 0
    return count if 0 < count <= MAX_GENERATED else 0


def require_enough_codes(rule: CodeRule, count: int) -> None:
    """Raise InvalidPayloadError (invalid_code_config) where the rule, or one action, allows fewer codes than wanted."""
    if count > MAX_GENERATED:
        raise InvalidPayloadError(
            f"vouchers_count: {count} are too many for one action; at most {MAX_GENERATED} are generated at a time",
            key="invalid_code_config",
        )
    if rule.possible < count:
        raise InvalidPayloadError(
            f"code_config allows only {rule.possible} different codes, but {count} are wanted",
            key="invalid_code_config",
        )
