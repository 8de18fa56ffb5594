"""The lists that can be had as files, with the columns of the templates of the same names."""

from tallykeep.resources.customers import read as customers
from tallykeep.resources.customers.list_spec import CUSTOMERS
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.lists.export import Export
from tallykeep.resources.products import read as products
from tallykeep.resources.products.list_spec import PRODUCTS
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.upserts.export import export
from tallykeep.resources.vouchers.export import VOUCHER_EXPORT

LIST_FILES: dict[str, Export] = {
    "vouchers": VOUCHER_EXPORT,
    "customers": export(CUSTOMER, CUSTOMERS, customers.shown),
    "products": export(PRODUCT, PRODUCTS, products.shown),
}
