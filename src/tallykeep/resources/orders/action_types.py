"""Actions on orders."""

from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.upserts.declaring.action_types import import_json, metadata_purge

TYPES = (import_json(ORDER, status_code=200), metadata_purge(ORDER))
