"""The bulk doors to vouchers: what an import of them does with one portion's rows, and the creation of a single one."""

from collections.abc import Awaitable, Callable
from typing import Any

from tallykeep.db.pool import Connection
from tallykeep.errors import DuplicateFoundError, InvalidVoucherError
from tallykeep.model import Failure, Row, Source
from tallykeep.resources.metadata_schemas import checker_for
from tallykeep.resources.vouchers.fields import CsvVouchers, JsonVouchers, VoucherDraft, shown_key
from tallykeep.resources.vouchers.write import (
    already_exists,
    existing_types,
    insert_staged,
    merge,
    stage,
    type_failures,
    upsert_staged,
)

_Write = Callable[[Connection, int, list[VoucherDraft]], Awaitable[list[Failure]]]


class VoucherImport:
    """One portion of a voucher import, within its transaction: check, stage, write, in this order.

    JSON imports refuse codes that exist; CSV imports update them, as the peer documents it.
    """

    def __init__(self, connection: Connection, project_id: int, cleaner: CsvVouchers | JsonVouchers) -> None:
        self._connection = connection
        self._project_id = project_id
        self._cleaner = cleaner
        self._updates = isinstance(cleaner, CsvVouchers)
        self._write: _Write = upsert_staged if self._updates else insert_staged
        self._drafts: list[VoucherDraft] = []
        self._repeated: list[VoucherDraft] = []

    def check(self, rows: list[Row]) -> list[Failure]:
        """Clean the rows into drafts; the failures are those that no look at the database could save."""
        drafts: list[VoucherDraft] = []
        failures: list[Failure] = []
        for row in rows:
            if row.problem is not None:
                failures.append(Failure(row.number, None, row.problem))
                continue
            draft, problems, key = self._cleaner.clean(row.number, row.value)
            if draft is None:
                failures.append(Failure(row.number, key, "; ".join(problems)))
            else:
                drafts.append(draft)
        return failures + self._fold(drafts)

    async def stage(self) -> None:
        """Copy to the staging table what needs no look at the database first."""
        await stage(self._connection, self._drafts)

    async def write(self) -> list[Failure]:
        """Write what is staged, then the codes given several times with different types; returns what failed."""
        failures = await self._write(self._connection, self._project_id, self._drafts)
        if self._repeated:
            drafts, refused = await self._fold_by_type()
            await stage(self._connection, drafts)
            failures += refused + await self._write(self._connection, self._project_id, drafts)
        return failures

    def _fold(self, drafts: list[VoucherDraft]) -> list[Failure]:
        """Fold codes given more than once into one draft, with the effect of the rows in their order."""
        groups: dict[str, VoucherDraft] = {}
        mixed: dict[str, list[VoucherDraft]] = {}
        failures: list[Failure] = []
        for draft in drafts:
            first = groups.get(draft.code)
            if first is None:
                groups[draft.code] = draft
            elif not self._updates:
                failures.append(Failure(draft.row, draft.code, already_exists(draft.code)))
            elif draft.code in mixed or draft.type != first.type:
                mixed.setdefault(draft.code, [first]).append(draft)
            else:
                groups[draft.code] = merge(first, draft)
        self._drafts = [draft for code, draft in groups.items() if code not in mixed]
        self._repeated = [draft for group in mixed.values() for draft in group]
        return failures

    async def _fold_by_type(self) -> tuple[list[VoucherDraft], list[Failure]]:
        """Of rows that disagree on a code's type, the type in the database or else the first row's wins."""
        known = await existing_types(self._connection, self._project_id, {draft.code for draft in self._repeated})
        merged: dict[str, VoucherDraft] = {}
        failures: list[Failure] = []
        for draft in self._repeated:
            wanted = known.setdefault(draft.code, draft.type)
            if draft.type != wanted:
                failures.extend(type_failures(draft, wanted))
            else:
                earlier = merged.get(draft.code)
                merged[draft.code] = merge(earlier, draft) if earlier else draft
        return list(merged.values()), failures


async def import_vouchers(connection: Connection, project_id: int, source: Source) -> VoucherImport:
    """Begin one portion of an import whose rows come as `source` says."""
    metadata = await checker_for(connection, project_id, "voucher")
    cleaner = CsvVouchers(source.header, metadata) if source.format == "csv" else JsonVouchers(metadata)
    return VoucherImport(connection, project_id, cleaner)


async def create_voucher(connection: Connection, project_id: int, given: dict[str, Any]) -> None:
    """Create a single voucher; raises InvalidVoucherError with every problem, or DuplicateFoundError."""
    cleaner = JsonVouchers(await checker_for(connection, project_id, "voucher"))
    draft, problems, key = cleaner.clean(1, given)
    if draft is None:
        raise InvalidVoucherError("; ".join(problems), resource_id=key, resource_type="voucher")
    async with connection.transaction():
        await stage(connection, [draft])
        if await insert_staged(connection, project_id, [draft]):
            raise DuplicateFoundError(
                already_exists(draft.code), resource_id=shown_key(draft.code), resource_type="voucher"
            )
