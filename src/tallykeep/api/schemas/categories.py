"""Categories."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Time

Hierarchy = Annotated[int, Field(description="Decides which of two categories comes first.")]


class Category(TypedDict):
    """A category."""

    id: str
    name: str
    hierarchy: Hierarchy
    created_at: Time
    updated_at: NotRequired[Time]
    object: Literal["category"]


class CategoryList(TypedDict):
    """All categories of the project, newest first."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[Category]
    total: int


class CategoryUpdate(TypedDict, total=False):
    """The changes to a category."""

    name: str
    hierarchy: Hierarchy


class NewCategory(TypedDict):
    """A category to be created."""

    name: str
    hierarchy: NotRequired[Hierarchy]
