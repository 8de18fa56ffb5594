"""Keys of a project."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Time
from tallykeep.tenants.projects import KeyKind


class Key(TypedDict):
    """A key, without its token."""

    id: str
    kind: KeyKind
    name: str
    created_at: Time
    current: Annotated[bool, Field(description="Whether it is the key of this request.")]
    object: Literal["key"]


class CreatedKey(Key):
    """A new key with its token, which is shown only once."""

    token: str


class KeyList(TypedDict):
    """The project's keys, oldest first."""

    object: ListObject
    data_ref: Literal["keys"]
    keys: list[Key]
    total: int


class NewKey(TypedDict, total=False):
    """A key to create."""

    name: Annotated[str, Field(description="What it is for: 1 to 100 characters.")]
    kind: Annotated[KeyKind, Field(json_schema_extra={"default": "app"})]
