"""The catalog as clients read it: the names of things for people, and their endpoints."""

from functools import cache
from typing import Annotated, Any, Literal, get_origin

from pydantic import Field as Described
from typing_extensions import TypedDict

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.catalog.exports import LIST_FILES
from tallykeep.catalog.nouns import NOUNS, Noun
from tallykeep.catalog.row_types import ROW_TYPES
from tallykeep.core.action_type import ActionType
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.json_types import Time
from tallykeep.resources.upserts.spec import UpsertSpec
from tallykeep.tenants.permissions import Permission

ValueType = Literal["text", "amount", "number", "time", "list"]


class ActionTypeShown(TypedDict):
    """An action type."""

    type: str
    label: Annotated[str, Described(description="What people call it.")]
    source: Annotated[str, Described(description="How its rows come: csv, json, ids; or planned, without any.")]
    noun: str
    row_type: Annotated[str | None, Described(description="The type of its rows, in /v1/imports.")]
    written: Annotated[str, Described(description="What it writes: vouchers, campaigns, or a resource type.")]
    permission: Annotated[str, Described(description="The one that it takes to submit or to retry one.")]


class RowTypeShown(TypedDict):
    """A type of rows that can be imported."""

    row_type: str
    label: str


class ColumnShown(TypedDict):
    """A column of short lists of resources."""

    path: Annotated[list[str], Described(description="Where the answer has it.")]
    value_type: ValueType


class ResourceTypeShown(TypedDict):
    """A type of resources that has a list at /v1/{resource_type}."""

    resource_type: str
    noun: str
    label: str
    searched: Annotated[list[str], Described(description="The filters that find one by what people know of it.")]
    columns: list[ColumnShown]
    has_file: Annotated[bool, Described(description="Whether the list can be had as a file.")]


class Catalog(TypedDict):
    """The catalog: action types, row types and resources."""

    object: Literal["catalog"]
    action_types: list[ActionTypeShown]
    row_types: list[RowTypeShown]
    resource_types: list[ResourceTypeShown]


@cache
def contents() -> Catalog:
    """Return the catalog in wire format; it is the same for everybody, until the server is another."""
    return {
        "object": "catalog",
        "action_types": list(map(_action_type, ACTION_TYPES.values())),
        "row_types": [{"row_type": each.name, "label": each.label} for each in ROW_TYPES.values()],
        "resource_types": [_resource_type(noun) for noun in NOUNS if "list" in noun.spec.endpoints],
    }


def _action_type(action_type: ActionType) -> ActionTypeShown:
    row_types = (each.name for each in ROW_TYPES.values() if action_type in (each.csv, each.json))
    return {
        "type": action_type.name,
        "label": action_type.label,
        "source": action_type.source,
        "noun": action_type.noun,
        "row_type": next(row_types, None),
        "written": _written(action_type),
        "permission": submits(action_type).value,
    }


def submits(action_type: ActionType) -> Permission:
    """Return the permission that it takes to submit an action of this type, or to retry one."""
    if action_type.erases:
        return Permission.CUSTOMERS_ERASE
    noun = action_type.path.split("/")[2]
    if noun == "metadata-schemas":
        return Permission.METADATA_SCHEMAS_MANAGE
    return Permission[f"{noun.replace('-', '_').upper()}_WRITE"]


def _written(action_type: ActionType) -> str:
    """Return the resource type that the action writes, as far as it has a list: SKUs are listed with products."""
    plural = action_type.name.partition(".")[0].lower()
    spec = next((noun.spec for noun in NOUNS if noun.spec.plural == plural), None)
    if spec is not None and "list" not in spec.endpoints and spec.parent_key is not None:
        return f"{spec.parent_key.removesuffix('_id')}s"
    return {"campaign": "campaigns"}.get(plural, plural)


def _resource_type(noun: Noun) -> ResourceTypeShown:
    spec = noun.spec
    return {
        "resource_type": spec.plural,
        "noun": spec.noun,
        "label": spec.plural_title,
        "searched": ["source_id", *(name for field in spec.fields if field.searched for name in field.filters)],
        "columns": _columns(spec),
        "has_file": spec.plural in LIST_FILES,
    }


def _columns(spec: UpsertSpec) -> list[ColumnShown]:
    return [{"path": field.path.split("."), "value_type": _value_type(field)} for field in spec.fields
            if field.in_summary]  # fmt: skip


def _value_type(field: Field) -> ValueType:
    types: dict[Any, ValueType] = {int: "number", Time: "time", list: "list"}
    json_type = field.json_type if field.json_type in types else get_origin(field.json_type)
    return "amount" if field.is_amount else types.get(json_type, "text")
