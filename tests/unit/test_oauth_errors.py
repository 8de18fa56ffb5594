"""Every error there is, as RFC 6749 has it."""

from collections.abc import Iterator

import pytest

from tallykeep.api.responses.oauth_errors import NO_STORE, oauth_error, speaks_oauth
from tallykeep.core import errors
from tallykeep.core.errors import RequestError
from tallykeep.tenants.oauth_scopes import InvalidScopeError

OF_THE_RFC = {
    "invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type", "temporarily_unavailable",
    "server_error",
}  # fmt: skip


def every_error(root: type[RequestError] = RequestError) -> Iterator[type[RequestError]]:
    yield root
    for each in root.__subclasses__():
        yield from every_error(each)


@pytest.mark.parametrize("error_type", sorted(set(every_error()), key=lambda each: each.__name__))
def test_every_error_has_a_name_and_a_status_of_the_rfc(error_type: type[RequestError]) -> None:
    details = 'what "is"\\ wrong\0\n, «so»'
    error = InvalidScopeError(details, ["x"]) if error_type is InvalidScopeError else error_type(details)
    error.headers["Retry-After"] = "7"
    content, status, headers = oauth_error(error)
    assert content.keys() == {"error", "error_description"}
    assert content["error"] in OF_THE_RFC
    assert content["error_description"] == "what ?is?? wrong??, ?so?"
    assert status == (error.code if error.code in (401, 405, 408, 429, 500, 503) else 400)
    assert headers.items() >= {**NO_STORE, "Retry-After": "7"}.items()


def test_what_keeps_its_own_name() -> None:
    named = {
        errors.InvalidRequestError("x"): "invalid_request",
        InvalidScopeError("x", ["x"]): "invalid_scope",
        errors.InvalidPayloadError("x", key="unsupported_grant_type"): "unsupported_grant_type",
        errors.UnauthorizedError("x"): "invalid_client",
        errors.BodyTooLargeError("x"): "invalid_request",
        errors.TooManyRequestsError("x"): "temporarily_unavailable",
        errors.InternalError("x"): "server_error",
    }
    assert [oauth_error(error)[0]["error"] for error in named] == list(named.values())
    assert [speaks_oauth(path) for path in ("/v2/oauth/token", "/v1/oauth/token", "/v2/oauth/token/x")] == [
        True, False, False,
    ]  # fmt: skip
