"""The schema that applies to a voucher's metadata: that of vouchers, or of campaigns if its campaign says so."""

from dataclasses import dataclass

from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.metadata.schemas import checker_for

_sql = queries(__package__, "update_operation.sql")


@dataclass(frozen=True, slots=True)
class MetadataRules:
    """Both checkers, and the campaigns whose vouchers are held to the second."""

    voucher: MetadataChecker
    campaign: MetadataChecker
    of_campaigns: frozenset[str]

    @property
    def takes_anything(self) -> bool:
        """Whether no voucher's metadata is restricted."""
        return self.voucher.takes_anything and (self.campaign.takes_anything or not self.of_campaigns)

    def checker(self, campaign_id: str | None) -> MetadataChecker:
        """Return what checks the metadata of a voucher of this campaign, or of none."""
        return self.campaign if campaign_id in self.of_campaigns else self.voucher


async def metadata_rules(connection: Connection, project_id: int) -> MetadataRules:
    """Read the rules as they stand now."""
    voucher = await checker_for(connection, project_id, "voucher")
    campaign = await checker_for(connection, project_id, "campaign")
    if voucher.takes_anything and campaign.takes_anything:
        return MetadataRules(voucher, campaign, frozenset())
    campaigns = await connection.execute(_sql.campaigns_with_own_schema, {"project_id": project_id})
    return MetadataRules(voucher, campaign, frozenset(row["id"] for row in await campaigns.fetchall()))
