"""Actions on SKUs."""

from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.declaring.action_types import import_csv

TYPES = (import_csv(SKU, status_code=200, failure_fields=("row", "reason")),)
