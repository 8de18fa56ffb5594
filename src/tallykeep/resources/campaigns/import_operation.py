"""Vouchers imported into a campaign, a batch at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.campaigns.body import misplaced_worth, voucher_like
from tallykeep.resources.campaigns.csv_rows import WORTH_TITLES, read_cells
from tallykeep.resources.campaigns.store import campaign_still_there
from tallykeep.resources.categories.labels import CategoryLabels, labels_for
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import shown_key
from tallykeep.resources.vouchers.draft import VoucherDraft
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers
from tallykeep.resources.vouchers.updating.metadata_rules import metadata_rules
from tallykeep.resources.vouchers.writing.of_campaign import UPDATE_MEMBERS
from tallykeep.resources.vouchers.writing.store import already_exists, insert_new, stage


class Import(Operation):
    """One batch of an import into a campaign; a code that is in it already has `active` and `category` updated."""

    def __init__(
        self,
        connection: Connection,
        claimed: ClaimedBatch,
        campaign: dict[str, Any],
        checker: MetadataChecker,
        categories: CategoryLabels,
    ) -> None:
        self._connection = connection
        self._project_id = claimed.project_id
        self._timestamp = claimed.timestamp
        self._campaign = campaign
        self._checker = checker
        self._categories = categories
        self._source = claimed.source
        self._cleaner = JsonVouchers(
            checker, categories, campaign["id"], last_day_counts=claimed.source.last_day_counts
        )
        self._header = claimed.source.header if claimed.source.format == "csv" else None
        self._sources: dict[int, dict[str, Any]] = {}
        self._drafts: Sequence[VoucherDraft] = []
        self._created: dict[str, int] = {}

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Make vouchers of the campaign out of the rows."""
        failures: list[Failure] = []
        vouchers: list[Row] = []
        for row in rows:
            source = self._read(row)
            if isinstance(source, dict) and (misplaced := self._misplaced(source)):
                failures.append(Failure(row.number, shown_key(source.get("code")), "; ".join(misplaced)))
            elif isinstance(source, dict):
                self._sources[row.number] = source
                vouchers.append(Row(row.number, voucher_like(self._campaign, source)))
            else:
                failures.append(Failure(row.number, self._key(row), source))
        drafts, flawed = self._cleaner.clean(vouchers)
        self._drafts = list(drafts)
        return failures + flawed

    def _key(self, row: Row) -> str | None:
        if self._header is None or row.value is None:
            return None
        cells = dict(zip(map(normal_title, self._header), row.value, strict=False))
        return shown_key(cells.get("code", "").strip())

    def _read(self, row: Row) -> dict[str, Any] | str:
        """Return what the row says of its voucher, or the problem with it."""
        if row.problem is not None:
            return row.problem
        if self._header is None:
            return row.value if isinstance(row.value, dict) else "the row must be an object"
        try:
            return read_cells(
                self._header,
                row.value,
                self._checker,
                marks=self._source.decimal_marks,
                last_day_counts=self._source.last_day_counts,
            )
        except Problem as problem:
            return str(problem)

    def _misplaced(self, source: dict[str, Any]) -> list[str]:
        titles = WORTH_TITLES if self._header is not None else {}
        return [f"{titles.get(name, name)}: {reason}" for name, reason in misplaced_worth(self._campaign, source)]

    async def stage(self) -> None:
        """Do nothing: what is written depends on what exists."""

    async def write(self) -> list[Failure]:
        """Insert what is new, update what is in the campaign, refuse what belongs elsewhere.

        Which codes are new is seen by inserting them: another transaction may be about to write the same ones.
        """
        first = {draft.code: draft for draft in reversed(self._drafts)}
        owners = await self._insert_new([draft for draft in self._drafts if first[draft.code] is draft])
        failures: list[Failure] = []
        members: list[VoucherDraft] = []
        for draft in self._drafts:
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
        for draft in members:
            source = self._sources[draft.row]
            active[draft.code] = active.get(draft.code) if source.get("active") is None else source["active"]
            label = self._categories.label_in(source, [])
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
    return Import(connection, claimed, campaign, checker, await labels_for(connection, claimed.project_id))
