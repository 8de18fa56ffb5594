"""The lists that can be had as files, with the columns of the templates of the same names."""

from tallykeep.resources.customers import read as customers
from tallykeep.resources.customers.declaration import CUSTOMER
from tallykeep.resources.customers.listed import CUSTOMERS
from tallykeep.resources.lists.whole import Filed
from tallykeep.resources.products import read as products
from tallykeep.resources.products.declaration import PRODUCT
from tallykeep.resources.products.listed import PRODUCTS
from tallykeep.resources.upserts.filed import filed
from tallykeep.resources.vouchers.filed import FILED_VOUCHERS

LIST_FILES: dict[str, Filed] = {
    "vouchers": FILED_VOUCHERS,
    "customers": filed(CUSTOMER, CUSTOMERS, customers.shown, "Source_id"),
    "products": filed(PRODUCT, PRODUCTS, products.shown, "source_id"),
}
