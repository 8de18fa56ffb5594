"""The nouns whose resources are upserted: the table of contents, a line each.

All that they have follows: action types, endpoints, imports, exports, templates, recognition, pages.
"""

from dataclasses import dataclass

from tallykeep.core.action_type import ActionType
from tallykeep.resources.customers import action_types as customers
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.orders import action_types as orders
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.products import action_types as products
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus import action_types as skus
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.spec import UpsertSpec


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun and the types of the actions on it.

    The first of `action_types` that takes files is what imports files, and the first that takes JSON rows what imports
    these.
    """

    spec: UpsertSpec
    action_types: tuple[ActionType, ...]

    @property
    def csv(self) -> ActionType | None:
        """The action type that imports files; None where files cannot be imported."""
        return self._importing("csv")

    @property
    def json(self) -> ActionType | None:
        """The action type that imports JSON rows; None where they cannot be imported."""
        return self._importing("json")

    def _importing(self, source: str) -> ActionType | None:
        return next((each for each in self.action_types if each.source == source), None)


NOUNS = (
    Noun(CUSTOMER, customers.TYPES),
    Noun(PRODUCT, products.TYPES),
    Noun(SKU, skus.TYPES),
    Noun(ORDER, orders.TYPES),
)
