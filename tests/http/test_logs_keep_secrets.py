"""No secret and no value of a row gets into a log: all of them are marked, sent through every door, and looked for."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tallykeep.db.embedded import running_embedded
from tallykeep.tenants.projects import Keys
from tests.http.raw import Client
from tests.http.test_bulk_updates import submitted
from tests.http.test_keys import KEYS, made
from tests.server import Api, Server

MARK = "m4rk3d"
OWN = Keys("", "first-app", f"{MARK}-app-token", "first-manager", f"{MARK}-management-token")
POISON = f"{MARK}-poison"

# Refused by nothing of ours, so that the database's refusal names the row.
DEFECTS = f"""
ALTER TABLE vouchers ADD CONSTRAINT no_poison CHECK (code NOT LIKE '{POISON}%');
ALTER TABLE customers ADD CONSTRAINT no_poison CHECK (source_id NOT LIKE '{POISON}%');
ALTER TABLE report_parts RENAME TO reports_lost;
"""


@pytest.fixture
def server_that_logs_all(session_dir: Path, cluster: Path) -> Iterator[Server]:
    server = Server(
        session_dir / "logs", cluster=cluster, TALLYKEEP_LOG_LEVEL="debug", TALLYKEEP_APP_ID=OWN.app_id,
        TALLYKEEP_APP_TOKEN=OWN.app_token, TALLYKEEP_MANAGEMENT_ID=OWN.management_id,
        TALLYKEEP_MANAGEMENT_TOKEN=OWN.management_token,
    ).start()  # fmt: skip
    yield server
    if server.running:
        server.stop()


def _send_secrets(api: Api) -> None:
    """What a request carries beside rows: in headers, cookies, path, query and form; and what is no request."""
    wrong = {
        "X-App-Id": "first-app", "X-App-Token": f"{MARK}-wrong", "X-Management-Id": "x", "X-Management-Token": MARK,
        "Authorization": f"Bearer {MARK}.{MARK}", "Cookie": f"tallykeep_session=1.{MARK}", "Idempotency-Key": MARK,
        "Webhook-Signature": f"v1,{MARK}", "Referer": f"http://x/?token={MARK}", "User-Agent": MARK,
    }  # fmt: skip
    with httpx.Client(base_url=api.url, trust_env=False) as client:
        for path in (f"/v1/vouchers/{MARK}", f"/v1/reports/{MARK}", f"/tasks/{MARK}?q={MARK}", f"/{MARK}?token={MARK}"):
            for headers in (wrong, dict(api.http.headers)):
                client.get(path, headers=headers)
                client.post(path, headers=headers, content=MARK)
        for app_token in (OWN.app_token, MARK):
            client.post("/sign-in", data={"app_id": OWN.app_id, "app_token": app_token})
        client.get(f"/resources/customers?q={MARK}")
    for request in (f"GET /{MARK}\r\n\r\n", f"{MARK} / HTTP/1.1\r\nX: {MARK}\r\n\r\n"):
        with Client(api) as raw:
            raw.send(request.encode())
            raw.received()
    made(api, name=MARK)


def _send_rows(api: Api) -> None:
    """Values that are refused by us, by the database, and in single requests."""
    api.ended(
        api.import_json(
            [{"code": POISON}, {"code": f"{MARK}-bad", "active": MARK}, {"code": MARK, "metadata": {MARK: MARK}}]
        )
    )
    api.ended(
        api.import_csv(f"Code,Voucher Type,Value,Note\n{POISON}-1,GIFT_VOUCHER,1,{MARK}\n{MARK},GIFT_VOUCHER,{MARK},\n")
    )
    broken = api.http.post(
        "/v1/vouchers/importCSV", files={"file": (f"{MARK}.xlsx", b"PK\x03\x04" + MARK.encode() * 50)}
    )
    assert broken.status_code == 400
    customers = f"Source Id,Name,Email\n{POISON}-2,{MARK},{MARK}@example.com\nann,{MARK},\n"
    answer = api.http.post("/v1/customers/importCSV", files={"file": ("customers.csv", customers)})
    api.ended(answer.json()["async_action_id"])
    defect = api.http.post("/v1/customers", json={"source_id": f"{POISON}-3", "name": MARK})
    assert defect.status_code == 500, defect.text


def _send_a_person(api: Api) -> None:
    """A customer whose key is in paths: read, changed, refused, exported and erased."""
    key = f"{MARK}@example.com"
    assert api.http.post("/v1/customers", json={"source_id": key, "name": MARK}).status_code == 200
    for method, path in (
        ("GET", f"/v1/customers/{key}"), ("PUT", f"/v1/customers/{key}"), ("DELETE", f"/v1/customers/nobody-{key}"),
        ("GET", f"/v1/customers/{key}/personal-data"), ("GET", f"/v1/customers/nobody-{key}/personal-data"),
        ("POST", f"/v1/customers/{key}/permanent-deletion"), ("POST", f"/v1/customers/{key}/permanent-deletion"),
        ("POST", f"/v1/customers/{key}/permanent-deletion?gone=true"), ("GET", f"/resources/customers/{key}"),
    ):  # fmt: skip
        answer = api.http.request(method, path, json={"name": MARK} if method == "PUT" else None)
        if "async_action_id" in answer.text:
            api.ended(answer.json()["async_action_id"])


def test_marked_secrets_and_rows_are_in_no_log(server_that_logs_all: Server) -> None:
    server = server_that_logs_all
    api = Api(server.url, OWN)
    _send_secrets(api)
    _send_a_person(api)
    api.ended(api.import_json([{"code": "A", "gift": {"amount": 1}}]))
    (link,) = submitted(api, "/v1/vouchers/bulk/async", [{"code": "A", "metadata": {}}])["result"]["reports"]
    database_url = running_embedded(server.directory / "data" / "postgres")
    assert database_url
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(DEFECTS)
    _send_rows(api)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(link, trust_env=False)  # breaks off behind the header
    api.http.close()
    assert server.stop() == 0
    log = server.log.read_text()
    for written in ("rows failed", "defect", "/v1/customers", "CheckViolation", "no_poison", "Traceback"):
        assert written in log, "the log tells what went wrong"
    assert "worker is ready" in log
    for file in (server.log, server.directory / "data" / "postgres.log"):
        lines = [line for line in file.read_text(errors="replace").splitlines() if MARK in line]
        assert not lines, "\n".join(lines)
    assert link.rpartition("/")[2] not in log
    assert KEYS not in log
