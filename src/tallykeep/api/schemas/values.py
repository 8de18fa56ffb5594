"""Values that many answers hold, and the shape of errors."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.resources.fields.json_types import Metadata, Time

__all__ = [
    "AcceptedAction",
    "EmptyList",
    "Error",
    "FieldFilter",
    "ListObject",
    "Metadata",
    "NextPage",
    "Time",
    "TimeInput",
]

TimeInput = Annotated[str, Field(description="A date, or a date with a time: 2026-01-31 or 2026-01-31T12:00:00Z.")]
NextPage = Annotated[
    str | None, Field(description="Send it as `starting_after_id` for the next page; null on the last one.")
]
ListObject = Literal["list"]


class Error(TypedDict):
    """An error: what is wrong, where, and what to do. Quote `request_id` when you ask your server's operator."""

    code: Annotated[int, Field(description="The HTTP status.")]
    key: Annotated[str, Field(description="The type of error, for programs.")]
    message: str
    details: Annotated[str, Field(description="What exactly is wrong, for people.")]
    request_id: str
    resource_id: NotRequired[str]
    resource_type: NotRequired[str]
    statusCode: NotRequired[Annotated[int, Field(description="With 413 only: the same as `code`.")]]
    error: NotRequired[Annotated[str, Field(description="With 413 only: the same as `message`.")]]


class AcceptedAction(TypedDict):
    """The action that was started; GET /v1/async-actions/{id} shows it."""

    async_action_id: str


class EmptyList(TypedDict):
    """A list that the reference API has here; always empty."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[Any]
    total: int


class FieldFilter(TypedDict):
    """The conditions that a field has to meet for a resource to be listed."""

    conditions: Annotated[dict[str, str], Field(description='A condition and its value, such as {"$is": "x"}.')]
