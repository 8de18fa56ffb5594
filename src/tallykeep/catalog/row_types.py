"""What can be imported: each kind of rows, its fields, and the action types that take it from files and as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.catalog.templates import CSV_TEMPLATES
from tallykeep.core.action_type import ActionType
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.campaigns.csv_rows import READ_OVER
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields.validators import Cleaner
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.spec import Upserted
from tallykeep.resources.vouchers.domain import EXTRA_NAMES
from tallykeep.resources.vouchers.importing.fields import COLUMNS

_UPSERTED = {"customers": CUSTOMER, "products": PRODUCT, "skus": SKU, "orders": ORDER}
_VOUCHER_NAMES = (
    "code", "type", "discount", "gift", "loyalty_card", "active", "start_date", "expiration_date", "category",
    "category_id", "redemption", "additional_info", "metadata", *EXTRA_NAMES,
)  # fmt: skip
_CHOOSING = ("vouchers", "campaign-vouchers")
# Fields that every row needs, beside the columns that every file needs.
_REQUIRED = {
    "vouchers": ("Code", "Voucher Type"),
    "campaign-vouchers": ("Code",),
    "products": ("name",),
    "skus": ("source_id", "product_id"),
}


@dataclass(frozen=True, slots=True)
class ImportField:
    """One column that a kind knows; `others` are titles of the same meaning.

    Where a cell is one of a set of `choices`, `clean` reads it.
    """

    title: str
    required: bool = False
    others: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    clean: Cleaner = str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportKind:
    """One kind of rows. `properties` are those of JSON rows, `ignored` columns that have no effect.

    `own_id` is the field that holds our ids, and how these begin: ids of others are no such thing.
    """

    name: str
    csv: ActionType | None
    json: ActionType | None
    fields: tuple[ImportField, ...] = ()
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


def _fields(name: str) -> tuple[ImportField, ...]:
    required = set(_REQUIRED.get(name, ()))
    chosen = {column.title: column for column in COLUMNS if column.choices} if name in _CHOOSING else {}
    others = {spec.titles[-1]: spec.titles[:-1] for spec in _UPSERTED[name].fields if spec.titles} if (
        name in _UPSERTED) else {}  # fmt: skip
    return tuple(
        ImportField(
            title,
            title in required,
            others.get(title, ()),
            *((chosen[title].choices, chosen[title].clean) if title in chosen else ()),
        )
        for title in CSV_TEMPLATES[name]
    )


def _upserted(name: str, kind: Upserted, csv: str | None, json: str | None) -> ImportKind:
    names = {spec.inside or spec.name: None for spec in kind.fields}
    own_id = (ImportField("id"),) if name in CSV_TEMPLATES else ()
    return ImportKind(
        name=name,
        csv=ACTION_TYPES[csv] if csv else None,
        json=ACTION_TYPES[json] if json else None,
        fields=(*_fields(name), *own_id) if name in CSV_TEMPLATES else (),
        properties=("source_id", "id", *names, "metadata"),
        own_id=("id", kind.prefix),
    )


IMPORTS: dict[str, ImportKind] = {
    kind.name: kind
    for kind in (
        ImportKind(
            name="vouchers",
            csv=ACTION_TYPES["VOUCHERS.IMPORT_CSV"],
            json=ACTION_TYPES["VOUCHERS.IMPORT"],
            fields=_fields("vouchers"),
            properties=_VOUCHER_NAMES,
        ),
        ImportKind(
            name="campaign-vouchers",
            csv=ACTION_TYPES["CAMPAIGN.VOUCHERS_IMPORT_CSV"],
            json=ACTION_TYPES["CAMPAIGN.VOUCHERS_IMPORT"],
            fields=_fields("campaign-vouchers"),
            properties=_VOUCHER_NAMES,
            ignored=frozenset(READ_OVER),
        ),
        _upserted("customers", CUSTOMER, "CUSTOMERS.IMPORT_CSV", "CUSTOMERS.BULK_UPDATE"),
        _upserted("products", PRODUCT, "PRODUCTS.IMPORT_CSV", "PRODUCTS.BULK_UPDATE"),
        _upserted("skus", SKU, "SKUS.IMPORT_CSV", None),
        _upserted("orders", ORDER, None, "ORDERS.IMPORT"),
    )
}
