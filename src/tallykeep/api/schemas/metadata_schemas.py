"""Metadata schemas."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Time

DefinitionType = Annotated[str, Field(description="string, number, boolean, date, datetime, geopoint, object, …")]


class Limits(TypedDict, total=False):
    """The rules for a value that both spellings of a definition share."""

    eq: list[Any]
    ne: list[Any]
    lt: float
    lte: float
    gt: float
    gte: float


class Definition(Limits):
    """The definition of a metadata key: the rules for its values."""

    type: DefinitionType
    array: bool
    optional: bool
    deleted: NotRequired[bool]
    object_type: NotRequired[str | None]
    min_length: NotRequired[int]
    max_length: NotRequired[int]
    exact_length: NotRequired[int]


class CamelDefinition(Limits):
    """A definition as the older endpoints name its keys."""

    type: DefinitionType
    array: bool
    optional: bool
    deleted: NotRequired[bool]
    objectType: NotRequired[str | None]
    minLength: NotRequired[int]
    maxLength: NotRequired[int]
    exactLength: NotRequired[int]


class SchemaBase(TypedDict):
    """The fields of every metadata schema."""

    id: str
    related_object: Annotated[str, Field(description="voucher, campaign, customer, product, order, …")]
    allow_defined_only: Annotated[bool, Field(description="Whether keys without a definition are refused.")]
    created_at: Time
    updated_at: Time | None
    object: Literal["metadata_schema"]


class ManagedSchema(SchemaBase):
    """A metadata schema as the management endpoints show it."""

    properties: dict[str, Definition]


class MetadataSchema(SchemaBase):
    """A metadata schema."""

    properties: dict[str, CamelDefinition]


class MetadataSchemaList(TypedDict):
    """All metadata schemas of the project."""

    object: ListObject
    data_ref: Literal["schemas"]
    schemas: list[MetadataSchema]
    total: int


class ManagedSchemaList(TypedDict):
    """All metadata schemas of the project."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[ManagedSchema]
    total: int


class DefinitionInput(Limits, total=False):
    """A definition to be made or overwritten."""

    type: DefinitionType
    array: bool
    optional: bool
    deleted: bool
    object_type: str | None
    min_length: int
    max_length: int
    exact_length: int


class _SchemaOptions(TypedDict, total=False):
    allow_defined_only: bool


class SchemaUpdate(_SchemaOptions, total=False):
    """Definitions to be added or overwritten; those left out stay."""

    properties: dict[str, DefinitionInput]


class NewSchema(_SchemaOptions):
    """A metadata schema to be created."""

    related_object: str
    properties: dict[str, DefinitionInput]


class KeyUsage(TypedDict):
    """How many resources carry a key."""

    object: Literal["metadata_key_usage"]
    related_object: str
    key: str
    total: int


class UsedKey(TypedDict):
    """A key, and how many resources carry it."""

    key: str
    total: int


class KeyUsageList(TypedDict):
    """Keys in use, most used first."""

    object: ListObject
    data_ref: Literal["keys"]
    related_object: str
    scanned: Annotated[int, Field(description="How many resources were counted: the newest ones.")]
    complete: bool
    keys: list[UsedKey]
