"""Projects, as they are shown and created."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Time

_Name = Annotated[str, Field(description="1 to 100 characters.")]
_Timezone = Annotated[
    str | None, Field(description="A time zone of the IANA database, or one like GMT+2; UTC if left out.")
]
_Currency = Annotated[str | None, Field(description="A code of ISO 4217.")]
_DialCode = Annotated[str | None, Field(description="A country's dial code; kept and shown.")]
_Quota = Annotated[int, Field(ge=1, le=1_000_000_000_000)] | None
_ActionId = Annotated[str, Field(description="The action that deletes the project.")]


class ClientSettings(TypedDict, total=False):
    """Settings that are kept and shown, without effect."""

    client_trusted_domains: list[str]
    client_redeem_enabled: bool
    client_publish_enabled: bool
    client_list_vouchers_enabled: bool
    client_create_customer_enabled: bool
    client_loyalty_events_enabled: bool
    client_set_voucher_expiration_date_enabled: bool


class Quotas(TypedDict, total=False):
    """A project's own quotas. Where one is null, the server's setting holds, if there is one."""

    rows_per_day: Annotated[_Quota, Field(description="Rows that it may submit a day, in UTC.")]
    stored_rows: Annotated[_Quota, Field(description="Resources that it may have, about.")]
    open_actions: Annotated[_Quota, Field(description="Actions that may be unfinished.")]


class ProjectSettings(ClientSettings, total=False):
    """What is chosen of a project beside its name."""

    description: Annotated[str | None, Field(description="At most 1,000 characters.")]
    timezone: _Timezone
    currency: _Currency
    dial_code: _DialCode
    case_sensitive_codes: Literal[True]
    api_version: Literal["v2018-08-01"]
    webhook_version: Literal["v2024-01-01"]
    cluster_id: Annotated[str | None, Field(description="Without effect.")]
    api_usage_notifications: Annotated[dict[str, Any] | None, Field(description="Without effect.")]
    webhooks_callout_notifications: Annotated[dict[str, Any] | None, Field(description="Without effect.")]
    quotas: Annotated[
        Quotas | None, Field(description="For owners' keys. Those left out stay; null is what the settings say.")
    ]


class NewProject(ProjectSettings):
    """A project to create."""

    name: _Name


class ProjectUpdate(ProjectSettings, total=False):
    """What to change of a project; what is left out stays."""

    name: _Name


class StartedDeletion(TypedDict):
    """The deletion that is under way."""

    async_action_id: _ActionId
    started_at: Time


class Project(TypedDict):
    """A project; what begins with `client_` has no effect."""

    id: str
    name: str
    description: str
    timezone: str
    currency: str | None
    dial_code: str | None
    api_version: str
    case_sensitive_codes: bool
    is_sandbox: bool
    client_trusted_domains: list[str]
    client_redeem_enabled: bool
    client_publish_enabled: bool
    client_list_vouchers_enabled: bool
    client_create_customer_enabled: bool
    client_loyalty_events_enabled: bool
    client_set_voucher_expiration_date_enabled: bool
    quotas: Quotas
    created_at: Time
    deletion: Annotated[StartedDeletion | None, Field(description="Set while it is being deleted.")]


class ServerSideKey(TypedDict):
    """An application key with its token, which is shown only once."""

    app_id: str
    app_token: str


class ManagementKey(TypedDict):
    """A key of the management API with its token, which is shown only once."""

    management_id: str
    management_token: str


class CreatedProject(Project):
    """A new project, with its first keys."""

    server_side_key: ServerSideKey
    client_side_key: Annotated[None, Field(description="There are no keys for clients.")]
    management_key: ManagementKey


class ProjectList(TypedDict):
    """The projects that the key reaches."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[Project]
    total: int


class ProjectUsage(TypedDict):
    """How much a project holds."""

    object: Literal["project_usage"]
    project_id: str
    counts: Annotated[dict[str, int], Field(description="Of vouchers, campaigns, customers, and so on.")]
    at_least: Annotated[
        list[str], Field(description="The kinds that were counted no further than `max_counted`: there may be more.")
    ]
    max_counted: Annotated[int, Field(description="How far each kind is counted.")]
    total: Annotated[int, Field(description="The sum of the counts.")]


class ProjectDeletion(TypedDict):
    """A project's deletion: how far it is, or what became of it."""

    object: Literal["project_deletion"]
    project_id: str
    project_name: str
    async_action_id: _ActionId
    requested_by: Annotated[str | None, Field(description="The key that asked for it.")]
    status: Literal["ENQUEUED", "IN_PROGRESS", "DONE", "FAILED"]
    counted: Annotated[bool, Field(description="Whether all rows were counted; until then `total_count` grows.")]
    total_count: Annotated[
        int,
        Field(
            description="Rows that there were, of all kinds; the project is one. Those that were deleted by actions"
            " which were given up count, too."
        ),
    ]
    done_count: Annotated[int, Field(description="Rows that were deleted, by this action and those before it.")]
    failed_count: int
    reason: Annotated[str | None, Field(description="Why it ended early, or why it is being tried again.")]
    started_at: Time
    deleted_at: Annotated[Time | None, Field(description="When nothing was left of it.")]
