"""The list of orders: what it can be filtered and ordered by."""

from tallykeep.db.queries import queries
from tallykeep.resources.lists.conditions import number, text, timestamp, word
from tallykeep.resources.lists.spec import BY_TIME, ListSpec, Order
from tallykeep.resources.orders.spec import ORDER_STATUSES

_sql = queries(__package__, "store.sql")

ORDERS = ListSpec(
    noun="orders",
    matching=_sql.every_order,
    fields={
        "id": text(),
        "source_id": text(),
        "status": word(*ORDER_STATUSES),
        "amount": number(),
        "initial_amount": number(),
        "discount_amount": number(),
        "customer_id": text(),
        "referrer_id": text(),
        "created_at": timestamp(),
        "updated_at": timestamp(),
    },
    orders={"created_at": Order("id"), "updated_at": Order("updated_at", nullable=True)},
    shortcuts=BY_TIME,
)
