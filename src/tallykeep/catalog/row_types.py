"""Row types that can be imported: their fields, and the action types that take them from files and as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.catalog.nouns import NOUNS, Noun
from tallykeep.core.action_type import ActionType
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.campaigns.csv_rows import FIELDS as CAMPAIGN_FIELDS
from tallykeep.resources.campaigns.csv_rows import IGNORED
from tallykeep.resources.categories.labels import FIELDS as CATEGORY_NAMES
from tallykeep.resources.fields.field import Field
from tallykeep.resources.upserts.spec import ID
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


_VOUCHER_PREFIXES = ("voucher", "coupon", "gutschein", "promo")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRowType:
    """A type of rows. `properties` are those of JSON rows, `ignored` columns that have no effect.

    `own_id` is the field that holds our ids, and how these begin: ids of others are no such thing. `keys` are the
    titles of the fields that tell rows apart; rows that `may_lack_key` are made anew where none does. `label` is what
    pages call them.

    A preview recognizes rows by `prefixes`, words in front of columns' names that say no more than what the rows are,
    and JSON rows by one property of each group in `expected`. Rows with `needs_little` may lack any of these.
    """

    name: str
    label: str
    csv: ActionType | None
    json: ActionType | None
    fields: tuple[Field, ...] = ()
    properties: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    own_id: tuple[str, str] | None = None
    keys: tuple[str, ...] = ()
    may_lack_key: bool = False
    prefixes: tuple[str, ...] = ()
    expected: tuple[tuple[str, ...], ...] = ()
    needs_little: bool = False

    def action_type(self, source_format: str) -> ActionType | None:
        """Return the action type that imports rows sent as csv, xlsx, json or ndjson; None if there is none."""
        return self.csv if source_format in ("csv", "xlsx") else self.json

    def titles(self) -> Iterator[tuple[str, str]]:
        """Return every known title, normalized for comparison, with its field's title."""
        for field in self.fields:
            for title in (field.title, *field.others):
                yield normal_title(title), field.title


def _upserted(noun: Noun) -> ImportedRowType:
    spec, recognition = noun.spec, noun.spec.recognition
    names = tuple(dict.fromkeys(field.inside or field.name for field in spec.fields))
    return ImportedRowType(
        name=spec.plural,
        label=spec.plural_title,
        csv=noun.csv,
        json=noun.json,
        fields=(*spec.file_fields, ID) if noun.csv else (),
        properties=("source_id", "id", *names, "metadata"),
        own_id=("id", spec.prefix),
        keys=(spec.source_id.title, ID.title) if noun.csv else (),
        may_lack_key=not spec.source_id_required,
        prefixes=(spec.noun, *recognition.prefixes),
        expected=(recognition.expected or (names,)) if noun.json else (),
        needs_little=recognition.needs_little,
    )


ROW_TYPES: dict[str, ImportedRowType] = {
    row_type.name: row_type
    for row_type in (
        ImportedRowType(
            name="vouchers",
            label="Vouchers",
            csv=ACTION_TYPES["VOUCHERS.IMPORT_CSV"],
            json=ACTION_TYPES["VOUCHERS.IMPORT"],
            fields=IN_FILES,
            properties=_VOUCHER_NAMES,
            keys=("Code",),
            prefixes=_VOUCHER_PREFIXES,
            expected=(("code",), ("type", "discount", "gift", "loyalty_card")),
        ),
        ImportedRowType(
            name="campaign-vouchers",
            label="Vouchers of a campaign",
            csv=ACTION_TYPES["CAMPAIGN.VOUCHERS_IMPORT_CSV"],
            json=ACTION_TYPES["CAMPAIGN.VOUCHERS_IMPORT"],
            fields=CAMPAIGN_FIELDS,
            properties=_VOUCHER_NAMES,
            ignored=frozenset(IGNORED),
            keys=("Code",),
            prefixes=(*_VOUCHER_PREFIXES, "card"),
            expected=(("code",),),
        ),
        *(_upserted(noun) for noun in NOUNS if noun.csv or noun.json),
    )
}
