"""Webhooks."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Time

Secret = Annotated[
    str, Field(description="What events are signed with. It is in this answer only, and never shown again.")
]
Events = Annotated[
    list[str],
    Field(
        min_length=1,
        max_length=200,
        description="async_action.started, async_action.failures_exceeded and async_action.ended of every type, or of"
        " one, such as async_action.vouchers.import_csv.ended.",
    ),
]
Threshold = Annotated[
    float,
    Field(
        ge=0,
        lt=100,
        description="Percent of an action's rows, from 0 to below 100: with more failed, it is failures_exceeded.",
    ),
]


class WebhookFields(TypedDict):
    """The fields of every webhook."""

    id: str
    object: Literal["webhook"]
    created_at: Time
    updated_at: Time
    target_url: str
    events: Events
    active: bool
    failure_threshold: Threshold
    failing_since: Annotated[Time | None, Field(description="Since when all attempts have failed; null if none has.")]
    disabled_reason: Annotated[str | None, Field(description="Why the server made it inactive; null if it did not.")]


class ManagedWebhook(WebhookFields):
    """A webhook, without its secret."""


class CreatedWebhook(WebhookFields):
    """A new webhook with its secret, which is shown only once."""

    secret: Secret


class RotatedWebhook(CreatedWebhook):
    """A webhook with its new secret, which is shown only once."""

    previous_secret_until: Annotated[
        Time, Field(description="Until then events carry a signature by the previous one, too.")
    ]


class ManagedWebhookList(TypedDict):
    """The project's webhooks, oldest first."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[ManagedWebhook]
    total: int


class _WebhookOptions(TypedDict, total=False):
    active: bool
    failure_threshold: Threshold


class NewWebhook(_WebhookOptions):
    """A webhook to be made, or what an existing one is to be."""

    target_url: Annotated[str, Field(description="An https:// or http:// URL of a public address.")]
    events: Events
