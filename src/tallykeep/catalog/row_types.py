"""What can be imported: each kind of rows, its fields, and the action types that take it from files and as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionType
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.campaigns.csv_rows import FIELDS as CAMPAIGN_FIELDS
from tallykeep.resources.campaigns.csv_rows import IGNORED
from tallykeep.resources.categories.labels import FIELDS as CATEGORY_NAMES
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields.field import Field
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.spec import ID, UpsertSpec
from tallykeep.resources.vouchers.domain import EXTRA_NAMES
from tallykeep.resources.vouchers.fields import FIELDS as VOUCHER_FIELDS
from tallykeep.resources.vouchers.fields import IN_FILES

_VOUCHER_NAMES = tuple(
    dict.fromkeys(
        (
            *(field.inside or field.name for field in VOUCHER_FIELDS if field.in_json),
            *CATEGORY_NAMES,
            *EXTRA_NAMES,
        )
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRowType:
    """One kind of rows. `properties` are those of JSON rows, `ignored` columns that have no effect.

    `own_id` is the field that holds our ids, and how these begin: ids of others are no such thing.
    """

    name: str
    csv: ActionType | None
    json: ActionType | None
    fields: tuple[Field, ...] = ()
    properties: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    own_id: tuple[str, str] | None = None

    def action_type(self, source_format: str) -> ActionType | None:
        """What imports rows that come as csv, xlsx, json or ndjson; None where nothing does."""
        return self.csv if source_format in ("csv", "xlsx") else self.json

    def titles(self) -> Iterator[tuple[str, str]]:
        """Every title that is known as it stands, as it is compared, with its field's."""
        for field in self.fields:
            for title in (field.title, *field.others):
                yield normal_title(title), field.title


def _upserted(name: str, spec: UpsertSpec, csv: str | None, json: str | None) -> ImportedRowType:
    names = {field.inside or field.name: None for field in spec.fields}
    in_files = (spec.source_id, *(field for field in spec.fields if field.titles), ID)
    return ImportedRowType(
        name=name,
        csv=ACTION_TYPES[csv] if csv else None,
        json=ACTION_TYPES[json] if json else None,
        fields=in_files if csv else (),
        properties=("source_id", "id", *names, "metadata"),
        own_id=("id", spec.prefix),
    )


IMPORTS: dict[str, ImportedRowType] = {
    row_type.name: row_type
    for row_type in (
        ImportedRowType(
            name="vouchers",
            csv=ACTION_TYPES["VOUCHERS.IMPORT_CSV"],
            json=ACTION_TYPES["VOUCHERS.IMPORT"],
            fields=IN_FILES,
            properties=_VOUCHER_NAMES,
        ),
        ImportedRowType(
            name="campaign-vouchers",
            csv=ACTION_TYPES["CAMPAIGN.VOUCHERS_IMPORT_CSV"],
            json=ACTION_TYPES["CAMPAIGN.VOUCHERS_IMPORT"],
            fields=CAMPAIGN_FIELDS,
            properties=_VOUCHER_NAMES,
            ignored=frozenset(IGNORED),
        ),
        _upserted("customers", CUSTOMER, "CUSTOMERS.IMPORT_CSV", "CUSTOMERS.BULK_UPDATE"),
        _upserted("products", PRODUCT, "PRODUCTS.IMPORT_CSV", "PRODUCTS.BULK_UPDATE"),
        _upserted("skus", SKU, "SKUS.IMPORT_CSV", None),
        _upserted("orders", ORDER, None, "ORDERS.IMPORT"),
    )
}
