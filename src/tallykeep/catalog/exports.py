"""The lists that can be had as files, with the columns of the templates of the same names."""

from tallykeep.catalog.nouns import NOUNS
from tallykeep.resources.lists.export import Export
from tallykeep.resources.upserts.export import export
from tallykeep.resources.vouchers.export import VOUCHER_EXPORT

LIST_FILES: dict[str, Export] = {
    "vouchers": VOUCHER_EXPORT,
    **{noun.spec.plural: export(noun.spec) for noun in NOUNS if noun.csv and "list" in noun.spec.endpoints},
}
