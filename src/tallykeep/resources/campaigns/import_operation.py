"""Vouchers imported into a campaign, a batch at a time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.errors import DeadlockDetected

from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.campaigns.import_rows import CampaignVouchers
from tallykeep.resources.campaigns.store import campaign_still_there
from tallykeep.resources.categories.labels import labels_for
from tallykeep.resources.fields.memo import RecentKeys
from tallykeep.resources.vouchers.draft import DraftTable, VoucherDraft, rows_of
from tallykeep.resources.vouchers.updating.metadata_rules import metadata_rules
from tallykeep.resources.vouchers.writing.of_campaign import UPDATE_MEMBERS
from tallykeep.resources.vouchers.writing.store import already_exists, copy_new, insert_new, ready_pieces, stage

_NONE = DraftTable([], [], [])
# Actions that met a code which exists, or others in a circle. A guess that speeds things up, local to this process.
_meets_existing = RecentKeys(1_000)


class Import(Operation):
    """One batch of an import into a campaign; a code that is in it already has `active` and `category` updated."""

    def __init__(
        self, connection: Connection, claimed: ClaimedBatch, campaign: dict[str, Any], cleaner: CampaignVouchers
    ) -> None:
        self._connection = connection
        self._project_id = claimed.project_id
        self._action_id = claimed.action_id
        self._timestamp = claimed.timestamp
        self._campaign = campaign
        self._cleaner = cleaner
        self._rows: Sequence[Row] = []
        self._drafts = _NONE
        self._created: dict[str, int] = {}

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Make vouchers of the campaign out of the rows."""
        self._rows = rows
        self._drafts, failures = self._cleaner.clean(rows)
        return failures

    async def stage(self) -> None:
        """Copy codes that one row has straight into the table, where all are new; whatever is left waits for its turn.

        A code that an earlier batch is about to write makes either of the two wait for the other, in a circle that
        PostgreSQL breaks; then nothing is copied beside earlier batches any more.
        """
        single, again = self._parted()
        if not single or self._action_id in _meets_existing:
            return
        try:
            is_copied = await copy_new(self._connection, ready_pieces(self._project_id, single, self._timestamp))
        except DeadlockDetected:
            _meets_existing.add(self._action_id)
            raise
        if not is_copied:
            _meets_existing.add(self._action_id)
            return
        self._created.update(zip(single.codes, rows_of(single), strict=True))
        self._drafts = again

    def _parted(self) -> tuple[DraftTable, DraftTable]:
        """Return the drafts of codes that one row has, and those of codes that several have."""
        counts = Counter(self._drafts.codes)
        if len(counts) == len(self._drafts):
            return self._drafts, _NONE
        single = [at for at, code in enumerate(self._drafts.codes) if counts[code] == 1]
        again = [at for at, code in enumerate(self._drafts.codes) if counts[code] > 1]
        return self._drafts.at(single), self._drafts.at(again)

    async def write(self) -> list[Failure]:
        """Insert what is new, update what is in the campaign, refuse what belongs elsewhere.

        Which codes are new is seen by inserting them: another transaction may be about to write the same ones.
        """
        try:
            return await self._write(list(self._drafts))
        except DeadlockDetected:
            _meets_existing.add(self._action_id)
            raise

    async def _write(self, drafts: list[VoucherDraft]) -> list[Failure]:
        first = {draft.code: draft for draft in reversed(drafts)}
        owners = await self._insert_new([draft for draft in drafts if first[draft.code] is draft])
        failures: list[Failure] = []
        members: list[VoucherDraft] = []
        for draft in drafts:
            if owners.get(draft.code, self._campaign["id"]) != self._campaign["id"]:
                failures.append(Failure(draft.row, draft.code, already_exists(draft.code)))
            elif draft.code in owners or first[draft.code] is not draft:
                members.append(draft)
            else:
                self._created[draft.code] = draft.row
        await self._update_members(members)
        return failures

    async def _insert_new(self, drafts: Sequence[VoucherDraft]) -> dict[str, str | None]:
        """Insert the codes that are new, lock the others, and return those with the campaigns that they belong to."""
        if not drafts:
            return {}
        await stage(self._connection, drafts)
        existing = await insert_new(self._connection, self._project_id, drafts, self._timestamp)
        codes = {draft.row: draft.code for draft in drafts}
        return {codes[row["row"]]: row["campaign_id"] for row in existing}

    async def _update_members(self, members: list[VoucherDraft]) -> None:
        """Bring what the rows give to the vouchers, in row order; what they do not give stays."""
        active: dict[str, bool | None] = {}
        category: dict[str, str | None] = {}
        rows = {row.number: row for row in self._rows} if members else {}
        for draft in members:
            is_active, label = self._cleaner.overrides_of(rows[draft.row])
            active[draft.code] = active.get(draft.code) if is_active is None else is_active
            category[draft.code] = category.get(draft.code) if label is None else label
        if active:
            params = {"project_id": self._project_id, "campaign_id": self._campaign["id"], "timestamp": self._timestamp}
            changes = {"codes": list(active), "active": list(active.values()), "category": list(category.values())}
            await self._connection.execute(UPDATE_MEMBERS, {**params, **changes})

    def created(self) -> Mapping[str, int]:
        """Return the codes that were new."""
        return self._created


async def begin_import(connection: Connection, claimed: ClaimedBatch) -> Import:
    """Begin one batch of an import into a campaign; one whose campaign was deleted meanwhile fails row by row."""
    campaign = await campaign_still_there(connection, claimed.project_id, claimed.source.parameters["campaign_id"])
    checker = (await metadata_rules(connection, claimed.project_id)).checker(campaign["id"])
    labels = await labels_for(connection, claimed.project_id)
    return Import(connection, claimed, campaign, CampaignVouchers(claimed.source, campaign, checker, labels))
