"""The vouchers of a campaign: what the campaign's actions do to a range of them, or to some by their codes."""

from typing import LiteralString

from psycopg import sql

from tallykeep.db.queries import queries
from tallykeep.resources.bin.entries import into_bin
from tallykeep.resources.planned_ranges import Range, within

_sql = queries(__package__, "of_campaign.sql")

REACHED_BY_UPDATE: LiteralString = _sql.reached_by_update
REACHED_BY_DELETION: LiteralString = _sql.reached_by_deletion
UPDATE_MEMBERS: LiteralString = _sql.update_members


def update_range(bounds: Range) -> sql.Composed:
    """Compose what brings the campaign's change to the range."""
    return _ranged(_sql.update_range, bounds)


def count_reached_by_update(bounds: Range) -> sql.Composed:
    """Compose what counts the vouchers of the range that an update is for."""
    return _ranged(_sql.count_reached_by_update, bounds)


def delete_range(bounds: Range, *, for_good: bool) -> sql.Composed:
    """Compose what deletes the range, into the bin where it is not for good."""
    deletion = _ranged(_sql.delete_range, bounds)
    return deletion if for_good else into_bin(deletion, "voucher", name="code", parent="campaign_id")


def _ranged(statement: LiteralString, bounds: Range) -> sql.Composed:
    return sql.SQL(statement).format(range=within("code", bounds))
