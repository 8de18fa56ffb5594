"""Empty files with the right header, made from the fields that imports read."""

from collections.abc import Iterable

from tallykeep.catalog.nouns import NOUNS
from tallykeep.resources.campaigns.csv_rows import FIELDS as CAMPAIGN_FIELDS
from tallykeep.resources.fields.field import Field
from tallykeep.resources.vouchers.fields import FIELDS as VOUCHER_FIELDS


def _titles(fields: Iterable[Field]) -> tuple[str, ...]:
    return tuple(field.title for field in fields if field.titles)


CSV_TEMPLATES: dict[str, tuple[str, ...]] = {
    "vouchers": _titles(VOUCHER_FIELDS),
    "campaign-vouchers": _titles(CAMPAIGN_FIELDS),
    **{noun.spec.plural: _titles(noun.spec.file_fields) for noun in NOUNS if noun.csv},
}
