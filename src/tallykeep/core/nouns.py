"""The nouns whose resources are upserted, by name: the table of contents of the layers that know no more of them.

Permissions, the audit log's events, the command line's row types, and what the deletion of a project empties follow
from it. All else follows from `catalog/nouns.py`, and a test holds the two tables to each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Change = Literal["create", "update", "delete"]
CHANGES: tuple[Change, ...] = ("create", "update", "delete")


@dataclass(frozen=True, slots=True)
class NounName:
    """A noun's name, and what its endpoints do: which single changes they make, and which rows they import.

    `json` is the endpoint that imports JSON rows; with `bulk/async` these can be updated by it as well. At least one
    change is made, or one sort of rows imported.
    """

    singular: str
    changes: tuple[Change, ...] = CHANGES
    csv: bool = True
    json: Literal["import", "bulk/async"] | None = "bulk/async"

    @property
    def plural(self) -> str:
        """Its plural, in paths, permissions and lists; its table has the same name."""
        return f"{self.singular}s"

    @property
    def written(self) -> str:
        """What can be done to its resources, as documents put it."""
        imports: list[str] = ["import"] if self.csv or self.json else []
        *others, last = imports + list(self.changes)
        return f"{', '.join(others)}{' and ' if others else ''}{last} {self.plural}"


# One that refers to another stands behind it: a project's deletion takes them from the end.
NOUN_NAMES: Sequence[NounName] = (
    NounName("customer"),
    NounName("product"),
    NounName("sku", json=None),
    NounName("order", changes=("create", "update"), csv=False, json="import"),
)
