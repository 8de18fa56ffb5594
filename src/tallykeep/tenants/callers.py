"""Who asks: what their key or token gives them, and the request they ask with."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, NamedTuple

from tallykeep.tenants.permissions import Permission, Role

KeyKind = Literal["app", "management", "service"]
Network = IPv4Network | IPv6Network


class ProjectQuotas(NamedTuple):
    """A project's own quotas; where one is None, the setting of that name holds."""

    max_rows_per_day: int | None = None
    max_stored_rows: int | None = None
    max_open_actions: int | None = None


_NO_QUOTAS = ProjectQuotas()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key gives, or a token on its behalf: the project, what may be done there, and from which addresses.

    Without `networks` it may be used from anywhere. `is_closed` says that the project is being deleted; `quotas` are
    those that the project has of its own.
    """

    project_id: int
    project: str
    key_id: str
    key_kind: KeyKind
    role: Role
    permissions: frozenset[Permission]
    networks: tuple[Network, ...] = ()
    token_id: str | None = None
    is_closed: bool = False
    quotas: ProjectQuotas = _NO_QUOTAS


class Caller(NamedTuple):
    """Who asks with one request: the grant, the request's id, the client's address, and the dashboard's session.

    What counts requests, or writes down who did what, needs nothing else. It is made anew for each request; a tuple is
    made quickest.
    """

    grant: Grant
    request_id: str = ""
    address: str | None = None
    session_id: str | None = None

    @property
    def project_id(self) -> int:
        """Return the number of the project in every table."""
        return self.grant.project_id

    @property
    def project(self) -> str:
        """Return the id of the project in the wire format."""
        return self.grant.project

    @property
    def key_id(self) -> str:
        """Return the id of the key, also of one that a token stands for."""
        return self.grant.key_id

    @property
    def key_kind(self) -> KeyKind:
        """Return what the key gives access to."""
        return self.grant.key_kind

    @property
    def who(self) -> tuple[int, str]:
        """Return the project and the key, by which shares are counted."""
        return self.grant.project_id, self.grant.key_id
