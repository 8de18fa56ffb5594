"""What can be asked: the table of action types, each one short declaration."""

from tallykeep.actions import campaigns, customers, orders, products, vouchers
from tallykeep.compatibility import Compatibility
from tallykeep.engine.kinds import ActionType

ACTION_TYPES: dict[str, ActionType] = {
    kind.name: kind for kind in (*campaigns.TYPES, *vouchers.TYPES, *customers.TYPES, *products.TYPES, *orders.TYPES)
}

# How the submissions of single types stand to the peer's, beyond what is true of all that come in the same way.
COMPATIBILITY: dict[str, Compatibility] = {**vouchers.COMPATIBILITY}
