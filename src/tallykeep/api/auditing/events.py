"""Which event each route that changes something is. A test holds that none is left out."""

import re
from typing import Any

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.catalog.nouns import NOUNS
from tallykeep.core.audit.events import Event
from tallykeep.resources.upserts.spec import UpsertSpec

PATH = "path_of_route"  # in the state of a request that is served without a route

_CONVERTER = re.compile(r":\w+\}")

_ACTIONS, _VOUCHERS, _CAMPAIGNS, _CATEGORIES = "/v1/async-actions", "/v1/vouchers", "/v1/campaigns", "/v1/categories"
_DEFINITION = "/v1/metadata-schemas/{resource}/definitions/{key}"
_PROJECTS = "/management/v1/projects"
_PROJECT = f"{_PROJECTS}/{{project_id}}"
_SCHEMAS, _WEBHOOKS = f"{_PROJECT}/metadata-schemas", f"{_PROJECT}/webhooks"
_SKUS = "/v1/products/{product_id}/skus"


def _of_noun(spec: UpsertSpec) -> dict[tuple[str, str], Event]:
    """Return the events of the changing endpoints that a noun declares."""
    all_of, one = f"/v1/{spec.plural}", f"/v1/{spec.plural}/{{{spec.noun}_id}}"
    routes = {"create": ("POST", all_of), "update": ("PUT", one), "delete": ("DELETE", one)}
    return {route: Event(f"{spec.noun}.{name}") for name, route in routes.items() if name in spec.endpoints}


EVENTS: dict[tuple[str, str], Event] = {
    **{("POST", each.path): Event.ACTION_SUBMIT for each in ACTION_TYPES.values() if each.source != "planned"},
    **{route: event for noun in NOUNS for route, event in _of_noun(noun.spec).items()},
    ("POST", f"{_ACTIONS}/cancel"): Event.ACTION_CANCEL,
    ("POST", f"{_ACTIONS}/retry"): Event.ACTION_RETRY,
    ("POST", f"{_ACTIONS}/{{action_id}}/cancel"): Event.ACTION_CANCEL,
    ("POST", f"{_ACTIONS}/{{action_id}}/retry"): Event.ACTION_RETRY,
    ("POST", _VOUCHERS): Event.VOUCHER_CREATE,
    ("POST", f"{_VOUCHERS}/{{code}}"): Event.VOUCHER_CREATE,
    ("PUT", f"{_VOUCHERS}/{{code}}"): Event.VOUCHER_UPDATE,
    ("DELETE", f"{_VOUCHERS}/{{code}}"): Event.VOUCHER_DELETE,
    ("POST", f"{_VOUCHERS}/{{code}}/enable"): Event.VOUCHER_ENABLE,
    ("POST", f"{_VOUCHERS}/{{code}}/disable"): Event.VOUCHER_DISABLE,
    ("POST", _CAMPAIGNS): Event.CAMPAIGN_CREATE,
    ("PUT", f"{_CAMPAIGNS}/{{campaign_id}}"): Event.CAMPAIGN_UPDATE,
    ("DELETE", f"{_CAMPAIGNS}/{{campaign_id}}"): Event.CAMPAIGN_DELETE,
    ("POST", f"{_CAMPAIGNS}/{{campaign_id}}/enable"): Event.CAMPAIGN_ENABLE,
    ("POST", f"{_CAMPAIGNS}/{{campaign_id}}/disable"): Event.CAMPAIGN_DISABLE,
    ("POST", f"{_CAMPAIGNS}/{{campaign_id}}/vouchers"): Event.CAMPAIGN_ADD_VOUCHERS,
    ("POST", f"{_CAMPAIGNS}/{{campaign_id}}/vouchers/{{code}}"): Event.CAMPAIGN_ADD_VOUCHERS,
    ("POST", _CATEGORIES): Event.CATEGORY_CREATE,
    ("PUT", f"{_CATEGORIES}/{{category_id}}"): Event.CATEGORY_UPDATE,
    ("DELETE", f"{_CATEGORIES}/{{category_id}}"): Event.CATEGORY_DELETE,
    ("POST", "/v1/customers/{customer_id}/permanent-deletion"): Event.CUSTOMER_ERASE,
    ("DELETE", "/v1/products/{product_id}"): Event.PRODUCT_DELETE,
    ("POST", _SKUS): Event.SKU_CREATE,
    ("PUT", f"{_SKUS}/{{sku_id}}"): Event.SKU_UPDATE,
    ("DELETE", f"{_SKUS}/{{sku_id}}"): Event.SKU_DELETE,
    ("DELETE", "/v1/trash-bin/{entry_id}"): Event.BIN_ENTRY_DELETE,
    ("POST", _PROJECTS): Event.PROJECT_CREATE,
    ("PUT", _PROJECT): Event.PROJECT_UPDATE,
    ("DELETE", _PROJECT): Event.PROJECT_DELETE,
    ("POST", _SCHEMAS): Event.SCHEMA_CREATE,
    ("PUT", f"{_SCHEMAS}/{{schema_id}}"): Event.SCHEMA_UPDATE,
    ("DELETE", f"{_SCHEMAS}/{{schema_id}}"): Event.SCHEMA_DELETE,
    ("DELETE", _DEFINITION): Event.DEFINITION_REMOVE,
    ("POST", f"{_DEFINITION}/restore"): Event.DEFINITION_RESTORE,
    ("POST", f"{_DEFINITION}/purge"): Event.DEFINITION_PURGE,
    ("POST", "/v1/keys"): Event.KEY_CREATE,
    ("PUT", "/v1/keys/{key_id}"): Event.KEY_UPDATE,
    ("POST", "/v1/keys/{key_id}/rotate"): Event.KEY_ROTATE,
    ("DELETE", "/v1/keys/{key_id}"): Event.KEY_REVOKE,
    ("POST", "/v1/oauth/token"): Event.TOKEN_ISSUE,
    ("POST", "/v1/oauth/token/revoke"): Event.TOKEN_REVOKE,
    ("POST", "/v2/oauth/token"): Event.TOKEN_ISSUE,
    ("POST", _WEBHOOKS): Event.WEBHOOK_CREATE,
    ("PUT", f"{_WEBHOOKS}/{{webhook_id}}"): Event.WEBHOOK_UPDATE,
    ("DELETE", f"{_WEBHOOKS}/{{webhook_id}}"): Event.WEBHOOK_DELETE,
    ("POST", f"{_WEBHOOKS}/{{webhook_id}}/secret"): Event.WEBHOOK_ROTATE_SECRET,
    ("POST", f"{_WEBHOOKS}/{{webhook_id}}/test"): Event.WEBHOOK_TEST,
    ("POST", f"{_WEBHOOKS}/{{webhook_id}}/deliveries/{{event_id}}/resend"): Event.DELIVERY_RESEND,
}

# Reading that has an entry all the same.
READINGS: dict[tuple[str, str], Event] = {
    ("GET", "/v1/customers/{customer_id}/personal-data"): Event.CUSTOMER_EXPORT,
}

# Asked with other methods than GET, and changing nothing.
CHANGE_NOTHING = frozenset({("POST", "/v1/imports/preview"), ("POST", "/v1/oauth/introspect")})


def path_of(scope: Any) -> str:
    """Return the path of the route that serves a request, with parameters by name; without a route its own path."""
    route = scope.get("route")
    path: str = scope["state"].get(PATH, scope["path"]) if route is None else bare_path(route.path)
    return path


def bare_path(path: str) -> str:
    """Return a route's path without the types of its parameters."""
    return _CONVERTER.sub("}", path)


def event_of(scope: Any) -> Event:
    """Return what a request is about; what changes nothing is reading, if it is not one of `READINGS`."""
    route = scope["method"], path_of(scope)
    return EVENTS.get(route) or READINGS.get(route, Event.READ)
