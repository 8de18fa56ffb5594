"""What tests of OAuth's tokens ask for and show."""

import base64
from urllib.parse import urlencode

import httpx

from tests.server import Api

V1, V2 = "/v1/oauth/token", "/v2/oauth/token"
INTROSPECT, REVOKE = "/v1/oauth/introspect", "/v1/oauth/token/revoke"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GRANT = ("grant_type", "client_credentials")
Fields = list[tuple[str, str]]


def send(client: httpx.Client, path: str, *fields: tuple[str, str], **headers: str) -> httpx.Response:
    """Send a form, whose parameters may come repeatedly."""
    return client.post(path, content=urlencode(fields), headers=FORM | headers)


def token_of(api: Api, scope: str = "api") -> str:
    """Return an access token of the project's first key, from version 1."""
    answer = send(api.http, V1, GRANT, ("scope", scope))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def basic(key_id: str, token: str) -> dict[str, str]:
    """Return the headers that show a key as HTTP Basic does."""
    return {"Authorization": f"Basic {base64.b64encode(f'{key_id}:{token}'.encode()).decode()}"}


def bearer(token: str) -> dict[str, str]:
    """Return the headers that show an access token."""
    return {"Authorization": f"Bearer {token}"}


def check_oauth(answer: httpx.Response, status: int, *errors: str) -> None:
    """An error of RFC 6749, section 5.2."""
    body = answer.json()
    assert (answer.status_code, body.keys()) == (status, {"error", "error_description"}), answer.text
    assert not errors or body["error"] in errors, body
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert all(" " <= each <= "~" and each not in '"\\' for each in body["error_description"])
