"""The list of customers: what it can be filtered and ordered by."""

from tallykeep.db.queries import queries
from tallykeep.resources.lists.conditions import text, timestamp
from tallykeep.resources.lists.spec import BY_TIME, ListSpec, Order

_sql = queries(__package__, "store.sql")

CUSTOMERS = ListSpec(
    noun="customers",
    matching=_sql.every_customer,
    fields={
        "id": text(),
        "source_id": text(),
        "name": text(),
        "email": text(),
        "phone": text(),
        "description": text(),
        "address_line_1": text(_sql.address_line_1),
        "address_line_2": text(_sql.address_line_2),
        "address_postal_code": text(_sql.address_postal_code),
        "address_city": text(_sql.address_city),
        "address_state": text(_sql.address_state),
        "address_country": text(_sql.address_country),
        "created_at": timestamp(),
        "updated_at": timestamp(),
    },
    orders={
        "created_at": Order("created_at"),
        "updated_at": Order("updated_at", nullable=True),
        "source_id": Order("source_id", nullable=True),
    },
    shortcuts={
        "email": ("email", "$is"),
        "city": ("address_city", "$is"),
        "name": ("name", "$is"),
        **BY_TIME,
    },
    refused={"segment_id": "is not supported by this version, which has no segments; leave it out"},
    cursor="starting_after",
)
