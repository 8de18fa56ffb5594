"""Errors of the token endpoint that speaks RFC 6749, in the form of its section 5.2.

The form goes by the path, wherever an error comes from: the route, the body, the database, or a defect. Clients of
OAuth are libraries, which read no other.
"""

from typing import Any

from tallykeep.core.errors import RequestError

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

_PATH = "/v2/oauth/token"
_OF_RFC = frozenset({"invalid_request", "invalid_scope", "unsupported_grant_type"})
# Section 5.2 has none for these; the last two words are those of section 4.1.2.1.
_BY_CODE = {401: "invalid_client", 429: "temporarily_unavailable", 503: "temporarily_unavailable", 500: "server_error"}
_KEPT = frozenset({401, 405, 408, 429, 500, 503})  # all others are 400, as the section asks


def speaks_oauth(path: str) -> bool:
    """Return whether errors at this path have the form of RFC 6749."""
    return path == _PATH


def oauth_name(error: RequestError) -> str:
    """Return what the RFC calls the error."""
    return error.key if error.key in _OF_RFC else _BY_CODE.get(error.code, "invalid_request")


def oauth_error(error: RequestError) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return the error's body, status and headers."""
    # The section says which characters a description may have.
    description = "".join(each if " " <= each <= "~" and each not in '"\\' else "?" for each in error.details)
    content = {"error": oauth_name(error), "error_description": description}
    return content, error.code if error.code in _KEPT else 400, NO_STORE | error.headers
