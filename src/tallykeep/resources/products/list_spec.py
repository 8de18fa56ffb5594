"""The list of products: what it can be filtered and ordered by."""

from tallykeep.db.queries import queries
from tallykeep.resources.lists.conditions import number, text, timestamp
from tallykeep.resources.lists.spec import BY_TIME, ListSpec, Order

_sql = queries(__package__, "store.sql")

# The wire format's values for products and SKUs name fields that neither has: there all tie, and the id decides.
CATALOGUE_ORDERS = {
    "created_at": Order("id"),
    "updated_at": Order("updated_at", nullable=True),
    **dict.fromkeys(("type", "code", "campaign", "category"), Order("id")),
}
CATALOGUE_SHORTCUTS = {
    "start_date": ("created_at", "$after_equal"),
    "end_date": ("created_at", "$before_equal"),
    **BY_TIME,
}

PRODUCTS = ListSpec(
    noun="products",
    matching=_sql.every_product,
    fields={
        "id": text(),
        "source_id": text(),
        "name": text(),
        "price": number(),
        "image_url": text(),
        "created_at": timestamp(),
        "updated_at": timestamp(),
    },
    orders=CATALOGUE_ORDERS,
    shortcuts={"name": ("name", "$is"), **CATALOGUE_SHORTCUTS},
)
