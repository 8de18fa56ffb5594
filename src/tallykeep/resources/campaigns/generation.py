"""One batch of the vouchers that a campaign is to have generated."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import InvalidVoucherError
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.campaigns.body import voucher_like
from tallykeep.resources.campaigns.store import campaign_still_there, rule_of
from tallykeep.resources.categories.labels import CategoryLabels, labels_for
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.draft import VoucherDraft
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers
from tallykeep.resources.vouchers.writing.generated_codes import Generated


class Generate(Operation):
    """Makes as many vouchers as the batch says; where all codes are taken, the rest fails and says so."""

    def __init__(self, connection: Connection, claimed: ClaimedBatch) -> None:
        self._connection = connection
        self._project_id = claimed.project_id
        self._parameters = claimed.source.parameters
        self._timestamp = claimed.timestamp
        self._action_id = claimed.action_id
        self._first_row = claimed.batch.first_row
        self._count = 0

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Take how many are wanted."""
        (row,) = rows
        self._count = int(row.value["count"])
        return []

    async def stage(self) -> None:
        """Make all at once, beside other batches, where that can be done."""
        campaign = await campaign_still_there(self._connection, self._project_id, self._parameters["campaign_id"])
        # Actions of older versions have them as `given`.
        overrides = self._parameters.get("overrides", self._parameters.get("given", {}))
        sample = _sample(campaign, await labels_for(self._connection, self._project_id), overrides)
        rule = rule_of(campaign, overrides)
        self._generated = Generated(
            self._connection, self._project_id, rule, sample, wanted=self._count, timestamp=self._timestamp,
            action_id=self._action_id,
        )  # fmt: skip
        await self._generated.copy()

    async def write(self) -> list[Failure]:
        """Make codes until all are there, or none is free."""
        await self._generated.write()
        last = self._first_row + self._count
        missing = range(last - self._generated.missing, last)
        return [Failure(row, None, self._generated.reason()) for row in missing]

    def created(self) -> Mapping[str, int]:
        """Return the codes, numbered in the order in which they were free."""
        return dict(zip(self._generated.codes, itertools.count(self._first_row), strict=False))


def _sample(campaign: dict[str, Any], categories: CategoryLabels, overrides: dict[str, Any]) -> VoucherDraft:
    """Clean the voucher that all vouchers generated together are like."""
    cleaner = JsonVouchers(MetadataChecker(None), categories, campaign["id"])
    drafts, failures = cleaner.clean([Row(1, voucher_like(campaign, {**overrides, "code": "ANY"}))])
    if failures:
        raise InvalidVoucherError(failures[0].reason, resource_type="voucher")
    return drafts[0]
