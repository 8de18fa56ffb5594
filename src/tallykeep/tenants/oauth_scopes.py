"""Scopes of OAuth, as both versions of the wire format write them: texts with blanks between.

Those of version 1 are the reference API's (reference: schema OAuthTokenGenerateRequestBody); each stands for the paths
that begin with it. Those of version 2 are permissions.
"""

from collections.abc import Mapping

from tallykeep.core.errors import RequestError
from tallykeep.tenants.permissions import BY_CODE, Permission

ALL = "api"  # everything that the key may do

# What is here of the reference API's scopes; a product's SKUs stand below it.
_PERMISSIONS: Mapping[str, tuple[Permission, ...]] = {
    "async-actions": (Permission.ASYNC_ACTIONS_READ, Permission.ASYNC_ACTIONS_MANAGE),
    "campaigns": (Permission.CAMPAIGNS_READ, Permission.CAMPAIGNS_WRITE),
    "categories": (Permission.CATEGORIES_READ, Permission.CATEGORIES_WRITE),
    # Their export is ours alone, and shows orders and the audit log, too: of these scopes only `api` has it.
    "customers": (Permission.CUSTOMERS_READ, Permission.CUSTOMERS_WRITE, Permission.CUSTOMERS_ERASE),
    "exports": (Permission.EXPORTS_READ,),
    "metadata-schemas": (Permission.METADATA_SCHEMAS_READ, Permission.METADATA_SCHEMAS_MANAGE),
    "orders": (Permission.ORDERS_READ, Permission.ORDERS_WRITE),
    "products": (
        Permission.PRODUCTS_READ, Permission.PRODUCTS_WRITE, Permission.SKUS_READ, Permission.SKUS_WRITE,
    ),
    "skus": (Permission.SKUS_READ, Permission.SKUS_WRITE),
    "templates": (Permission.CATALOG_READ,),
    "trash-bin": (Permission.TRASH_BIN_READ, Permission.TRASH_BIN_MANAGE),
    "vouchers": (Permission.VOUCHERS_READ, Permission.VOUCHERS_WRITE),
}  # fmt: skip
# Scopes that are known, and permit nothing here.
_OF_NOTHING = frozenset(
    [
        "assets",
        "client_api",
        "client_consents",
        "client_customers",
        "client_events",
        "client_promotions",
        "client_publish",
        "client_qualifications",
        "client_redeem",
        "client_redemptions",
        "client_validate",
        "client_validations",
        "client_vouchers",
        "consents",
        "events",
        "locations",
        "loyalties",
        "product-collections",
        "promotions",
        "publications",
        "qualifications",
        "redemptions",
        "referrals",
        "rewards",
        "segments",
        "task-results",
        "validation-rules-assignments",
        "validation-rules",
        "validations",
    ]
)
V1_SCOPES = frozenset({ALL, *_PERMISSIONS, *_OF_NOTHING})


class InvalidScopeError(RequestError):
    """A scope that is not known, or goes beyond what the key may do."""

    key = "invalid_scope"

    def __init__(self, details: str, scopes: list[str]) -> None:
        super().__init__(details, message=f"Invalid scope: {' '.join(scopes)}")


def read_v1_scope(text: str) -> frozenset[Permission] | None:
    """Return the permissions that scopes of version 1 stand for, None for all of the key's; raise InvalidScopeError."""
    scopes = text.split()
    if unknown := [scope for scope in scopes if scope not in V1_SCOPES]:
        raise InvalidScopeError(f"Known are, with blanks between them, {', '.join(sorted(V1_SCOPES))}", unknown)
    if ALL in scopes:
        return None
    return frozenset(permission for scope in scopes for permission in _PERMISSIONS.get(scope, ()))


def read_v2_scope(text: str | None, permitted: frozenset[Permission]) -> frozenset[Permission]:
    """Return the permissions that a scope of version 2 names, all that are permitted where there is none.

    Raises InvalidScopeError for one that is not known or not permitted.
    """
    if text is None:
        return permitted
    scopes = text.split()
    if unknown := [scope for scope in scopes if scope not in BY_CODE]:
        raise InvalidScopeError(f"there is no permission {' '.join(unknown)}", unknown)
    if beyond := [scope for scope in scopes if BY_CODE[scope] not in permitted]:
        raise InvalidScopeError(f"the key lacks {' '.join(beyond)}", beyond)
    return frozenset(BY_CODE[scope] for scope in scopes)
