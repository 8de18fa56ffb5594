"""The list of the bin: what it can be filtered and ordered by (public API documentation, schema
ParameterFiltersListBin)."""

from tallykeep.db.queries import queries
from tallykeep.resources.lists.conditions import text, word
from tallykeep.resources.lists.spec import ListSpec, Order

_sql = queries(__package__, "store.sql")

BIN = ListSpec(
    noun="bin entries",
    matching=_sql.every_entry,
    fields={
        "id": text(),
        "resource_type": word("campaign", "product", "sku", "voucher"),
        "resource_name": text(),
        "resource_id": text(),
    },
    orders={"id": Order("id")},
    default_order="-id",
    has_metadata=False,
)
# The entries after a given one, in either order.
OLDER_ENTRIES, NEWER_ENTRIES = _sql.older_entries, _sql.newer_entries
