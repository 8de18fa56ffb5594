"""Downloads that go on for a while: they hold what there was when they began, and end with what let them in."""

import io
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import psycopg
import pytest

from tests.dashboard.browser import Browser
from tests.http.oauth import GRANT, REVOKE, V2, basic, bearer, send, token_of
from tests.http.test_bulk_updates import gifts, submitted
from tests.http.test_keys import KEYS, made, with_key
from tests.http.test_projects import deleted, path_of
from tests.server import Api, Server, management_headers, new_owner, new_project

ROWS, PAD = 300, "x" * (64 << 10)  # several times what lies in the buffers of a connection
PERSON = "same@example.com"
PATHS = {
    "list": "/v1/lists/csv/customers",
    "file": "/v1/async-actions/{action}/file",
    "file for a spreadsheet": "/v1/async-actions/{action}/file?for=spreadsheet",
    "failures": "/v1/async-actions/{action}/failures.csv",
    "failures as ndjson": "/v1/async-actions/{action}/failures.ndjson",
    "personal data": "/v1/customers/D0/personal-data",
}


def big(api: Api) -> str:
    """An action that stored many large customers of one e-mail address, and refused as many."""
    file = io.StringIO()
    file.write("Source_id,Email,Birthdate,Pad\n")
    for number in range(ROWS):
        file.write(f"D{number},{PERSON},2000-01-01,{PAD}\nF{number},{PERSON},never,{PAD}\n")
    answer = api.http.post("/v1/customers/importCSV", files={"file": file.getvalue().encode()})
    action = api.ended(answer.json()["async_action_id"])
    assert (action["done_count"], action["failed_count"]) == (ROWS, ROWS)
    return str(action["id"])


@pytest.fixture(scope="module")
def stored(server: Server, served_database: str) -> Iterator[tuple[Api, str]]:
    api = Api(server.url, new_project(served_database))
    with closing(api.http):
        yield api, big(api)


class Reader:
    """Somebody who has begun a download, and reads on when it pleases them."""

    def __init__(self, url: str, path: str, keys: httpx.Headers | dict[str, str]) -> None:
        server = httpx.URL(url)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self._socket.settimeout(60)
        self._socket.connect((server.host, server.port))
        own = [name for name in keys if name.lower().startswith(("x-", "authorization", "cookie"))]
        shown = "".join(f"{name}: {keys[name]}\r\n" for name in own)
        head = f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n{shown}\r\n"
        self._socket.sendall(head.encode())
        self._begun = b""
        while b"\r\n\r\n" not in self._begun:
            self._begun += self._socket.recv(1 << 12)
        assert self._begun.startswith(b"HTTP/1.1 200 "), self._begun

    def read_some(self) -> None:
        """Read on until rows have come, too."""
        while len(self._begun) < len(PAD) // 2:
            self._begun += self._socket.recv(1 << 12)

    def rest(self) -> bytes:
        """All that comes until the server closes the connection."""
        pieces = [self._begun]
        with closing(self._socket):
            try:
                while piece := self._socket.recv(1 << 20):
                    pieces.append(piece)
            except ConnectionResetError:
                pass
        return b"".join(pieces)


def is_complete(content: bytes) -> bool:
    return content.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_download_breaks_off_once_its_key_is_revoked(stored: tuple[Api, str], path: str) -> None:
    api, action = stored
    key = made(api, kind="app", role="admin")
    with with_key(api, key) as other:
        reader = Reader(api.url, path.format(action=action), other.headers)
    assert api.http.delete(f"{KEYS}/{key['id']}").status_code == 204
    content = reader.rest()
    assert not is_complete(content)
    assert len(content) < ROWS * len(PAD) * 0.9, "what was not read yet was sent nevertheless"


@pytest.mark.parametrize("door", ["API", "dashboard"])
def test_a_download_that_breaks_off_leaves_one_line_in_the_log(
    stored: tuple[Api, str], server: Server, door: str
) -> None:
    api, _ = stored
    key = made(api, kind="app", role="admin")
    path, headers = PATHS["list"], {"X-App-Id": key["id"], "X-App-Token": key["token"]}
    if door == "dashboard":
        browser = Browser(api.url)
        browser.post("/sign-in", {"app_id": key["id"], "app_token": key["token"]})
        cookies = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
        path, headers = "/resources/csv/customers", {"Cookie": cookies}
        browser.http.close()
    before = server.log.stat().st_size
    reader = Reader(api.url, path, headers)
    assert api.http.delete(f"{KEYS}/{key['id']}").status_code == 204
    assert not is_complete(reader.rest())
    said = server.log.read_bytes()[before:].decode()
    (line,) = [line for line in said.splitlines() if key["id"] in line]
    assert "an answer is cut off" in line
    assert "reason=what let it in is not valid any more" in line.replace("'", "")
    assert "route=/v1/lists/csv/{row_type}" in line.replace("'", "")
    assert "Traceback" not in said
    assert "ASGI" not in said


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_download_of_a_key_that_stays_is_complete(stored: tuple[Api, str], path: str) -> None:
    api, action = stored
    content = Reader(api.url, path.format(action=action), api.http.headers).rest()
    assert is_complete(content)
    assert len(content) > ROWS * len(PAD)


@pytest.fixture
def robot(stored: tuple[Api, str]) -> tuple[dict[str, Any], str]:
    """A service key, and a token of it."""
    api, _ = stored
    key = made(api, kind="service", role="admin")
    with httpx.Client(base_url=api.url, trust_env=False) as nobody:
        answer = send(nobody, V2, GRANT, **basic(key["id"], key["token"]))
    assert answer.status_code == 200, answer.text
    return key, answer.json()["access_token"]


def expire_tokens(database_url: str, key_id: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE access_tokens SET expires_at = now() WHERE key_id = %s", [key_id])


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_download_goes_on_when_its_token_expires(
    stored: tuple[Api, str], robot: tuple[dict[str, Any], str], served_database: str, path: str
) -> None:
    api, action = stored
    key, token = robot
    reader = Reader(api.url, path.format(action=action), bearer(token))
    expire_tokens(served_database, key["id"])
    content = reader.rest()
    assert is_complete(content)
    assert len(content) > ROWS * len(PAD)


@pytest.mark.parametrize("what_changes", ["revoked_at = now()", "expires_at = now()", "role = 'reader', scopes = '{}'"])
def test_a_download_whose_token_has_expired_ends_with_its_key(
    stored: tuple[Api, str], robot: tuple[dict[str, Any], str], served_database: str, what_changes: str
) -> None:
    api, _ = stored
    key, token = robot
    reader = Reader(api.url, PATHS["list"], bearer(token))
    expire_tokens(served_database, key["id"])
    reader.read_some()
    with psycopg.connect(served_database) as connection:
        connection.execute(f"UPDATE api_keys SET {what_changes} WHERE key_id = %s", [key["id"]])
    assert not is_complete(reader.rest())


def test_a_download_ends_with_its_token_when_that_is_revoked(stored: tuple[Api, str]) -> None:
    api, _ = stored
    token = token_of(api)
    reader = Reader(api.url, PATHS["list"], bearer(token))
    assert send(api.http, REVOKE, ("access_token", token)).status_code == 204
    assert not is_complete(reader.rest())


def revoked_meanwhile(database_url: str, table: str, reader: Any, key: dict[str, Any]) -> bytes:
    """What a reader gets whose key is revoked by another process while their first part is waited for."""
    with psycopg.connect(database_url) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        begun = reader()
        connection.execute("UPDATE api_keys SET revoked_at = now() WHERE key_id = %s", [key["id"]])
    return bytes(begun.rest())


def test_the_audit_log_breaks_off_once_its_key_is_revoked(api: Api, served_database: str) -> None:
    key = made(api, kind="app", role="admin")
    path = "/v1/audit-log.csv"
    assert is_complete(Reader(api.url, path, api.http.headers).rest())
    with with_key(api, key) as other:
        content = revoked_meanwhile(served_database, "audit_log", lambda: Reader(api.url, path, other.headers), key)
    assert not is_complete(content)


def test_a_report_breaks_off_once_the_key_that_got_its_link_is_revoked(api: Api, served_database: str) -> None:
    gifts(api, "A")
    action = submitted(api, "/v1/vouchers/bulk/async", [{"code": "A", "metadata": {}}])
    key = made(api, kind="app")
    with with_key(api, key) as other:
        (link,) = other.get(f"/v1/async-actions/{action['id']}").json()["result"]["reports"]
    path = httpx.URL(link).raw_path.decode()
    assert is_complete(Reader(api.url, path, {}).rest())
    content = revoked_meanwhile(served_database, "report_parts", lambda: Reader(api.url, path, {}), key)
    assert not is_complete(content)


def test_a_list_holds_nothing_that_was_stored_once_it_had_begun(stored: tuple[Api, str]) -> None:
    api, _ = stored
    reader = Reader(api.url, PATHS["list"], api.http.headers)
    newcomer = api.http.post("/v1/customers", json={"source_id": "newcomer"})
    assert newcomer.status_code == 200, newcomer.text
    content = reader.rest()
    assert is_complete(content)
    assert b"newcomer" not in content
    assert b"newcomer" in Reader(api.url, PATHS["list"], api.http.headers).rest()
    assert api.http.delete(f"/v1/customers/{newcomer.json()['id']}").status_code == 204


def test_a_download_of_a_project_that_is_deleted_meanwhile_does_not_pass_for_complete(
    api: Api, served_database: str
) -> None:
    paths = [PATHS[name].format(action=big(api)) for name in ("list", "file", "personal data")]
    readers = [Reader(api.url, path, api.http.headers) for path in paths]
    for reader in readers:
        reader.read_some()
    headers = management_headers(api.keys)
    with closing(httpx.Client(base_url=api.url, headers=headers, timeout=60, trust_env=False)) as manager:
        assert manager.delete(path_of(api)).status_code == 202
    with closing(httpx.Client(base_url=api.url, headers=new_owner(served_database), trust_env=False)) as owner:
        assert deleted(owner, api.keys.project)["status"] == "DONE"
    for reader in readers:
        assert not is_complete(reader.rest())
