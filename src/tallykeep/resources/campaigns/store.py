"""Campaigns kept and shown."""

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from tallykeep.core.errors import DuplicateFoundError, NotFoundError
from tallykeep.core.ids import new_id, wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import CATEGORIES, PROJECT, SCHEMAS, campaign_gate, hold_for_request, shut_for_request
from tallykeep.db.queries import queries
from tallykeep.resources.bin.entries import put_in_bin
from tallykeep.resources.campaigns.body import VALIDITY, CampaignDraft, clean_campaign
from tallykeep.resources.campaigns.change import normal_change
from tallykeep.resources.campaigns.list_spec import CAMPAIGNS
from tallykeep.resources.categories.labels import FIELDS as CATEGORY_FIELDS
from tallykeep.resources.categories.labels import category_fields, labels_for
from tallykeep.resources.fields.code_rules import CodeRule, code_rule
from tallykeep.resources.lists.page import select_page, shown_page
from tallykeep.resources.lists.query_string import Selection
from tallykeep.resources.metadata.schemas import checker_for
from tallykeep.resources.vouchers.domain import LOYALTY, without_nulls
from tallykeep.tenants.callers import Caller

_sql = queries(__package__, "store.sql")

_VOUCHER_PARTS = ("discount", "gift", "loyalty_card")
_DEPENDS_ON = (PROJECT, SCHEMAS, CATEGORIES)
_GENERATE, _UPDATE = "CAMPAIGN.VOUCHERS_GENERATE", "CAMPAIGN.VOUCHERS_UPDATE"


async def create_campaign(connection: Connection, project_id: int, body: dict[str, Any]) -> tuple[str, CampaignDraft]:
    """Store a new campaign in the caller's transaction, without its vouchers.

    Raises InvalidPayloadError or DuplicateFoundError.
    """
    timestamp = await hold_for_request(connection, project_id, *_DEPENDS_ON)
    draft = await _cleaned(connection, project_id, body)
    parameters = {
        "project_id": project_id, "id": new_id("camp_"), "name": draft.name, "campaign_type": draft.campaign_type,
        "type": draft.type, "active": draft.active, "start_date": draft.start_date, "timestamp": timestamp,
        "expiration_date": draft.expiration_date, "voucher": Jsonb(draft.voucher), "settings": Jsonb(draft.settings),
        "metadata": Jsonb(draft.metadata), "category": draft.category,
    }  # fmt: skip
    if await (await connection.execute(_sql.add_campaign, parameters)).fetchone() is None:
        raise DuplicateFoundError(
            f"A campaign named {draft.name} exists already", resource_id=draft.name, resource_type="campaign"
        )
    return str(parameters["id"]), draft


async def _cleaned(connection: Connection, project_id: int, body: dict[str, Any]) -> CampaignDraft:
    checker = await checker_for(connection, project_id, "campaign")
    return clean_campaign(body, checker, await labels_for(connection, project_id))


async def find_campaign(connection: Connection, project_id: int, key: str) -> dict[str, Any]:
    """Find a campaign's row by id or name; raises NotFoundError."""
    campaign = await (await connection.execute(_sql.find_campaign, {"project_id": project_id, "key": key})).fetchone()
    if campaign is None:
        raise NotFoundError.of("campaign", key)
    return campaign


def rule_of(campaign: dict[str, Any], overrides: dict[str, Any] | None = None) -> CodeRule:
    """Return how the campaign's codes look, or by the rule of their own in `overrides`."""
    return code_rule((overrides or {}).get("code_config") or campaign["voucher"].get("code_config"))


async def hold_campaign(connection: Connection, project_id: int, key: str) -> dict[str, Any]:
    """Hold a campaign as it is until the transaction ends, and return its row; raises NotFoundError."""
    campaign = await find_campaign(connection, project_id, key)
    await hold_for_request(connection, project_id, *_DEPENDS_ON, campaign_gate(campaign["id"]))
    return await find_campaign(connection, project_id, campaign["id"])


async def campaign_still_there(connection: Connection, project_id: int, campaign_id: str) -> dict[str, Any]:
    """Find the row of the campaign that an action is about; raises NotFoundError where it was deleted meanwhile."""
    try:
        return await find_campaign(connection, project_id, campaign_id)
    except NotFoundError:
        raise NotFoundError(
            f"The campaign {campaign_id} was deleted before this was written; use another campaign",
            resource_id=campaign_id,
            resource_type="campaign",
        ) from None


async def campaign_parameters(connection: Connection, project_id: int, key: str) -> dict[str, Any]:
    """Return what a submission to a campaign keeps of it: its id; raises NotFoundError."""
    return {"campaign_id": (await find_campaign(connection, project_id, key))["id"]}


async def get_campaign(connection: Connection, project_id: int, key: str) -> dict[str, Any]:
    """Get a campaign in wire format, by id or name; raises NotFoundError."""
    campaign = await find_campaign(connection, project_id, key)
    (shown,) = await _shown(connection, project_id, [campaign])
    no_assignments = {"object": "list", "data_ref": "data", "data": [], "total": 0}
    return shown | {"validation_rules_assignments": no_assignments}


async def list_campaigns(
    connection: Connection, project_id: int, selection: Selection, *, limit: int, page: int
) -> dict[str, Any]:
    """List one page in wire format, with the number of all campaigns that match."""
    of_project = {"project_id": project_id}
    rows, total = await select_page(connection, CAMPAIGNS, of_project, selection, limit=limit, page=page)
    return shown_page(CAMPAIGNS, await _shown(connection, project_id, rows), total)


async def change_campaign(
    connection: Connection, project_id: int, key: str, body: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Change a campaign in the caller's transaction; returns its id and what changes for its vouchers.

    Batches that write vouchers of the campaign have ended then, and those that come wait until it is changed. Raises
    NotFoundError, InvalidPayloadError.
    """
    campaign = await find_campaign(connection, project_id, key)
    params = {"project_id": project_id, "id": campaign["id"]}
    timestamp = await _shut(connection, project_id, campaign["id"], body)
    old = await (await connection.execute(_sql.lock_campaign, params)).fetchone()
    if old is None:
        raise NotFoundError.of("campaign", key)
    wanted = normal_change(old, body)
    merged = _merged(old, wanted)
    draft = await _cleaned(connection, project_id, merged)
    category = draft.category if any(name in body for name in CATEGORY_FIELDS) else old["category"]
    parameters = {
        **params, "type": draft.type, "start_date": draft.start_date, "expiration_date": draft.expiration_date,
        "timestamp": timestamp,
        "voucher": Jsonb(draft.voucher), "settings": Jsonb(draft.settings), "metadata": Jsonb(draft.metadata),
        "category": category,
    }  # fmt: skip
    await connection.execute(_sql.set_campaign, parameters)
    return old["id"], _change_for_vouchers(wanted, draft)


async def _shut(connection: Connection, project_id: int, campaign_id: str, body: dict[str, Any]) -> datetime:
    """Shut the campaign's gate; where its vouchers may come under another schema, that of the schemas too."""
    shut = {campaign_gate(campaign_id), *((SCHEMAS,) if "use_voucher_metadata_schema" in body else ())}
    held = tuple(parent for parent in _DEPENDS_ON if parent not in shut)
    return await shut_for_request(connection, project_id, *sorted(shut), held=held)


def _merged(old: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    dates = {name: wire_time(old[name]) for name in ("start_date", "expiration_date")}
    before = {"name": old["name"], "type": old["type"], "active": old["active"], **dates, **old["settings"]}
    return {**before, **change, "voucher": {**old["voucher"], **change["voucher"]}}


def _change_for_vouchers(wanted: dict[str, Any], draft: CampaignDraft) -> dict[str, Any]:
    change: dict[str, Any] = {
        name: getattr(draft, name) for name in ("start_date", "expiration_date") if name in wanted
    }
    if extras := {name: draft.settings.get(name) for name in VALIDITY if name in wanted}:
        change["extras"] = extras
    template = wanted["voucher"]
    change |= {name: draft.voucher[name] for name in _VOUCHER_PARTS if template.get(name)}
    if "quantity" in (template.get("redemption") or {}):
        change["redemption_quantity"] = template["redemption"]["quantity"]
    return change


async def switch_campaign(connection: Connection, project_id: int, key: str, *, active: bool) -> tuple[str, bool]:
    """Enable or disable a campaign; returns its id, and whether it was so before. Raises NotFoundError."""
    campaign = await find_campaign(connection, project_id, key)
    params = {"project_id": project_id, "id": campaign["id"], "active": active}
    switched = await (await connection.execute(_sql.switch_campaign, params)).fetchone()
    if switched is None:
        raise NotFoundError.of("campaign", key)
    return str(campaign["id"]), switched["was_active"] == active


async def take_out_campaign(connection: Connection, caller: Caller, key: str, *, force: bool) -> tuple[str, str]:
    """Delete a campaign in the caller's transaction, its vouchers not yet; returns its id and name.

    Raises NotFoundError. Batches that write vouchers of it have ended then, and those that come find it gone.
    """
    campaign = await find_campaign(connection, caller.project_id, key)
    await shut_for_request(connection, caller.project_id, campaign_gate(campaign["id"]), held=(PROJECT,))
    params = {"project_id": caller.project_id, "id": campaign["id"]}
    gone = await (await connection.execute(_sql.delete_campaign, params)).fetchone()
    if gone is None:
        raise NotFoundError.of("campaign", key)
    if not force:
        await put_in_bin(connection, caller, "campaign", gone, name=gone["name"])
    return str(gone["id"]), str(gone["name"])


async def _shown(connection: Connection, project_id: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    of_these = {"project_id": project_id, "ids": [row["id"] for row in rows]}
    # Counted afterwards: a campaign that is shown as ready has all of its vouchers.
    running = await (await connection.execute(_sql.running_actions, of_these)).fetchall()
    busy = {(row["campaign_id"], row["type"]) for row in running}
    counted = await (await connection.execute(_sql.count_vouchers, of_these)).fetchall()
    counts = {row["campaign_id"]: row["vouchers"] for row in counted}
    categories = await category_fields(connection, project_id, rows)
    return [
        _wire(row, counts.get(row["id"], 0), busy) | category for row, category in zip(rows, categories, strict=True)
    ]


def _join_once(row: dict[str, Any]) -> dict[str, bool]:
    """Show the fields that the campaign's type determines, whatever the body said."""
    if row["type"] == "STANDALONE":
        return {"join_once": False}
    return {"join_once": True} if row["voucher"]["type"] == LOYALTY else {}


def _template(voucher: dict[str, Any]) -> dict[str, Any]:
    """Show what all vouchers of a campaign are like, as it was set."""
    parts = {name: without_nulls(voucher[name]) for name in _VOUCHER_PARTS if voucher.get(name) is not None}
    return {**{name: value for name, value in voucher.items() if name not in _VOUCHER_PARTS}, **parts}


def _wire(row: dict[str, Any], vouchers: int, busy: set[tuple[str, str]]) -> dict[str, Any]:
    generating, modifying = (row["id"], _GENERATE) in busy, (row["id"], _UPDATE) in busy
    status = "IN_PROGRESS" if generating else "MODIFYING" if modifying else "DONE"
    return {
        "id": row["id"],
        "name": row["name"],
        "campaign_type": row["campaign_type"],
        "type": row["type"],
        "voucher": {"is_referral_code": False, **_template(row["voucher"]), "code_config": rule_of(row).shown()},
        "auto_join": False,
        "join_once": False,
        "use_voucher_metadata_schema": True,
        **{name: wire_time(row[name]) for name in ("start_date", "expiration_date") if row[name] is not None},
        **row["settings"],
        **_join_once(row),
        "vouchers_count": vouchers,
        "active": row["active"],
        "metadata": row["metadata"],
        "created_at": wire_time(row["created_at"]),
        "updated_at": wire_time(row["updated_at"]),
        "creation_status": status,
        "vouchers_generation_status": status,
        "protected": False,
        "object": "campaign",
    }
