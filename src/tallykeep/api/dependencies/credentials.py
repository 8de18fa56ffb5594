"""What a request shows of who asks: the keys in its headers, or a token. Read in one pass, for it is done each time."""

from typing import NamedTuple

from starlette.types import Scope

from tallykeep.core.errors import InvalidRequestError

_INDEX = {b"x-app-id": 0, b"x-app-token": 1, b"x-management-id": 2, b"x-management-token": 3, b"authorization": 4}


class Credentials(NamedTuple):
    """The headers that say who asks; of one that comes repeatedly, the first. `bearer` is a token of OAuth."""

    app_id: str | None
    app_token: str | None
    management_id: str | None
    management_token: str | None
    bearer: str | None


def read_credentials(scope: Scope) -> Credentials:
    """Return what the request shows. Raises InvalidRequestError for two ways at once (RFC 6750, sections 2 and 3.1).

    An `Authorization` of another scheme than Bearer is somebody else's, such as a proxy's in front of us.
    """
    shown: list[str | None] = [None, None, None, None, None]
    for name, value in scope["headers"]:
        index = _INDEX.get(name)
        if index is None:
            continue
        if index == 4:
            _take_bearer(shown, value.decode("latin-1"))
        elif shown[index] is None:
            shown[index] = value.decode("latin-1")
    if shown[4] is not None and any(shown[:4]):
        raise InvalidRequestError(
            "Send either keys or a token: there are both X-… headers and an Authorization: Bearer"
        )
    return Credentials(*shown)


def client_address(scope: Scope) -> str | None:
    """Return the client's address, None where it has none. The server behind trusted proxies has read it already
    (setting trusted_proxies).
    """
    client = scope.get("client")
    return client[0] if client else None


def _take_bearer(shown: list[str | None], value: str) -> None:
    scheme, _, token = value.partition(" ")
    if scheme.lower() != "bearer":
        return
    if shown[4] is not None:
        raise InvalidRequestError("There are two headers Authorization: Bearer; send one")
    shown[4] = token.strip()
