"""Permissions: what a route needs and a key may have, in one table, and the roles that stand for sets of them."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from tallykeep.core.nouns import NOUN_NAMES


class Role(StrEnum):
    """What a key is for; each role has the permissions of those before it, and its own.

    Owners manage the installation: all of its projects. They are keys of the management API.
    """

    READER = "reader"
    OPERATOR = "operator"
    ADMIN = "admin"
    OWNER = "owner"


def _of_nouns() -> Iterator[tuple[str, tuple[str, Role, str]]]:
    """The two permissions of each noun: the name of the member, and what stands in its line."""
    for noun in NOUN_NAMES:
        yield f"{noun.plural}_READ".upper(), (f"{noun.plural}.read", Role.READER, f"see {noun.plural}")
        yield f"{noun.plural}_WRITE".upper(), (f"{noun.plural}.write", Role.OPERATOR, noun.written)


class Permission(StrEnum):
    """A permission's code: what it is about, and what may be done to that.

    Beside the code stand the first role that has it, and what it permits, as documents and refusals put it.
    """

    role: Role
    meaning: str

    def __new__(cls, code: str, role: Role, meaning: str) -> "Permission":
        """Make a member of the table; called by its lines only."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.role = role
        member.meaning = meaning
        return member

    ASYNC_ACTIONS_READ = "async-actions.read", Role.READER, "follow actions; see and download their rows and failures"
    ASYNC_ACTIONS_MANAGE = (
        "async-actions.manage",
        Role.OPERATOR,
        "cancel actions, and retry those that one may submit",
    )
    AUDIT_LOG_READ = "audit-log.read", Role.ADMIN, "see who did what, and what was refused to whom"
    CAMPAIGNS_READ = "campaigns.read", Role.READER, "see campaigns"
    CAMPAIGNS_WRITE = "campaigns.write", Role.OPERATOR, "create, change and delete campaigns, with their vouchers"
    CATALOG_READ = "catalog.read", Role.READER, "see what can be imported, and its templates"
    CATEGORIES_READ = "categories.read", Role.READER, "see categories"
    CATEGORIES_WRITE = "categories.write", Role.OPERATOR, "create, change and delete categories"
    CUSTOMERS_ERASE = "customers.erase", Role.ADMIN, "delete a customer permanently, with all that was sent about them"
    CUSTOMERS_EXPORT = "customers.export", Role.ADMIN, "export all that is stored about one customer"
    CUSTOMERS_READ = "customers.read", Role.READER, "see customers"
    CUSTOMERS_WRITE = "customers.write", Role.OPERATOR, "import, create, change and delete customers"
    EXPORTS_READ = "exports.read", Role.READER, "download whole lists of what one may see"
    IMPORTS_PREVIEW = "imports.preview", Role.READER, "preview files, which also says which of their rows are known"
    INSTALLATION_MANAGE = "installation.manage", Role.OWNER, "create projects; see, change and delete all of them"
    KEYS_READ = "keys.read", Role.ADMIN, "see access keys, without their tokens"
    KEYS_MANAGE = "keys.manage", Role.ADMIN, "create, change, rotate and revoke access keys"
    METADATA_SCHEMAS_READ = "metadata-schemas.read", Role.READER, "see metadata schemas, and which keys are in use"
    METADATA_SCHEMAS_MANAGE = (
        "metadata-schemas.manage",
        Role.ADMIN,
        "define metadata, remove definitions, purge metadata keys",
    )
    ORDERS_READ = "orders.read", Role.READER, "see orders"
    ORDERS_WRITE = "orders.write", Role.OPERATOR, "import, create and change orders, with what stands inside them"
    PRODUCTS_READ = "products.read", Role.READER, "see products, with their SKUs"
    PRODUCTS_WRITE = "products.write", Role.OPERATOR, "import, create, change and delete products"
    PROJECTS_READ = "projects.read", Role.READER, "see the project, and sign in to the dashboard"
    PROJECTS_MANAGE = "projects.manage", Role.ADMIN, "change the project, and delete it with all that it holds"
    SERVER_READ = "server.read", Role.READER, "see how the server is"
    SKUS_READ = "skus.read", Role.READER, "see SKUs"
    SKUS_WRITE = "skus.write", Role.OPERATOR, "import, create, change and delete SKUs"
    TRASH_BIN_READ = "trash-bin.read", Role.READER, "see what is in the bin"
    TRASH_BIN_MANAGE = "trash-bin.manage", Role.OPERATOR, "delete from the bin, for good"
    VOUCHERS_READ = "vouchers.read", Role.READER, "see vouchers"
    VOUCHERS_WRITE = "vouchers.write", Role.OPERATOR, "import, create, change and delete vouchers"
    WEBHOOKS_READ = "webhooks.read", Role.ADMIN, "see webhooks, without their secrets, and deliveries"
    WEBHOOKS_MANAGE = "webhooks.manage", Role.ADMIN, "create, change, test and delete webhooks; send events again"

    # A noun without lines of its own has those of a plain one.
    _ignore_ = "_name _line"
    for _name, _line in _of_nouns():
        if _name not in vars():
            vars()[_name] = _line


BY_CODE: Mapping[str, Permission] = {permission.value: permission for permission in Permission}
_RANKS = list(Role)
ROLES: Mapping[Role, frozenset[Permission]] = {
    role: frozenset(permission for permission in Permission if _RANKS.index(permission.role) <= _RANKS.index(role))
    for role in Role
}


def permissions_of(role: str, *narrowings: Iterable[str] | None) -> frozenset[Permission]:
    """Return the permissions of a role, narrowed down to those whose codes are in each list of scopes; None narrows
    nothing.

    A code that is not known permits nothing.
    """
    permissions = ROLES[Role(role)]
    for scopes in narrowings:
        if scopes is not None:
            permissions &= {BY_CODE[code] for code in scopes if code in BY_CODE}
    return permissions
