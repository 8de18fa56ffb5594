"""Empty files with the right header, made from the fields that imports read."""

from tallykeep.resources.campaigns import csv_rows as campaign_csv
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.spec import Upserted
from tallykeep.resources.vouchers.importing import fields as voucher_csv


def _header_of(kind: Upserted, source_id: str) -> tuple[str, ...]:
    # The last of a field's titles is its short one.
    return (source_id, *(spec.titles[-1] for spec in kind.fields if spec.titles))


CSV_TEMPLATES: dict[str, tuple[str, ...]] = {
    "vouchers": tuple(column.title for column in voucher_csv.COLUMNS),
    "campaign-vouchers": campaign_csv.TITLES,
    "customers": _header_of(CUSTOMER, "Source_id"),
    "products": _header_of(PRODUCT, "source_id"),
    "skus": _header_of(SKU, "source_id"),
}
