"""The declaration of a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import LiteralString

from tallykeep.resources.fields.filters import Filter


@dataclass(frozen=True, slots=True)
class Order:
    """A column that a list can be ordered by."""

    column: str
    nullable: bool = False


# The parameters that every list has: when its resources were created and updated.
BY_TIME = {
    "created_at[before]": ("created_at", "$before"),
    "created_at[after]": ("created_at", "$after"),
    "updated_at[before]": ("updated_at", "$before"),
    "updated_at[after]": ("updated_at", "$after"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec:
    """One list. Whatever is not named here never gets into its SQL; `metadata.…` is a field wherever
    there is any.

    `matching` selects all of it, and ends with a WHERE that names the project. `orders` are named without a dash;
    `shortcuts` are parameters that stand for a field and a condition; `refused` are the reference API's parameters that
    have no meaning here, with the reason; `cursor` is the parameter that goes on behind a time of the order's column.
    """

    noun: str
    matching: LiteralString
    fields: Mapping[str, Filter]
    orders: Mapping[str, Order]
    shortcuts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    cursor: str | None = None
    default_order: str = "-created_at"
    has_metadata: bool = True

    @property
    def order_names(self) -> list[str]:
        """Every value of `order`."""
        return [name for plain in self.orders for name in (plain, f"-{plain}")]
