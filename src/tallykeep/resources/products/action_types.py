"""Actions on products."""

from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.upserts.declaring.action_types import bulk_update, import_csv, metadata_purge, metadata_update

TYPES = (
    import_csv(PRODUCT, status_code=200, keyless="", required_columns=(("name", "source_id", "id"),)),
    bulk_update(PRODUCT),
    metadata_update(PRODUCT, ids=("source_ids", "product_ids")),
    metadata_purge(PRODUCT),
)
