"""Actions on orders."""

from tallykeep.resources.orders.of_customer import people_of_orders
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.upserts.declaring.action_types import import_json, metadata_purge

TYPES = (import_json(ORDER, status_code=200, people=people_of_orders), metadata_purge(ORDER))
