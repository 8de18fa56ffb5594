"""The audit log's vocabulary: the one word for everything that can happen, how it went, and how it came in."""

from enum import StrEnum
from typing import Literal

from tallykeep.core.nouns import NOUN_NAMES

Outcome = Literal["success", "failed", "refused"]
Door = Literal["api", "dashboard", "worker", "server"]

_RESOURCE_TYPES = {
    "action": "async_action", "schema": "metadata_schema", "definition": "metadata_definition", "token": "access_token",
}  # fmt: skip


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
    CUSTOMER_ERASE = "customer.erase"
    CUSTOMER_EXPORT = "customer.export"  # which changes nothing, but is of weight
    PRODUCT_CREATE = "product.create"
    PRODUCT_UPDATE = "product.update"
    PRODUCT_DELETE = "product.delete"
    SKU_CREATE = "sku.create"
    SKU_UPDATE = "sku.update"
    SKU_DELETE = "sku.delete"
    ORDER_CREATE = "order.create"
    ORDER_UPDATE = "order.update"
    BIN_ENTRY_DELETE = "bin_entry.delete"
    PROJECT_CREATE = "project.create"
    PROJECT_UPDATE = "project.update"
    PROJECT_DELETE = "project.delete"
    SCHEMA_CREATE = "schema.create"
    SCHEMA_UPDATE = "schema.update"
    SCHEMA_DELETE = "schema.delete"
    DEFINITION_REMOVE = "definition.remove"
    DEFINITION_RESTORE = "definition.restore"
    DEFINITION_PURGE = "definition.purge"
    KEY_CREATE = "key.create"
    KEY_UPDATE = "key.update"
    KEY_ROTATE = "key.rotate"
    KEY_REVOKE = "key.revoke"
    TOKEN_ISSUE = "token.issue"  # noqa: S105 - a name
    TOKEN_REVOKE = "token.revoke"  # noqa: S105 - a name
    WEBHOOK_CREATE = "webhook.create"
    WEBHOOK_UPDATE = "webhook.update"
    WEBHOOK_DELETE = "webhook.delete"
    WEBHOOK_ROTATE_SECRET = "webhook.rotate_secret"  # noqa: S105 - a name  # pragma: allowlist secret
    WEBHOOK_TEST = "webhook.test"
    DELIVERY_RESEND = "delivery.resend"

    # Of a noun without lines of its own: its changes.
    _ignore_ = "_noun _change _name"
    for _noun in NOUN_NAMES:
        for _change in _noun.changes:
            _name = f"{_noun.singular}_{_change}".upper()
            if _name not in vars():
                vars()[_name] = f"{_noun.singular}.{_change}"

    @property
    def resource_type(self) -> str | None:
        """Return the type of the resource that the event is about, as errors name it; None for reading."""
        if self is Event.READ:
            return None
        concerned = self.value.partition(".")[0]
        return _RESOURCE_TYPES.get(concerned, concerned)
