"""What campaigns do to their vouchers, a portion at a time: generate, import, update, delete."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.errors import InvalidVoucherError
from tallykeep.model import ClaimedPortion, Failure, Row, normal_title
from tallykeep.resources.campaigns.declaration import misplaced_worth, voucher_like
from tallykeep.resources.campaigns.from_csv import WORTH_TITLES, read_cells
from tallykeep.resources.campaigns.generation import Generate
from tallykeep.resources.campaigns.store import campaign_still_there, hold_campaign
from tallykeep.resources.categories.labels import CategoryLabels, labels_for
from tallykeep.resources.cleaning import Problem
from tallykeep.resources.metadata import MetadataChecker
from tallykeep.resources.metadata_purge import Purge
from tallykeep.resources.vouchers.draft import VoucherDraft
from tallykeep.resources.vouchers.from_json import JsonVouchers
from tallykeep.resources.vouchers.kinds import shown_key
from tallykeep.resources.vouchers.metadata_rules import metadata_rules
from tallykeep.resources.vouchers.single import create_voucher
from tallykeep.resources.vouchers.write import already_exists, insert_staged, stage

_sql = queries(__package__, "store.sql")

CAMPAIGN_PURGE = Purge(plan=_sql.plan_purge, apply=_sql.apply_purge)

Options = dict[str, Any]


class _RangePortion:
    """A portion that means a range of the campaign's vouchers; nothing in it can fail by itself."""

    def __init__(self, connection: Connection, claimed: ClaimedPortion) -> None:
        self._connection = connection
        self._project_id = claimed.project_id
        self._moment = claimed.moment
        self._options = claimed.source.options
        self._value: dict[str, Any] = {}

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Take what the portion means."""
        (row,) = rows
        self._value = row.value
        return []

    async def write(self) -> list[Failure]:
        """Nothing left to do; portions have nothing to do with each other, so all of it was done beside the others."""
        return []

    def created(self) -> Mapping[str, int]:
        """What exists is changed, not created."""
        return {}

    def report(self) -> str:
        """No report file."""
        return ""

    def met(self) -> int | None:
        """Each row is one."""
        return None

    def _place(self) -> dict[str, Any]:
        place = {"project_id": self._project_id, "campaign_id": self._options["campaign_id"], "now": self._moment}
        return {**place, **self._value}


class Update(_RangePortion):
    """Brings a campaign's change to its vouchers that are not redeemed."""

    async def stage(self) -> None:
        """Write the range; no other portion reaches into it."""
        await self._connection.execute(_sql.update_range, {**self._place(), "change": Jsonb(self._options["change"])})


class Delete(_RangePortion):
    """Deletes a campaign's vouchers, into the bin or for good."""

    async def stage(self) -> None:
        """Delete the range; no other portion reaches into it."""
        if self._options["force"]:
            await self._connection.execute(_sql.delete_range, self._place())
        else:
            who = {"deleted_by": self._options["deleted_by"]}
            await self._connection.execute(_sql.move_range_to_bin, {**self._place(), **who})


class Import:
    """One portion of an import into a campaign; a code that is in it already has `active` and `category` updated."""

    def __init__(
        self,
        connection: Connection,
        claimed: ClaimedPortion,
        campaign: Options,
        checker: MetadataChecker,
        categories: CategoryLabels,
    ) -> None:
        self._connection = connection
        self._project_id = claimed.project_id
        self._moment = claimed.moment
        self._campaign = campaign
        self._checker = checker
        self._categories = categories
        self._source = claimed.source
        self._cleaner = JsonVouchers(
            checker, categories, campaign["id"], last_day_counts=claimed.source.last_day_counts
        )
        self._header = claimed.source.header if claimed.source.format == "csv" else None
        self._given: dict[int, dict[str, Any]] = {}
        self._drafts: Sequence[VoucherDraft] = []
        self._created: dict[str, int] = {}

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Make vouchers of the campaign out of the rows."""
        failures: list[Failure] = []
        whole: list[Row] = []
        for row in rows:
            given = self._read(row)
            if isinstance(given, dict) and (misplaced := self._misplaced(given)):
                failures.append(Failure(row.number, shown_key(given.get("code")), "; ".join(misplaced)))
            elif isinstance(given, dict):
                self._given[row.number] = given
                whole.append(Row(row.number, voucher_like(self._campaign, given)))
            else:
                failures.append(Failure(row.number, self._key(row), given))
        self._drafts, flawed = self._cleaner.clean(whole)
        return failures + flawed

    def _key(self, row: Row) -> str | None:
        if self._header is None or row.value is None:
            return None
        cells = dict(zip(map(normal_title, self._header), row.value, strict=False))
        return shown_key(cells.get("code", "").strip())

    def _read(self, row: Row) -> dict[str, Any] | str:
        """What the row says of its voucher, or the problem with it."""
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

    def _misplaced(self, given: dict[str, Any]) -> list[str]:
        titles = WORTH_TITLES if self._header is not None else {}
        return [f"{titles.get(name, name)}: {reason}" for name, reason in misplaced_worth(self._campaign, given)]

    async def stage(self) -> None:
        """Nothing to make ready: what is written depends on what exists."""

    async def write(self) -> list[Failure]:
        """Insert what is new, update what is in the campaign, refuse what belongs elsewhere."""
        codes = [draft.code for draft in self._drafts]
        place = {"project_id": self._project_id, "codes": codes}
        found = await (await self._connection.execute(_sql.existing_of_campaign, place)).fetchall()
        owners = {row["code"]: row["campaign_id"] for row in found}
        fresh: dict[str, VoucherDraft] = {}
        members: list[VoucherDraft] = []
        failures: list[Failure] = []
        for draft in self._drafts:
            if draft.code in fresh or owners.get(draft.code) == self._campaign["id"]:
                members.append(draft)
            elif draft.code in owners:
                failures.append(Failure(draft.row, draft.code, already_exists(draft.code)))
            else:
                fresh[draft.code] = draft
        failures += await _insert(self._connection, self._project_id, list(fresh.values()), self._moment)
        taken = {failure.row for failure in failures}
        self._created = {code: draft.row for code, draft in fresh.items() if draft.row not in taken}
        await self._update_members(members)
        return failures

    async def _update_members(self, members: list[VoucherDraft]) -> None:
        changes = {draft.code: self._given[draft.row] for draft in members}
        if changes:
            given = {
                "codes": list(changes),
                "active": [change.get("active") for change in changes.values()],
                "category": [self._categories.label_in(change, []) for change in changes.values()],
            }
            place = {"project_id": self._project_id, "campaign_id": self._campaign["id"], "now": self._moment}
            await self._connection.execute(_sql.update_members, {**place, **given})

    def created(self) -> Mapping[str, int]:
        """The codes that were new."""
        return self._created

    def report(self) -> str:
        """Imports have no report file."""
        return ""

    def met(self) -> int | None:
        """Each row is one."""
        return None


async def _insert(
    connection: Connection, project_id: int, drafts: Sequence[VoucherDraft], moment: datetime
) -> list[Failure]:
    if not drafts:
        return []
    await stage(connection, drafts)
    return (await insert_staged(connection, project_id, drafts, moment)).failures


async def begin_import(connection: Connection, claimed: ClaimedPortion) -> Import:
    """Begin one portion of an import into a campaign; one whose campaign was deleted meanwhile fails row by row."""
    campaign = await campaign_still_there(connection, claimed.project_id, claimed.source.options["campaign_id"])
    checker = (await metadata_rules(connection, claimed.project_id)).checker(campaign["id"])
    return Import(connection, claimed, campaign, checker, await labels_for(connection, claimed.project_id))


async def begin_generation(connection: Connection, claimed: ClaimedPortion) -> Generate:
    """Begin one portion of a generation."""
    return Generate(connection, claimed)


async def begin_update(connection: Connection, claimed: ClaimedPortion) -> Update:
    """Begin one portion of an update."""
    return Update(connection, claimed)


async def begin_deletion(connection: Connection, claimed: ClaimedPortion) -> Delete:
    """Begin one portion of a deletion."""
    return Delete(connection, claimed)


async def plan_generation(connection: Connection, project_id: int, action_id: str, options: Options, rows: int) -> None:
    """Cut the number of vouchers to make into portions."""
    place = {"project_id": project_id, "action_id": action_id, "rows": rows, "count": options["count"]}
    await connection.execute(_sql.plan_generation, place)


async def plan_update(connection: Connection, project_id: int, action_id: str, options: Options, rows: int) -> None:
    """Cut the vouchers that an update reaches into ranges."""
    await _plan_by_code(connection, project_id, action_id, options, rows, untouched_only=True)


async def plan_deletion(connection: Connection, project_id: int, action_id: str, options: Options, rows: int) -> None:
    """Cut all of the campaign's vouchers into ranges."""
    await _plan_by_code(connection, project_id, action_id, options, rows, untouched_only=False)


async def _plan_by_code(
    connection: Connection, project_id: int, action_id: str, options: Options, rows: int, *, untouched_only: bool
) -> None:
    place = {"project_id": project_id, "action_id": action_id, "campaign_id": options["campaign_id"], "rows": rows}
    await connection.execute(_sql.plan_by_code, {**place, "untouched_only": untouched_only})


async def require_possible(connection: Connection, project_id: int, campaign: Options, given: dict[str, Any]) -> None:
    """Raise InvalidVoucherError where no voucher of the campaign can be made with what is given for all of them."""
    checker = (await metadata_rules(connection, project_id)).checker(campaign["id"])
    _refuse_misplaced(campaign, given)
    whole = voucher_like(campaign, {**given, "code": "ANY"})
    _, failures = JsonVouchers(checker, await labels_for(connection, project_id), campaign_id=campaign["id"]).clean(
        [Row(1, whole)]
    )
    if failures:
        raise InvalidVoucherError(failures[0].reason, resource_type="voucher")


def _refuse_misplaced(campaign: Options, given: dict[str, Any]) -> None:
    problems = [f"{name}: {reason}" for name, reason in misplaced_worth(campaign, given)]
    if problems:
        raise InvalidVoucherError("; ".join(problems), resource_type="voucher")


async def add_voucher(connection: Connection, project_id: int, key: str, given: dict[str, Any]) -> str:
    """Add one voucher to a campaign, with its code or one made by rule; returns the code."""
    async with connection.transaction():
        campaign = await hold_campaign(connection, project_id, key)
        _refuse_misplaced(campaign, given)
        whole = voucher_like(campaign, given)
        if not whole.get("code"):
            whole["code_config"] = given.get("code_config") or campaign["voucher"].get("code_config")
        return await create_voucher(connection, project_id, whole, campaign_id=campaign["id"])
