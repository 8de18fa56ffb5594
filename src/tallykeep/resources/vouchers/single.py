"""A single voucher created, updated, switched on and off, deleted."""

from functools import partial
from typing import Any

from tallykeep.core.errors import DuplicateFoundError, InvalidVoucherError, NotFoundError
from tallykeep.core.ids import wire_time
from tallykeep.core.rows import Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import CATEGORIES, PROJECT, SCHEMAS, hold_for_request
from tallykeep.db.queries import queries
from tallykeep.db.retry import in_transaction
from tallykeep.resources.bin.entries import put_in_bin
from tallykeep.resources.categories.labels import FIELDS as CATEGORY_FIELDS
from tallykeep.resources.categories.labels import labels_for
from tallykeep.resources.fields.code_rules import CodeRule, code_rule
from tallykeep.resources.vouchers.domain import EXTRA_FIELDS, without_balance
from tallykeep.resources.vouchers.draft import VoucherDraft
from tallykeep.resources.vouchers.fields import DRAFTED
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers
from tallykeep.resources.vouchers.updating.metadata_rules import metadata_rules
from tallykeep.resources.vouchers.writing.generated_codes import Generated
from tallykeep.resources.vouchers.writing.store import insert_staged, stage, upsert_staged
from tallykeep.tenants.callers import Caller

_sql = queries(__package__, "single.sql")

_DEPENDS_ON = (PROJECT, SCHEMAS, CATEGORIES)
_DATES = {"start_date", "expiration_date"}
_ADDED_TO = tuple(field.name for field in DRAFTED if field.grows and field.in_json)


async def create_voucher(
    connection: Connection, project_id: int, body: dict[str, Any], *, campaign_id: str | None = None
) -> str:
    """Create a voucher and return its code, made by its `code_config` where it has none.

    Raises InvalidVoucherError with every problem, DuplicateFoundError also where all such codes are taken,
    InvalidPayloadError for the code_config.
    """
    if body.get("code"):
        return await in_transaction(connection, partial(_create, connection, project_id, body, campaign_id))
    rule = code_rule(body.get("code_config"))
    return await in_transaction(connection, partial(_generate, connection, project_id, body, campaign_id, rule))


async def _create(connection: Connection, project_id: int, body: dict[str, Any], campaign_id: str | None) -> str:
    timestamp = await hold_for_request(connection, project_id, *_DEPENDS_ON)
    draft = await _cleaned(connection, project_id, body, campaign_id)
    await stage(connection, [draft])
    for failure in (await insert_staged(connection, project_id, [draft], timestamp)).failures:
        raise DuplicateFoundError(failure.reason, resource_id=failure.key, resource_type="voucher")
    return draft.code


async def _generate(
    connection: Connection, project_id: int, body: dict[str, Any], campaign_id: str | None, rule: CodeRule
) -> str:
    timestamp = await hold_for_request(connection, project_id, *_DEPENDS_ON)
    sample = await _cleaned(connection, project_id, {**body, "code": rule.make()}, campaign_id)
    generated = Generated(connection, project_id, rule, sample, wanted=1, timestamp=timestamp)
    await generated.write()
    if generated.missing:
        raise DuplicateFoundError(generated.reason(), resource_type="voucher")
    return generated.codes[0]


async def hold_voucher(connection: Connection, project_id: int, code: str) -> None:
    """Keep others from changing the voucher, and what it depends on, until the transaction ends."""
    await hold_for_request(connection, project_id, *_DEPENDS_ON)
    await connection.execute(_sql.lock_voucher, {"project_id": project_id, "code": code})


async def update_voucher(connection: Connection, project_id: int, code: str, body: dict[str, Any]) -> str:
    """Update a voucher: fields left out stay, null clears, metadata is added to; returns its code.

    A type in the body is ignored: the official SDKs send one that nobody set.

    Raises NotFoundError, or InvalidVoucherError with every problem.
    """
    return await in_transaction(connection, partial(_update, connection, project_id, code, body))


async def _update(connection: Connection, project_id: int, code: str, body: dict[str, Any]) -> str:
    timestamp = await hold_for_request(connection, project_id, *_DEPENDS_ON)
    old = await (await connection.execute(_sql.lock_voucher, {"project_id": project_id, "code": code})).fetchone()
    if old is None:
        raise NotFoundError.of("voucher", code)
    draft = await _cleaned(connection, project_id, _with_changes(old, body), of_campaign=old["campaign_id"])
    draft.cleared = tuple(_cleared(body))
    await stage(connection, [draft])
    await upsert_staged(connection, project_id, [draft], timestamp)
    return str(old["code"])


def _with_changes(old: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return a complete voucher as JSON: what is there, changed as requested."""
    current = {"code": old["code"], "type": old["type"], "discount": old["discount"]}
    changed = {name: value for name, value in body.items() if value is not None and name not in ("code", "type")}
    added = {name: _added(old[name], changed.get(name)) for name in _ADDED_TO}
    dates = {name: wire_time(old[name]) for name in _DATES if name not in body} if body.keys() & _DATES else {}
    extras = {name: value for name, value in (old["extras"] or {}).items() if name in dict(EXTRA_FIELDS)}
    return current | dates | extras | changed | added


def _added(old: Any, value: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(value, dict):
        return value if value is not None else old
    return old | without_balance(value)  # it is a voucher that was read and sent back


def _cleared(body: dict[str, Any]) -> list[str]:
    """List the columns that nulls reset: those of fields that have no default, which a null leaves alone."""
    clearable = [field for field in DRAFTED if field.is_standalone and field.default is None]
    names = [field.column_name for field in clearable if field.is_null(body)]
    if any(name in body for name in CATEGORY_FIELDS) and all(body.get(name) is None for name in CATEGORY_FIELDS):
        names.append("category")
    return names


async def switch_voucher(connection: Connection, project_id: int, code: str, *, active: bool) -> tuple[str, bool]:
    """Enable or disable a voucher; returns its code, and whether it was so before. Raises NotFoundError."""
    params = {"project_id": project_id, "code": code, "active": active}
    switched = await (await connection.execute(_sql.switch_voucher, params)).fetchone()
    if switched is None:
        raise NotFoundError.of("voucher", code)
    return str(switched["code"]), switched["was_active"] == active


async def delete_voucher(connection: Connection, caller: Caller, code: str, *, force: bool) -> None:
    """Delete a voucher, for good with `force`, else into the bin; raises NotFoundError."""
    async with connection.transaction():
        params = {"project_id": caller.project_id, "code": code}
        gone = await (await connection.execute(_sql.delete_voucher, params)).fetchone()
        if gone is None:
            raise NotFoundError.of("voucher", code)
        if not force:
            await put_in_bin(connection, caller, "voucher", gone, name=gone["code"])


async def _cleaned(
    connection: Connection,
    project_id: int,
    body: dict[str, Any],
    campaign_id: str | None = None,
    *,
    of_campaign: str | None = None,
) -> VoucherDraft:
    """Clean the voucher, to become one of `campaign_id`, or already `of_campaign`; raises InvalidVoucherError."""
    checker = (await metadata_rules(connection, project_id)).checker(of_campaign or campaign_id)
    cleaner = JsonVouchers(checker, await labels_for(connection, project_id), campaign_id)
    drafts, failures = cleaner.clean([Row(1, body)])
    for failure in failures:
        raise InvalidVoucherError(failure.reason, resource_id=failure.key, resource_type="voucher")
    return drafts[0]
