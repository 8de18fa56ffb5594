"""What can be asked: the table of action types, each one short declaration."""

from tallykeep.actions import campaigns, customers, orders, products, vouchers
from tallykeep.engine.kinds import ActionType

ACTION_TYPES: dict[str, ActionType] = {
    kind.name: kind for kind in (*campaigns.TYPES, *vouchers.TYPES, *customers.TYPES, *products.TYPES, *orders.TYPES)
}
