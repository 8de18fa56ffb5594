"""The audit log's vocabulary: what its entries tell, and the one word for everything that can happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from tallykeep.core.ids import new_id

Outcome = Literal["success", "failed", "refused"]
Door = Literal["api", "dashboard", "worker", "server"]

_MAX_LENGTH = 200
_MAX_DETAILS = 20
_RESOURCE_TYPES = {"action": "async_action", "schema": "metadata_schema", "definition": "metadata_definition"}


class Event(StrEnum):
    """Everything that an entry can be about: what it concerns, and what is done to that.

    Names are never changed or used for something else: entries of many years are searched by them.
    """

    READ = "read"  # of whatever there is to read; only refusals have entries
    ACTION_SUBMIT = "action.submit"
    ACTION_RETRY = "action.retry"
    ACTION_CANCEL = "action.cancel"
    ACTION_END = "action.end"
    VOUCHER_CREATE = "voucher.create"
    VOUCHER_UPDATE = "voucher.update"
    VOUCHER_ENABLE = "voucher.enable"
    VOUCHER_DISABLE = "voucher.disable"
    VOUCHER_DELETE = "voucher.delete"
    CAMPAIGN_CREATE = "campaign.create"
    CAMPAIGN_UPDATE = "campaign.update"
    CAMPAIGN_ENABLE = "campaign.enable"
    CAMPAIGN_DISABLE = "campaign.disable"
    CAMPAIGN_DELETE = "campaign.delete"
    CAMPAIGN_ADD_VOUCHERS = "campaign.add_vouchers"
    CATEGORY_CREATE = "category.create"
    CATEGORY_UPDATE = "category.update"
    CATEGORY_DELETE = "category.delete"
    CUSTOMER_CREATE = "customer.create"
    CUSTOMER_UPDATE = "customer.update"
    CUSTOMER_DELETE = "customer.delete"
    PRODUCT_CREATE = "product.create"
    PRODUCT_UPDATE = "product.update"
    PRODUCT_DELETE = "product.delete"
    SKU_CREATE = "sku.create"
    SKU_UPDATE = "sku.update"
    SKU_DELETE = "sku.delete"
    ORDER_CREATE = "order.create"
    ORDER_UPDATE = "order.update"
    BIN_ENTRY_DELETE = "bin_entry.delete"
    SCHEMA_CREATE = "schema.create"
    SCHEMA_UPDATE = "schema.update"
    SCHEMA_DELETE = "schema.delete"
    DEFINITION_REMOVE = "definition.remove"
    DEFINITION_RESTORE = "definition.restore"
    DEFINITION_PURGE = "definition.purge"
    KEY_CREATE = "key.create"
    KEY_REVOKE = "key.revoke"

    @property
    def resource_type(self) -> str | None:
        """Return the type of the resource that the event is about, as errors name it; None for reading."""
        if self is Event.READ:
            return None
        concerned = self.value.partition(".")[0]
        return _RESOURCE_TYPES.get(concerned, concerned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of the audit log, before it is chained. When it was is added by the database.

    `token_id` and `session_id` tell of a token, or of somebody signed in to the dashboard, where the key was used
    through one. `details` are few and short, and never what rows hold, nor anything secret.
    """

    project_id: int
    event: Event
    outcome: Outcome = "success"
    door: Door = "api"
    id: str = field(default_factory=lambda: new_id("log_"))
    key_id: str | None = None
    key_kind: str | None = None
    token_id: str | None = None
    session_id: str | None = None
    address: str | None = None
    request_id: str | None = None
    action_id: str | None = None
    resource_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def short(value: Any) -> Any:
    """Return a detail, or an id, as it is kept: cut to 200 characters; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    storable = value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return storable if len(storable) <= _MAX_LENGTH else storable[: _MAX_LENGTH - 1] + "…"


def short_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details that are known, each cut to 200 characters."""
    known = {name: short(value) for name, value in details.items() if value is not None}
    return dict(list(known.items())[:_MAX_DETAILS])
