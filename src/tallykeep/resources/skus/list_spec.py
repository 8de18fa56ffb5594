"""The list of a product's SKUs: what it can be filtered and ordered by."""

from tallykeep.db.queries import queries
from tallykeep.resources.lists.conditions import number, text, timestamp
from tallykeep.resources.lists.spec import ListSpec
from tallykeep.resources.products.list_spec import CATALOGUE_ORDERS, CATALOGUE_SHORTCUTS

_sql = queries(__package__, "store.sql")

SKUS = ListSpec(
    noun="skus",
    matching=_sql.every_sku_of_product,
    fields={
        "id": text(),
        "source_id": text(),
        "sku": text(),
        "price": number(),
        "currency": text(),
        "image_url": text(),
        "created_at": timestamp(),
        "updated_at": timestamp(),
    },
    orders=CATALOGUE_ORDERS,
    shortcuts=CATALOGUE_SHORTCUTS,
)
