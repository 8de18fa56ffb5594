"""What one client may hold of what all share: each limit has an answer of its own, and others are served meanwhile."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from tallykeep.api.transport import http_protocol as protocol
from tests.http.raw import Client, answer_of
from tests.server import NO_TLS, Api, ApiOnly, Server, new_project, serving

# Small enough to be reached by a test; a body may take as long as a busy machine needs to send one at once.
SMALL = {
    "TALLYKEEP_MAX_CONNECTIONS": "20",
    "TALLYKEEP_MAX_UPLOADS": "4",
    "TALLYKEEP_MAX_WATCHES": "4",
    "TALLYKEEP_MAX_OPEN_ACTIONS": "3",
    "TALLYKEEP_MAX_BODY_SECONDS": "6",
    "TALLYKEEP_API_POOL_SIZE": "4",
}


@pytest.fixture(scope="module")
def small_server(session_dir: Path, server: Server, served_database: str) -> Iterator[Server]:
    with serving(session_dir / "small", ApiOnly, database_url=served_database, **SMALL) as running:
        yield running


@pytest.fixture
def small(small_server: Server, served_database: str) -> Iterator[Api]:
    client = Api(small_server.url, new_project(served_database))
    with closing(client.http):
        yield client


@pytest.fixture
def bystander(small_server: Server, served_database: str) -> Iterator[Api]:
    client = Api(small_server.url, new_project(served_database, "Bystander"))
    with closing(client.http):
        yield client


@contextmanager
def locked(database_url: str, code: str) -> Iterator[None]:
    """Somebody keeps the voucher locked, as an atomic action does."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT FROM vouchers WHERE code = %s FOR UPDATE", (code,))
        yield
        connection.rollback()


@contextmanager
def kept_open(api: Api, database_url: str, code: str) -> Iterator[str]:
    """An action of the project that does not end meanwhile: somebody keeps its voucher locked."""
    row = {"code": code, "type": "GIFT_VOUCHER", "gift": {"amount": 1}}
    assert api.http.post("/v1/vouchers", json=row).status_code == 200
    with locked(database_url, code):
        yield api.import_json([row | {"gift": {"amount": 2}}])


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def waiting_for_locks(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchone()
    assert row
    return int(row[0])


def test_reads_do_not_wait_for_writers_not_even_those_of_the_same_key(api: Api, served_database: str) -> None:
    api.http.post("/v1/vouchers/HELD", json={"type": "GIFT_VOUCHER", "gift": {"amount": 100}})
    with locked(served_database, "HELD"), ThreadPoolExecutor(12) as threads:
        writers = [threads.submit(api.http.put, "/v1/vouchers/HELD", json={"active": False}) for _ in range(12)]
        wait_for(lambda: waiting_for_locks(served_database) >= 4)
        for _ in range(5):
            assert api.get("/v1/vouchers/HELD")["active"] is True
            assert api.http.get("/readyz").status_code == 200
        assert not any(writer.done() for writer in writers)
        answers = [writer.result() for writer in writers]
    assert {answer.status_code for answer in answers} <= {429, 503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    details = [answer.json()["details"] for answer in answers]
    assert any("writing to the same" in text or "kept what this needs locked" in text for text in details)
    assert api.http.put("/v1/vouchers/HELD", json={"active": False}).status_code == 200


def test_a_project_has_its_share_of_uploads_and_others_have_theirs(small: Api, bystander: Api) -> None:
    head = ("POST", "/v1/vouchers/import", "Content-Type: application/json", "Content-Length: 100000")
    with ExitStack() as uploads:
        slow = [uploads.enter_context(Client(small)) for _ in range(3)]
        for client in slow:
            assert client.send(client.head(*head), b"[")
        # Two of them are let in, as many as the project may have; all are cut in the end, and none is accepted.
        accepted = bystander.import_json([{"code": "MINE", "type": "GIFT_VOUCHER", "gift": {"amount": 1}}])
        assert bystander.ended(accepted)["done_count"] == 1
        answers = [client.answer() for client in slow]
    assert [status for status, _ in answers] == [408] * 3
    assert {body["key"] for _, body in answers} == {"request_timeout"}
    assert "TALLYKEEP_MAX_BODY_SECONDS" in answers[0][1]["details"]
    assert small.get("/v1/async-actions")["async_actions"] == []


def test_a_slow_body_of_a_single_write_is_cut_and_changes_nothing(small: Api) -> None:
    with Client(small) as client:
        head = client.head("POST", "/v1/customers", "Content-Type: application/json", "Content-Length: 1000")
        assert client.send(head, b'{"source_id": "slow"')
        status, body = client.answer()
    assert (status, body["key"]) == (408, "request_timeout")
    assert small.get("/v1/customers")["total"] == 0


def test_a_project_has_its_share_of_watches_and_who_leaves_gives_it_back(
    small: Api, bystander: Api, served_database: str
) -> None:
    with kept_open(small, served_database, "WATCHED") as action, ExitStack() as watches:
        path = f"/v1/async-actions/{action}"
        for _ in range(2):
            client = watches.enter_context(Client(small))
            client.send(client.head("GET", f"{path}/events"))
            assert client.first_line().startswith(b"HTTP/1.1 200")
        refused = small.http.get(path, params={"wait": 30})
        assert_refused(refused, 429, "requests that wait for actions")
        assert small.http.get(path).status_code == 200
        with kept_open(bystander, served_database, "WATCHED TOO") as of_other:
            assert bystander.http.get(f"/v1/async-actions/{of_other}", params={"wait": 0.1}).status_code == 200
        watches.close()
        wait_for(lambda: small.http.get(path, params={"wait": 0.1}).status_code == 200)


def test_a_project_has_so_many_open_actions(small: Api, bystander: Api, served_database: str) -> None:
    with kept_open(small, served_database, "OPEN") as first:
        rows = [{"code": "OPEN", "type": "GIFT_VOUCHER", "gift": {"amount": 3}}]
        for _ in range(2):
            small.import_json(rows)
        refused = small.http.post("/v1/vouchers/import", json=rows)
        assert_refused(refused, 429, "TALLYKEEP_MAX_OPEN_ACTIONS")
        assert_refused(small.http.post("/v1/campaigns", json={}), 429, "3 actions that have not ended")
        bystander.import_json([])
        assert small.http.post(f"/v1/async-actions/{first}/cancel").status_code == 200
    wait_for(lambda: small.http.post("/v1/vouchers/import", json=rows).status_code == 202)


def test_a_project_has_its_share_of_requests(small: Api, bystander: Api) -> None:
    with ExitStack() as held:

        def refused_with_one_more_held() -> bool:
            # One that comes while `small` asks may be refused itself, so there is no number of them that is enough.
            client = held.enter_context(Client(small))
            head = client.head("POST", "/v1/customers", "Content-Type: application/json", "Content-Length: 10")
            client.send(head, b"{")
            return small.http.get("/v1/customers").status_code == 429

        wait_for(refused_with_one_more_held)
        assert bystander.get("/v1/customers")["total"] == 0


def test_the_oldest_idle_connection_makes_room_for_another(small_server: Server, small: Api) -> None:
    with ExitStack() as held:
        idle = [held.enter_context(Client(small)) for _ in range(40)]
        with closing(httpx.Client(base_url=small.url, trust_env=False, verify=NO_TLS)) as another:
            assert another.get("/livez").status_code == 200
        assert idle[0].received() == b""
        idle[-1].send(idle[-1].head("GET", "/livez", "Connection: close"))
        assert idle[-1].answer()[0] == 200
        with held.enter_context(Client(small)) as last:
            last.send(last.head("GET", "/livez", "Connection: close"))
            assert last.answer()[0] == 200


@pytest.mark.parametrize("path", ["/sign-in", "/v1/vouchers/importCSV"])
def test_who_shows_no_keys_and_keeps_us_waiting_makes_room_for_others(small: Api, path: str) -> None:
    begun = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n".encode()
    with ExitStack() as held:
        for _ in range(40):
            client = held.enter_context(Client(small))
            client.send(begun, b"x")
        for _ in range(5):
            with closing(
                httpx.Client(base_url=small.url, trust_env=False, verify=NO_TLS, headers=small.http.headers)
            ) as another:
                assert another.get("/v1/vouchers").status_code == 200


def test_who_has_shown_keys_makes_room_for_nobody(small: Api, bystander: Api) -> None:
    body = b"Code,Voucher Type,Amount\nSLOW-1,GIFT_VOUCHER,5\n"
    with ExitStack() as held:
        slow = held.enter_context(Client(bystander))
        length = f"Content-Length: {len(body)}"
        slow.send(slow.head("POST", "/v1/vouchers/importCSV", "Content-Type: text/csv", "Connection: close", length))
        slow.send(body[:10])
        wait_for(lambda: bystander.http.get("/livez").status_code == 200)
        for _ in range(40):
            held.enter_context(Client(small)).send(
                b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\nx"
            )
        slow.send(body[10:])
        assert slow.answer()[0] == 202


@pytest.mark.parametrize(
    ("start", "piece", "status"),
    [
        ("GET /v1/vouchers?code=", "a" * 65_536, 414),
        ("GET /livez HTTP/1.1\r\nHost: here\r\nX-Long: ", "a" * 65_536, 431),
        ("GET /livez HTTP/1.1\r\nHost: here\r\n", "X-Many: short\r\n" * 4_000, 431),
        ("GET /livez HTTP/1.1\r\nHost: here\r\n", "a" * 65_536, 431),
        ("", "\r\n" * 40_000, 431),
        ("POST /v1/customers HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n1;x=", "a" * 65_536, None),
        (
            "POST /v1/customers HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-End: ",
            "a" * 65_536,
            None,
        ),
        ("nonsense", "\r\n\r\n", 400),
    ],
)
def test_what_has_no_end_is_cut_off(small: Api, start: str, piece: str, status: int | None) -> None:
    with Client(small) as client:
        client.send(start.encode(), *[piece.encode()] * 20)
        content = client.received()
    if status is None:
        assert b" 401 " in content.partition(b"\r\n")[0]  # nobody was asked for the rest
    else:
        answered, body = answer_of(content)
        assert (answered, body["code"]) == (status, status)
        assert body["request_id"].startswith("v-")
    assert small.http.get("/livez").status_code == 200


def test_requests_that_are_sent_ahead_are_bounded(small: Api) -> None:
    with Client(small) as client:
        client.send(client.head("GET", "/v1/customers") * 1_000)
        assert client.received().count(b"HTTP/1.1 200") <= protocol.MAX_PIPELINED + 1
    with Client(small) as client:
        client.send(client.head("GET", "/livez") * 10 + client.head("GET", "/livez", "Connection: close"))
        assert client.received().count(b"HTTP/1.1 200") == 11


def test_a_url_has_so_many_parameters(small: Api) -> None:
    refused = small.http.get("/v1/vouchers?" + "&".join(["x"] * 1_001))
    assert (refused.status_code, refused.json()["key"]) == (414, "uri_too_long")


def test_before_anybody_is_signed_in_little_is_read_of_a_form(small: Api) -> None:
    fields = {"app_id": "a", "app_token": "b"}
    file = {"file": ("large", b"x" * 10_000_000)}
    for path in ("/sign-in", "/theme", "/tasks/aa_1/replace", "/imports/preview", "/keys"):
        for body in ({"data": fields, "files": file}, {"data": {"app_id": "a" * 10_000_000}}):
            answer = httpx.post(f"{small.url}{path}", **body, trust_env=False, verify=NO_TLS)
            assert answer.status_code in (303, 413), (path, answer.status_code)
    assert httpx.post(f"{small.url}/sign-in", data=fields, trust_env=False, verify=NO_TLS).status_code == 422


def test_what_is_only_read_is_given_up_when_nobody_waits_for_it(api: Api, served_database: str) -> None:
    with psycopg.connect(served_database) as holder, ExitStack() as clients:
        holder.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        for _ in range(4):
            client = clients.enter_context(Client(api))
            client.send(client.head("GET", "/v1/customers"))
        wait_for(lambda: waiting_for_locks(served_database) == 4)
        clients.close()
        wait_for(lambda: waiting_for_locks(served_database) == 0)


def assert_refused(answer: httpx.Response, status: int, why: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, status), answer.text
    assert why in answer.json()["details"]
    assert int(answer.headers["Retry-After"]) > 0
