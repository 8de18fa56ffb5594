"""Set-based writes of vouchers: drafts are copied to a staging table, then inserted and updated as sets."""

import re
from collections.abc import Iterable
from typing import Any

import orjson

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.errors import PortionLostError
from tallykeep.model import Failure, new_ids, now
from tallykeep.resources.vouchers.fields import Values, VoucherDraft

_sql = queries(__package__, "write.sql")

_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_JSON_OBJECTS = ("metadata", "gift", "loyalty_card")


async def stage(connection: Connection, drafts: list[VoucherDraft]) -> None:
    """Copy drafts, each code once, into the transaction's staging table."""
    await connection.execute(_sql.create_stage)
    await connection.execute(_sql.clear_stage)
    ids = new_ids("v_", len(drafts))
    async with connection.cursor().copy(_sql.copy_stage) as copy:
        await copy.write("".join(map(_line, drafts, ids)))


async def insert_staged(connection: Connection, project_id: int, drafts: list[VoucherDraft]) -> list[Failure]:
    """Insert what is staged; a code that exists already is a failure."""
    existing = await _insert(connection, project_id, drafts)
    taken = {found["row"] for found in existing}
    return [Failure(draft.row, draft.code, already_exists(draft.code)) for draft in drafts if draft.row in taken]


async def upsert_staged(connection: Connection, project_id: int, drafts: list[VoucherDraft]) -> list[Failure]:
    """Insert what is staged and update the codes that exist; only a voucher of another type is a failure."""
    existing = await _insert(connection, project_id, drafts)
    if not existing:
        return []
    await connection.execute(_sql.update_existing, {"project_id": project_id, "now": now()})
    mismatched = {found["row"]: found["type"] for found in existing if found["type"] != found["staged_type"]}
    return [
        failure
        for draft in drafts
        if draft.row in mismatched
        for failure in type_failures(draft, mismatched[draft.row])
    ]


async def _insert(connection: Connection, project_id: int, drafts: list[VoucherDraft]) -> list[dict[str, Any]]:
    """Insert the new codes, and lock and return those that exist already."""
    inserted = await connection.execute(_sql.insert_staged, {"project_id": project_id, "now": now()})
    if inserted.rowcount == len(drafts):
        return []
    existing = await (await connection.execute(_sql.lock_existing, {"project_id": project_id})).fetchall()
    if inserted.rowcount + len(existing) != len(drafts):
        raise PortionLostError("a voucher was deleted while its update was being written; the portion is tried again")
    return existing


async def existing_types(connection: Connection, project_id: int, codes: Iterable[str]) -> dict[str, str]:
    """The types of those of these codes that exist."""
    found = await connection.execute(_sql.existing_types, {"project_id": project_id, "codes": list(codes)})
    return {row["code"]: row["type"] for row in await found.fetchall()}


def already_exists(code: str) -> str:
    """The reason of a row whose code is taken."""
    return f"Voucher with code {code} already exists"


def type_failures(draft: VoucherDraft, existing_type: str) -> list[Failure]:
    """The failures of a draft that would change a voucher's type, one for each row folded into it."""
    reason = f"Voucher Type: cannot be changed from {existing_type} to {draft.type}"
    return [Failure(row, draft.code, reason) for row in draft.rows]


def merge(earlier: VoucherDraft, later: VoucherDraft) -> VoucherDraft:
    """One draft with the effect of writing `earlier` and then `later`."""
    values = {name: value for name, value in earlier.values.items() if name not in later.cleared}
    cleared = [name for name in earlier.cleared if name not in later.values]
    for name in _JSON_OBJECTS:
        if name in values and name in later.values:
            values[name] = _merged_json(values[name], later.values[name])
    fresh = {name: value for name, value in later.values.items() if name not in _JSON_OBJECTS or name not in values}
    both = list(dict.fromkeys([*cleared, *later.cleared]))
    return VoucherDraft(later.row, later.code, later.type, values | fresh, both, earlier.rows)


def _merged_json(earlier: str, later: str) -> str:
    return orjson.dumps(orjson.loads(earlier) | orjson.loads(later)).decode()


def _line(draft: VoucherDraft, new_id: str) -> str:
    """One line in COPY's text format, columns in the order of the staging table."""
    values = draft.values
    extras = values.get("extras")
    fields = (
        str(draft.row),
        draft.code,
        new_id,
        draft.type,
        _boolean(values),
        values.get("category"),
        values.get("start_date"),
        values.get("expiration_date"),
        values.get("discount"),
        values.get("gift"),
        values.get("loyalty_card"),
        orjson.dumps(extras).decode() if extras else None,
        _number(values, "redemption_quantity"),
        _number(values, "redeemed_quantity"),
        _number(values, "redeemed_amount"),
        values.get("additional_info"),
        values.get("metadata"),
        ",".join(draft.cleared) if draft.cleared else None,
    )
    if _SPECIAL.search("".join(filter(None, fields))):
        return "\t".join(["\\N" if field is None else field.translate(_ESCAPES) for field in fields]) + "\n"
    return "\t".join(["\\N" if field is None else field for field in fields]) + "\n"


def _boolean(values: Values) -> str | None:
    active = values.get("active")
    return None if active is None else "t" if active else "f"


def _number(values: Values, name: str) -> str | None:
    value = values.get(name)
    return None if value is None else str(value)
