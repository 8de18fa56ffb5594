"""The bin."""

from typing import Literal

from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, NextPage, Time


class BinEntry(TypedDict):
    """A resource that was deleted without `force`."""

    id: str
    created_at: Time
    deleted_by_user_id: str | None
    resource_id: str
    resource_type: str
    resource_name: str | None
    resource_parent_id: str | None
    object: str


class BinList(TypedDict):
    """One page of the bin."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[BinEntry]
    total: int
    has_more: bool
    more_starting_after: NextPage
