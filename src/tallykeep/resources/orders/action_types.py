"""Actions on orders."""

from tallykeep.resources.orders.by_column.import_operation import begin_orders
from tallykeep.resources.orders.of_customer import people_of_orders
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.upserts.declaring.action_types import import_json, metadata_purge

# Each item of an order is an object or several. By column they take some four times the bytes that they came in, else
# some ten times.
TYPES = (
    import_json(ORDER, status_code=200, batch_bytes_divisor=4, people=people_of_orders, begin=begin_orders),
    metadata_purge(ORDER),
)
