"""The operations of campaigns on their vouchers, a batch at a time: generate, import, update, delete."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, LiteralString

from psycopg import sql
from psycopg.types.json import Jsonb

from tallykeep.core.action_type import Planned
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import InvalidVoucherError
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.db.retry import in_transaction
from tallykeep.resources.campaigns.body import misplaced_worth, voucher_like
from tallykeep.resources.campaigns.generation import Generate
from tallykeep.resources.campaigns.store import hold_campaign
from tallykeep.resources.categories.labels import labels_for
from tallykeep.resources.metadata.purge import Purge
from tallykeep.resources.planned_ranges import Range, planned_ranges
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers
from tallykeep.resources.vouchers.single import create_voucher
from tallykeep.resources.vouchers.updating.metadata_rules import metadata_rules
from tallykeep.resources.vouchers.writing import of_campaign

_sql = queries(__package__, "store.sql")

CAMPAIGN_PURGE = Purge("campaigns", key="id")

Parameters = dict[str, Any]


class _RangeBatch(Operation):
    """A batch that covers a range of the campaign's vouchers; no single row of it can fail."""

    def __init__(self, connection: Connection, claimed: ClaimedBatch) -> None:
        self._connection = connection
        self._project_id = claimed.project_id
        self._timestamp = claimed.timestamp
        self._parameters = claimed.source.parameters
        self._value: Range = {}
        self._met: int | None = None

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Take what the batch means."""
        (row,) = rows
        self._value = row.value
        return []

    async def write(self) -> list[Failure]:
        """Do nothing: batches have nothing to do with each other, so all of it was done beside the others."""
        return []

    def met(self) -> int | None:
        """Return how many vouchers were written, which may be others than were planned."""
        return self._met

    def _params(self) -> dict[str, Any]:
        params = {
            "project_id": self._project_id,
            "campaign_id": self._parameters["campaign_id"],
            "timestamp": self._timestamp,
        }
        return {**params, **self._value}


class Update(_RangeBatch):
    """Brings a campaign's change to its vouchers that are not redeemed."""

    async def stage(self) -> None:
        """Write the range, into which no other batch reaches, until all that is to be written has been."""
        params = {**self._params(), "change": Jsonb(self._parameters["change"])}
        while self._met is None or self._met < await self._reached():
            self._met = (await self._connection.execute(of_campaign.update_range(self._value), params)).rowcount

    async def _reached(self) -> int:
        """Count the vouchers to be written, those that are written by now among them."""
        query = of_campaign.count_reached_by_update(self._value)
        counted = await (await self._connection.execute(query, self._params())).fetchone()
        return int(counted["vouchers"]) if counted else 0


class Delete(_RangeBatch):
    """Deletes a campaign's vouchers, into the bin or for good."""

    async def stage(self) -> None:
        """Delete the range; no other batch reaches into it."""
        # One pass finds them all: no voucher comes to a campaign that is gone. A second one would take a third longer.
        statement = of_campaign.delete_range(self._value, for_good=self._parameters["force"])
        params = {**self._params(), "deleted_by": self._parameters["deleted_by"]}
        self._met = (await self._connection.execute(statement, params)).rowcount


async def begin_generation(connection: Connection, claimed: ClaimedBatch) -> Generate:
    """Begin one batch of a generation."""
    return Generate(connection, claimed)


async def begin_update(connection: Connection, claimed: ClaimedBatch) -> Update:
    """Begin one batch of an update."""
    return Update(connection, claimed)


async def begin_deletion(connection: Connection, claimed: ClaimedBatch) -> Delete:
    """Begin one batch of a deletion."""
    return Delete(connection, claimed)


def plan_generation(parameters: Parameters) -> Planned:
    """Cut the number of vouchers to make into batches."""
    return Planned(sql.SQL(_sql.planned_generation), {"count": parameters["count"]})


def plan_update(parameters: Parameters) -> Planned:
    """Cut the vouchers that an update reaches into ranges."""
    planned = _ranges(parameters, of_campaign.REACHED_BY_UPDATE)
    return replace(planned, query=sql.SQL(_sql.planned_update).format(ranges=planned.query))


def plan_deletion(parameters: Parameters) -> Planned:
    """Cut all of the campaign's vouchers into ranges."""
    return _ranges(parameters, of_campaign.REACHED_BY_DELETION)


def _ranges(parameters: Parameters, reached: LiteralString) -> Planned:
    return planned_ranges("vouchers", "code", reached, {"campaign_id": parameters["campaign_id"]})


async def require_possible(
    connection: Connection, project_id: int, campaign: dict[str, Any], body: dict[str, Any]
) -> None:
    """Raise InvalidVoucherError where no voucher of the campaign can be made with these overrides."""
    checker = (await metadata_rules(connection, project_id)).checker(campaign["id"])
    _refuse_misplaced(campaign, body)
    voucher = voucher_like(campaign, {**body, "code": "ANY"})
    _, failures = JsonVouchers(checker, await labels_for(connection, project_id), campaign_id=campaign["id"]).clean(
        [Row(1, voucher)]
    )
    if failures:
        raise InvalidVoucherError(failures[0].reason, resource_type="voucher")


def _refuse_misplaced(campaign: dict[str, Any], body: dict[str, Any]) -> None:
    problems = [f"{name}: {reason}" for name, reason in misplaced_worth(campaign, body)]
    if problems:
        raise InvalidVoucherError("; ".join(problems), resource_type="voucher")


async def add_voucher(connection: Connection, project_id: int, key: str, body: dict[str, Any]) -> str:
    """Add one voucher to a campaign, with its code or one made by rule; returns the code."""
    return await in_transaction(connection, partial(_add, connection, project_id, key, body))


async def _add(connection: Connection, project_id: int, key: str, body: dict[str, Any]) -> str:
    campaign = await hold_campaign(connection, project_id, key)
    _refuse_misplaced(campaign, body)
    voucher = voucher_like(campaign, body)
    if not voucher.get("code"):
        voucher["code_config"] = body.get("code_config") or campaign["voucher"].get("code_config")
    return await create_voucher(connection, project_id, voucher, campaign_id=campaign["id"])
