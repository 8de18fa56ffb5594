"""Set-based writes of vouchers: straight into the table, or through a staging table where codes exist already."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.errors import UniqueViolation

from tallykeep.core.concurrency.right_of_way import give_way
from tallykeep.core.errors import OvertakenError
from tallykeep.core.ids import new_ids
from tallykeep.core.rows import Failure
from tallykeep.db.connections.pool import Connection
from tallykeep.db.copy_format import NULL, copy_pieces, copy_text
from tallykeep.db.queries import queries
from tallykeep.resources.vouchers.draft import DEFAULT, Dates, DraftTable, VoucherDraft, codes_of, last_rows_of
from tallykeep.resources.vouchers.writing.statements import (
    COPY_NEW,
    COPY_STAGE,
    CREATE_STAGE,
    INSERT_STAGED,
    UPDATE_EXISTING,
)

_sql = queries(__package__, "store.sql")


def ready_pieces(project_id: int, drafts: Sequence[VoucherDraft], timestamp: datetime) -> list[bytes]:
    """Write drafts as new vouchers in COPY's text format."""
    # In key order, so that two batches that share keys wait for each other and never in a circle.
    return copy_pieces(sorted(_lines(drafts)), head=f"{project_id}\t{timestamp.isoformat()}\t")


async def copy_new(connection: Connection, pieces: Iterable[bytes]) -> bool:
    """Copy what is ready straight into the table, the fastest way; False, and nothing written, if a code exists."""
    try:
        async with connection.transaction(), connection.cursor().copy(COPY_NEW) as copy:
            for piece in pieces:
                await give_way()
                await copy.write(piece)
    except UniqueViolation:
        return False
    return True


async def existing_codes(connection: Connection, codes: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return those of these codes that vouchers have, all of them with their project."""
    project_ids, texts = zip(*codes, strict=True)
    params = {"project_ids": list(project_ids), "codes": list(texts)}
    rows = await (await connection.execute(_sql.existing_codes, params)).fetchall()
    return {(row["project_id"], row["code"]) for row in rows}


async def stage(connection: Connection, drafts: Sequence[VoucherDraft]) -> None:
    """Copy drafts, each code once, into the transaction's staging table."""
    await connection.execute(CREATE_STAGE)
    await connection.execute(_sql.clear_stage)
    # The staging table has no defaults: there, what is absent is NULL. Values never begin with a bare backslash.
    lines = [line.replace(f"\t{DEFAULT}", f"\t{NULL}") for line in _lines(drafts)]
    lines = [f"{line}\t{end}" for line, end in zip(lines, _ends(drafts), strict=True)]
    async with connection.cursor().copy(COPY_STAGE) as copy:
        for piece in copy_pieces(lines):
            await give_way()
            await copy.write(piece)


def _lines(drafts: Sequence[VoucherDraft]) -> list[str]:
    """Write code, new id, type and fields of each draft; ids grow in row order."""
    join = "\t".join
    if isinstance(drafts, DraftTable):
        ids = new_ids("v_", len(drafts))
        return list(map(join, zip(drafts.copied_codes(), ids, drafts.row_texts, strict=True)))
    return [
        f"{copy_text(draft.code)}\t{new_id}\t{draft.type}\t{join(draft.fields)}"
        for draft, new_id in zip(drafts, new_ids("v_", len(drafts)), strict=True)
    ]


def _ends(drafts: Sequence[VoucherDraft]) -> list[str]:
    """Write the row of each draft, and the names of the columns that it clears."""
    if isinstance(drafts, DraftTable):
        ends = [f"{number}\t" for number in drafts.numbers]
        for at, apart in drafts.apart.items():
            ends[at] += ",".join(apart.cleared)
        return ends
    return [f"{draft.row}\t{','.join(draft.cleared)}" for draft in drafts]


class Written(NamedTuple):
    """The failures, and the rows of all drafts whose codes existed; the others are new vouchers."""

    failures: list[Failure]
    existing: set[int]


async def insert_staged(
    connection: Connection, project_id: int, drafts: Sequence[VoucherDraft], timestamp: datetime
) -> Written:
    """Insert what is staged; a code that exists already is a failure."""
    taken = {row["row"] for row in await insert_new(connection, project_id, drafts, timestamp)}
    pairs = zip(last_rows_of(drafts), codes_of(drafts), strict=True)
    failures = [Failure(row, code, already_exists(code)) for row, code in pairs if row in taken]
    return Written(failures, taken)


async def insert_free(
    connection: Connection, project_id: int, drafts: Sequence[VoucherDraft], timestamp: datetime
) -> list[str]:
    """Insert the drafts whose codes are free, and return these codes.

    Waits for any transaction that has written one of the codes but not committed; existing codes are left alone.
    """
    if not drafts:
        return []
    await stage(connection, drafts)
    params = {"project_id": project_id, "timestamp": timestamp}
    if (await connection.execute(INSERT_STAGED, params)).rowcount == len(drafts):
        return codes_of(drafts)
    inserted = await (await connection.execute(_sql.inserted_codes, params)).fetchall()
    return [row["code"] for row in inserted]


async def upsert_staged(
    connection: Connection, project_id: int, drafts: Sequence[VoucherDraft], timestamp: datetime
) -> Written:
    """Insert what is staged and update the codes that exist; a change of type, or an end before the start, fails."""
    existing = await insert_new(connection, project_id, drafts, timestamp)
    if not existing:
        return Written([], set())
    refused = [row for row in existing if row["type"] != row["staged_type"] or row["ends_before_start"]]
    if refused:
        await connection.execute(_sql.drop_staged, {"rows": [row["row"] for row in refused]})
    await connection.execute(UPDATE_EXISTING, {"project_id": project_id, "timestamp": timestamp})
    flaws = {row["row"]: row for row in refused}
    at_fault = [drafts[at] for at, row in enumerate(last_rows_of(drafts)) if row in flaws]
    failures = [failure for draft in at_fault for failure in _refused(draft, flaws[draft.row])]
    return Written(failures, {row["row"] for row in existing})


def _refused(draft: VoucherDraft, existing: dict[str, Any]) -> list[Failure]:
    if existing["type"] != draft.type:
        return type_failures(draft, existing["type"])
    return date_failures(draft)


async def insert_new(
    connection: Connection, project_id: int, drafts: Sequence[VoucherDraft], timestamp: datetime
) -> list[dict[str, Any]]:
    """Insert what is staged of new codes, and lock and return those that exist already.

    Raises OvertakenError where one was deleted meanwhile.
    """
    inserted = await connection.execute(INSERT_STAGED, {"project_id": project_id, "timestamp": timestamp})
    if inserted.rowcount == len(drafts):
        return []
    existing = await (await connection.execute(_sql.lock_existing, {"project_id": project_id})).fetchall()
    if inserted.rowcount + len(existing) != len(drafts):
        raise OvertakenError("a voucher was deleted while its update was being written; the batch is tried again")
    return existing


async def lock_existing(connection: Connection, project_id: int, codes: Iterable[str]) -> dict[str, tuple[str, Dates]]:
    """Lock those of these codes that exist, and return their types and dates."""
    locked = await connection.execute(_sql.lock_by_code, {"project_id": project_id, "codes": list(codes)})
    return {row["code"]: (row["type"], (row["start_date"], row["expiration_date"])) for row in await locked.fetchall()}


def already_exists(code: str) -> str:
    """Return the reason of a row whose code is taken."""
    return f"Voucher with code {code} already exists"


def type_failures(draft: VoucherDraft, existing_type: str) -> list[Failure]:
    """Return the failures of a draft that would change a voucher's type, one for each row folded into it."""
    reason = f"Voucher Type: cannot be changed from {existing_type} to {draft.type}"
    return [Failure(row, draft.code, reason) for row in draft.rows]


def date_failures(draft: VoucherDraft) -> list[Failure]:
    """Return the failures of a draft whose dates do not fit what the code has, one for each row folded into it."""
    reason = "Expiration Date: would lie before the Start Date that the voucher has"
    return [Failure(row, draft.code, reason) for row in draft.rows]
