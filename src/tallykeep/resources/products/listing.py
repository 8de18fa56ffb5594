"""The orders and parameters of lists of products and of SKUs (public API documentation)."""

from tallykeep.resources.lists.spec import Order

# The wire format's values for products and SKUs name fields that neither has: there all tie, and the id decides.
CATALOGUE_ORDERS = dict.fromkeys(("type", "code", "campaign", "category"), Order("id"))
CATALOGUE_SHORTCUTS = {"start_date": ("created_at", "$after_equal"), "end_date": ("created_at", "$before_equal")}
CATALOGUE_QUERY = ("limit", "page", "order", "start_date", "end_date")
