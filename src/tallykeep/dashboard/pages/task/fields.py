"""The fields that rows of a type may have, from `/v1/imports`, besides the columns of a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tallykeep.dashboard.kit.signed_in import Visit
from tallykeep.formats.csv.titles import normal_title


@dataclass(frozen=True, slots=True)
class Fields:
    """A row type's fields in their order; the first is the key, which differs from row to row."""

    declared: list[dict[str, Any]]

    def find(self, title: str) -> dict[str, Any] | None:
        """Return the field of the column with this title."""
        wanted = normal_title(title)
        return next((field for field in self.declared if wanted in map(normal_title, _titles(field))), None)

    def is_key(self, title: str) -> bool:
        """Return whether a column tells the rows apart, so that no value fits several of them."""
        field = self.find(title)
        return field is not None and (field is self.declared[0] or normal_title(field["title"]) in ("sourceid", "id"))

    def choices(self, title: str) -> list[str]:
        """Return what the cells of a column may be, where there are few choices."""
        field = self.find(title)
        return list(field.get("choices") or ()) if field else []

    def besides(self, columns: Iterable[str]) -> list[str]:
        """Return the titles of the fields that none of the columns is."""
        there = [field for field in map(self.find, columns) if field]
        return [field["title"] for field in self.declared if field not in there]


def _titles(field: dict[str, Any]) -> list[str]:
    return [field["title"], *field["others"]]


async def fields_of(visit: Visit, action: dict[str, Any]) -> Fields:
    """Return the fields of an action's rows; none where they did not come as a file."""
    row_type = visit.catalog.row_type_of_file(action)
    offered = (await visit.api.get("/v1/imports"))["data"] if row_type else []
    return Fields(next((each["fields"] for each in offered if each["row_type"] == row_type), []))
