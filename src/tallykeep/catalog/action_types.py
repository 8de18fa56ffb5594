"""What can be asked: the table of action types, each one short declaration."""

from tallykeep.core.action_type import ActionType
from tallykeep.core.compatibility import Compatibility
from tallykeep.resources.campaigns import action_types as campaigns
from tallykeep.resources.customers import action_types as customers
from tallykeep.resources.orders import action_types as orders
from tallykeep.resources.products import action_types as products
from tallykeep.resources.vouchers import action_types as vouchers

ACTION_TYPES: dict[str, ActionType] = {
    row_type.name: row_type
    for row_type in (*campaigns.TYPES, *vouchers.TYPES, *customers.TYPES, *products.TYPES, *orders.TYPES)
}

# How submissions of single types stand to the reference API's, beyond what is true of all that come in the same way.
COMPATIBILITY: dict[str, Compatibility] = {**vouchers.COMPATIBILITY}
