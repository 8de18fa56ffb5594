"""The API's catalog: the labels of action types and row types, and the resources that have pages."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fastapi import FastAPI

from tallykeep.dashboard.kit.api_client import Api


@dataclass(frozen=True)
class Catalog:
    """The answer of /v1/catalog, which is the same for everybody until the server is another."""

    answer: dict[str, Any]

    @cached_property
    def action_types(self) -> dict[str, dict[str, Any]]:
        """The action types by name."""
        return {each["type"]: each for each in self.answer["action_types"]}

    @cached_property
    def type_labels(self) -> dict[str, str]:
        """The labels of action types."""
        return {name: each["label"] for name, each in self.action_types.items()}

    @cached_property
    def row_types(self) -> dict[str, str]:
        """The labels of row types."""
        return {each["row_type"]: each["label"] for each in self.answer["row_types"]}

    @cached_property
    def resource_types(self) -> dict[str, dict[str, Any]]:
        """The types of resources that have pages of the general kind."""
        return {each["resource_type"]: each for each in self.answer["resource_types"]}

    @cached_property
    def reading(self) -> tuple[str, ...]:
        """The permissions to see the resources that have pages."""
        return ("vouchers.read", *(f"{name}.read" for name in self.resource_types))

    @cached_property
    def purged(self) -> dict[str, str]:
        """The resources whose metadata can be purged, and what they are called."""
        nouns = [each["noun"] for name, each in self.action_types.items() if name.endswith(".METADATA_KEY_PURGE")]
        return {noun: f"{noun.capitalize()}s" for noun in nouns}

    def type_of(self, action: dict[str, Any]) -> str:
        """Return the label of the action's type."""
        return self.type_labels.get(action["type"], str(action["type"]))

    def has_file(self, action: dict[str, Any]) -> bool:
        """Whether rows were sent, rather than planned here, and so can be given back."""
        return self._source(action) not in (None, "planned")

    def fixable(self, action: dict[str, Any]) -> bool:
        """Whether its failed rows can be edited: they came as cells of a file, or as JSON objects."""
        return self._source(action) in ("csv", "json")

    def row_type_of_file(self, action: dict[str, Any]) -> str | None:
        """The type of the rows of its file; None where there was no such."""
        return self.action_types[action["type"]]["row_type"] if self._source(action) == "csv" else None

    def permission_for(self, action: dict[str, Any]) -> str:
        """Return the permission that it takes to retry the action."""
        known = self.action_types.get(action["type"], {})
        return str(known.get("permission", ""))

    def permission_for_rows(self, row_type: str) -> str:
        """Return the permission that it takes to import rows of this type."""
        return next(str(each["permission"]) for each in self.action_types.values() if each["row_type"] == row_type)

    def written_by(self, action: dict[str, Any]) -> str | None:
        """Return the resource type that the action writes."""
        return self.action_types.get(action["type"], {}).get("written")

    def _source(self, action: dict[str, Any]) -> str | None:
        return self.action_types.get(action["type"], {}).get("source")


async def catalog_of(app: FastAPI, api: Api) -> Catalog:
    """Return the catalog, which is asked for once."""
    if app.state.catalog is None:
        app.state.catalog = Catalog(await api.get("/v1/catalog"))
    known: Catalog = app.state.catalog
    return known
