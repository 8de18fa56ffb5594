"""Deliveries of webhooks."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Time


class Attempt(TypedDict):
    """An attempt to deliver an event, and what became of it."""

    number: Annotated[int, Field(description="Counts the attempts, those before it was sent again too.")]
    at: Annotated[Time, Field(description="When it began.")]
    status: Annotated[int | None, Field(description="The HTTP status of the answer; null if there was none.")]
    error: Annotated[str | None, Field(description="Why it failed; null if it did not.")]


class Delivery(TypedDict):
    """An event on its way to one webhook."""

    id: Annotated[str, Field(description="The event's id, the same at every attempt: the header webhook-id.")]
    object: Literal["webhook_delivery"]
    event: str
    action_id: str | None
    status: Literal["PENDING", "DELIVERED", "GIVEN_UP"]
    attempts: Annotated[int, Field(description="How many were made in all, those before it was sent again too.")]
    last_status: Annotated[int | None, Field(description="The HTTP status of the last answer; null if there was none.")]
    last_error: str | None
    history: Annotated[
        list[Attempt],
        Field(
            description="The last 30 attempts, the newest last. One that is missing was cut off, or ended when another"
            " had begun."
        ),
    ]
    created_at: Time
    attempted_at: Time | None
    delivered_at: Time | None
    next_attempt_at: Annotated[
        Time | None, Field(description="When it comes again, at the earliest; null if it does not.")
    ]
    expires_at: Annotated[Time | None, Field(description="When it is given up; null if it is not pending.")]


class DeliveryList(TypedDict):
    """A page of a webhook's deliveries, newest first."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[Delivery]
    has_more: bool
