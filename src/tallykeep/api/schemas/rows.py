"""The schemas of JSON rows, by the names that action types use for them."""

from tallykeep.api.schemas.nouns import schemas_of
from tallykeep.api.schemas.vouchers import CampaignVoucherRow, VoucherMetadataRow, VoucherRow
from tallykeep.catalog.nouns import NOUNS

ROW_SCHEMAS: dict[str, type] = {
    row.__name__: row
    for row in (
        VoucherRow,
        CampaignVoucherRow,
        VoucherMetadataRow,
        *(row for noun in NOUNS for row in schemas_of(noun.spec).rows),
    )
}
