"""Wrong credentials: by whichever door they come, who sends too many has to wait, and nobody else."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tallykeep.tenants.authenticate import token_hash
from tallykeep.tenants.limits.right_credentials import _digest_of_token
from tallykeep.tenants.limits.wrong_credentials import counted_by
from tests.http.audit_calls import refusal_of
from tests.http.test_keys import KEYS, made
from tests.http.test_oauth import GRANT, INTROSPECT, V1, V2, basic, bearer, send, token_of
from tests.server import NO_TLS, Api, ApiOnly, Server, new_project, serving

MAXIMUM = 4
HOST_SETTINGS = {"TALLYKEEP_MAX_WRONG_CREDENTIALS": str(MAXIMUM), "TALLYKEEP_TRUSTED_PROXIES": "127.0.0.1"}
ELSEWHERE, FAR_AWAY = "203.0.113.1", "203.0.113.2"


@pytest.fixture(scope="module")
def addresses() -> Iterator[str]:
    """Addresses that nobody has used."""
    return (f"198.51.100.{number}" for number in range(256))


Addresses = Iterator[str]


@pytest.fixture
def owner(host: Server, served_database: str) -> Iterator[Api]:
    """Who has the right keys of a project, and comes from elsewhere."""
    client = Api(host.url, new_project(served_database))
    client.http.headers["X-Forwarded-For"] = ELSEWHERE
    with closing(client.http):
        yield client


Door = Callable[[httpx.Client, Api, str], httpx.Response]


def app_headers(key_id: str, token: str) -> dict[str, str]:
    return {"X-App-Id": key_id, "X-App-Token": token}


def by_app_keys(client: httpx.Client, owner: Api, token: str) -> httpx.Response:
    return client.get("/v1/vouchers", headers=app_headers(owner.keys.app_id, token))


def on_a_hot_route(client: httpx.Client, owner: Api, token: str) -> httpx.Response:
    return client.get("/v1/async-actions/aa_0", headers=app_headers(owner.keys.app_id, token))


def by_management_keys(client: httpx.Client, owner: Api, token: str) -> httpx.Response:
    headers = {"X-Management-Id": owner.keys.management_id, "X-Management-Token": token}
    return client.get("/management/v1/projects", headers=headers)


def by_token(client: httpx.Client, owner: Api, token: str) -> httpx.Response:
    return client.get("/v1/vouchers", headers=bearer(f"1.{token}"))


def for_a_token(client: httpx.Client, owner: Api, token: str) -> httpx.Response:
    return send(client, V1, GRANT, ("scope", "api"), **app_headers(owner.keys.app_id, token))


def for_a_token_by_basic(client: httpx.Client, owner: Api, token: str) -> httpx.Response:
    return send(client, V2, GRANT, **basic(owner.keys.app_id, token))


def introspecting(client: httpx.Client, owner: Api, token: str) -> httpx.Response:
    return send(client, INTROSPECT, ("access_token", "x"), **app_headers(owner.keys.app_id, token))


def signing_in(client: httpx.Client, owner: Api, token: str) -> httpx.Response:
    return client.post("/sign-in", data={"app_id": owner.keys.app_id, "app_token": token})


DOORS: dict[str, Door] = {
    door.__name__: door
    for door in (
        by_app_keys, on_a_hot_route, by_management_keys, by_token, for_a_token, for_a_token_by_basic, introspecting,
        signing_in,
    )
}  # fmt: skip


def visitor(server: Server, address: str) -> httpx.Client:
    return httpx.Client(
        base_url=server.url, headers={"X-Forwarded-For": address}, trust_env=False, verify=NO_TLS, timeout=60
    )


def statuses(door: Door, client: httpx.Client, owner: Api, count: int) -> list[int]:
    return [door(client, owner, f"wrong{number}").status_code for number in range(count)]


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_who_sends_too_many_has_to_wait_and_nobody_else(
    host: Server, owner: Api, addresses: Addresses, door: Door
) -> None:
    wrong = 422 if door is signing_in else 401
    with visitor(host, next(addresses)) as guesser:
        assert statuses(door, guesser, owner, MAXIMUM) == [wrong] * MAXIMUM
        refused = door(guesser, owner, "wrong")
        if door is signing_in:
            assert refused.status_code == 422
            assert "TALLYKEEP_MAX_WRONG_CREDENTIALS" in refused.text
            assert "Try again in" in refused.text
        else:
            assert refused.status_code == 429
            assert 0 < int(refused.headers["Retry-After"]) <= 60
            assert "too_many_wrong_credentials" in refused.text or "temporarily_unavailable" in refused.text
        # Nor are the right ones looked at, from where they never were right before.
        right = {"headers": dict(owner.http.headers) | {"X-Forwarded-For": guesser.headers["X-Forwarded-For"]}}
        assert guesser.get("/v1/vouchers", **right).status_code == 429
    assert owner.http.get("/v1/vouchers").status_code == 200
    with visitor(host, next(addresses)) as another:
        assert by_app_keys(another, owner, owner.keys.app_token).status_code == 200
        assert door(another, owner, "wrong").status_code == wrong


def test_a_refusal_has_the_shape_of_every_error(host: Server, owner: Api, addresses: Addresses) -> None:
    with visitor(host, next(addresses)) as guesser:
        statuses(by_app_keys, guesser, owner, MAXIMUM)
        error = by_app_keys(guesser, owner, "wrong").json()
        by_rfc = for_a_token_by_basic(guesser, owner, "wrong").json()
    assert (error["code"], error["key"]) == (429, "too_many_wrong_credentials")
    assert f"{MAXIMUM} or more within a minute (setting TALLYKEEP_MAX_WRONG_CREDENTIALS; ask who" in error["details"]
    assert by_rfc["error"] == "temporarily_unavailable"


def test_guesses_that_come_at_the_same_time_are_counted_too(host: Server, owner: Api, addresses: Addresses) -> None:
    with visitor(host, next(addresses)) as guesser, ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(lambda number: by_app_keys(guesser, owner, f"wrong{number}"), range(200)))
    tried = [answer.status_code for answer in answers].count(401)
    assert MAXIMUM <= tried <= MAXIMUM + 4, "the connections on which keys are looked up"


def test_ids_that_change_are_counted_by_address(host: Server, addresses: Addresses) -> None:
    with visitor(host, next(addresses)) as guesser:
        answers = [guesser.get("/v1/vouchers", headers=app_headers(f"id{each}", "x")) for each in range(MAXIMUM + 1)]
    assert [answer.status_code for answer in answers] == [401] * MAXIMUM + [429]


def test_what_was_right_from_an_address_is_served_there_while_others_guess(
    host: Server, owner: Api, addresses: Addresses
) -> None:
    with visitor(host, next(addresses)) as office:
        keys = app_headers(owner.keys.app_id, owner.keys.app_token)
        assert office.get("/v1/vouchers", headers=keys).status_code == 200
        for number in range(MAXIMUM + 2):
            office.get("/v1/vouchers", headers=app_headers(f"id{number}", "x"))
        assert office.get("/v1/vouchers", headers=app_headers("another", "x")).status_code == 429
        assert office.get("/v1/vouchers", headers=keys).status_code == 200
        rotated = owner.http.post(f"{KEYS}/{owner.keys.app_id}/rotate", json={}).json()["token"]
        assert by_app_keys(office, owner, rotated).status_code == 200, "another token of a key that was right there"
        assert office.get("/v1/vouchers", headers=bearer(token_of(owner))).status_code == 429, "a token not seen there"
        # Its own guesses are bounded all the same.
        assert statuses(by_app_keys, office, owner, MAXIMUM + 1) == [401] * MAXIMUM + [429]


def test_a_key_in_use_is_served_while_others_guess_at_it_from_the_same_address(
    host: Server, owner: Api, addresses: Addresses
) -> None:
    right = owner.keys.app_token
    with visitor(host, next(addresses)) as office:
        assert by_app_keys(office, owner, right).status_code == 200
        assert statuses(by_app_keys, office, owner, MAXIMUM + 1) == [401] * MAXIMUM + [429]
        assert by_app_keys(office, owner, right).status_code == 200
        assert by_app_keys(office, owner, "wrong").status_code == 429
        time.sleep(1.1)  # nothing is remembered of keys for so long
        assert by_app_keys(office, owner, right).status_code == 200
        assert by_management_keys(office, owner, owner.keys.management_token).status_code == 429


def test_a_token_that_was_right_and_was_revoked_is_a_wrong_one(host: Server, owner: Api, addresses: Addresses) -> None:
    key = made(owner, role="admin")
    with visitor(host, next(addresses)) as office:
        headers = app_headers(key["id"], key["token"])
        assert office.get("/v1/vouchers", headers=headers).status_code == 200
        owner.http.delete(f"{KEYS}/{key['id']}").raise_for_status()
        answers = [office.get("/v1/vouchers", headers=headers).status_code for _ in range(MAXIMUM + 1)]
        assert answers == [401] * MAXIMUM + [429]


def test_a_key_that_many_addresses_guess_at_is_closed_to_those_that_have_failed_and_to_nobody_else(
    host: Server, owner: Api, addresses: Addresses
) -> None:
    guessers = [visitor(host, next(addresses)) for _ in range(MAXIMUM + 1)]
    first_tries = [by_app_keys(guesser, owner, "wrong").status_code for guesser in guessers]
    second_tries = [by_app_keys(guesser, owner, "wrong").status_code for guesser in guessers]
    assert (first_tries, second_tries) == ([401] * (MAXIMUM + 1), [429] * (MAXIMUM + 1))
    for guesser in guessers:
        assert guesser.get("/v1/vouchers", headers=app_headers("another", "x")).status_code == 401, "other keys"
        guesser.close()
    with visitor(host, next(addresses)) as stranger:
        assert by_app_keys(stranger, owner, owner.keys.app_token).status_code == 200
    assert owner.http.get("/v1/vouchers").status_code == 200


def test_all_addresses_of_a_site_are_one(host: Server, owner: Api) -> None:
    sites = [f"2001:db8:0:1::{number}" for number in range(1, MAXIMUM + 2)]
    answers = [by_app_keys(visitor(host, site), owner, "wrong").status_code for site in sites]
    assert answers == [401] * MAXIMUM + [429]
    for neighbour in ("2001:db8:0:2::1", "2001:db8::1"):
        assert by_app_keys(visitor(host, neighbour), owner, owner.keys.app_token).status_code == 200


def test_nobody_escapes_by_naming_another_address(session_dir: Path, served_database: str) -> None:
    settings = {"TALLYKEEP_MAX_WRONG_CREDENTIALS": str(MAXIMUM)}
    with serving(session_dir / "plain", ApiOnly, database_url=served_database, **settings) as plain:
        answers = [
            httpx.get(
                f"{plain.url}/v1/vouchers", trust_env=False, verify=NO_TLS,
                headers={**app_headers("nobody", "x"), "X-Forwarded-For": f"192.0.2.{number}"},
            ).status_code
            for number in range(MAXIMUM + 1)
        ]  # fmt: skip
    assert answers == [401] * MAXIMUM + [429]


def test_all_hosts_count_together(
    host: Server, other_host: Server, owner: Api, addresses: Addresses, served_database: str
) -> None:
    address = next(addresses)
    with visitor(host, address) as here, visitor(other_host, address) as there:
        assert statuses(by_app_keys, here, owner, MAXIMUM) == [401] * MAXIMUM
        assert by_app_keys(there, owner, "wrong").status_code == 401
        wait_until_counted(served_database, address, owner, MAXIMUM + 1)
        # What was counted together is in hand a moment after it was written.
        tries = 0
        while (status := by_app_keys(there, owner, "wrong").status_code) == 401:
            tries += 1
            assert tries < MAXIMUM - 1, "by itself this host would refuse none"
            time.sleep(0.1)
        assert status == 429


def wait_until_counted(database_url: str, address: str, owner: Api, count: int) -> None:
    _, _, by_both = counted_by(address, ("app", owner.keys.app_id))
    query = "SELECT FROM wrong_credentials WHERE digest = %s AND count = %s"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with psycopg.connect(database_url) as connection:
            if connection.execute(query, [by_both, count]).fetchone() is not None:
                return
        time.sleep(0.05)
    raise AssertionError("the hosts do not count together")


def closed_over_both(here: httpx.Client, there: httpx.Client, owner: Api) -> None:
    """Guess until neither host looks at wrong ones any more from this address."""
    for client in (here, there):
        statuses(by_app_keys, client, owner, MAXIMUM)
        assert by_app_keys(client, owner, "wrong").status_code == 429


def wait_until_shared(database_url: str, address: str, key_id: str, token: str) -> None:
    """Wait until other hosts can know that this token was right from there."""
    digest = _digest_of_token((address, ("app", key_id), token_hash(token)))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with psycopg.connect(database_url) as connection:
            if connection.execute("SELECT FROM wrong_credentials WHERE digest = %s", [digest]).fetchone() is not None:
                return
        time.sleep(0.05)
    raise AssertionError("the hosts do not tell each other what was right")


def test_what_was_right_over_one_process_is_served_over_the_others_while_others_guess(
    host: Server, other_host: Server, owner: Api, addresses: Addresses, served_database: str
) -> None:
    address, right, other = next(addresses), owner.keys.app_token, made(owner, role="reader")
    with visitor(host, address) as here, visitor(other_host, address) as there:
        assert by_app_keys(here, owner, right).status_code == 200
        wait_until_shared(served_database, address, owner.keys.app_id, right)
        closed_over_both(here, there, owner)
        with ThreadPoolExecutor(20) as threads:
            tokens = [right, *(f"wrong{number}" for number in range(19))]
            answers = list(threads.map(lambda token: by_app_keys(there, owner, token).status_code, tokens))
        assert answers == [200] + [429] * 19
        assert by_app_keys(here, owner, right).status_code == 200
        unused = app_headers(other["id"], other["token"])
        assert there.get("/v1/vouchers", headers=unused).status_code == 429, "it never was right from there"


def test_a_token_that_was_right_over_another_process_and_was_revoked_is_a_wrong_one(
    host: Server, other_host: Server, owner: Api, addresses: Addresses, served_database: str
) -> None:
    address, key = next(addresses), made(owner, role="admin")
    headers = app_headers(key["id"], key["token"])
    with visitor(host, address) as here, visitor(other_host, address) as there:
        assert here.get("/v1/vouchers", headers=headers).status_code == 200
        wait_until_shared(served_database, address, key["id"], key["token"])
        owner.http.delete(f"{KEYS}/{key['id']}").raise_for_status()
        wrong = app_headers(key["id"], "wrong")
        answers = [there.get("/v1/vouchers", headers=wrong).status_code for _ in range(MAXIMUM + 1)]
        assert answers == [401] * MAXIMUM + [429]
        answers = [there.get("/v1/vouchers", headers=headers).status_code for _ in range(3)]
        assert answers == [401, 429, 429], "once, because it was right before"


def test_refusals_are_counted_in_the_audit_log_where_the_key_is_known(
    host: Server, owner: Api, addresses: Addresses, served_database: str
) -> None:
    address = next(addresses)
    with visitor(host, address) as guesser:
        statuses(by_app_keys, guesser, owner, MAXIMUM)
        refused = by_app_keys(guesser, owner, "wrong")
        assert refused.status_code == 429
        entry: dict[str, Any] = refusal_of(served_database, refused.headers["x-request-id"])
        for _ in range(50):
            by_app_keys(guesser, owner, "wrong")
    assert (entry["key_id"], entry["address"]) == (owner.keys.app_id, address)
    assert entry["details"]["status"] == 429
    assert entry["details"]["error"] == "too_many_wrong_credentials"
    entries = owner.get("/v1/audit-log", outcome="refused", limit=100)["data"]
    of_guesser = [each for each in entries if each["address"] == address]
    assert {each["details"]["status"] for each in of_guesser} <= {401, 429}
    assert len(of_guesser) <= 4, "the others are counted into these"


def test_who_shows_nothing_is_guessing_at_nothing(host: Server, owner: Api, addresses: Addresses) -> None:
    with visitor(host, next(addresses)) as visiting:
        assert [visiting.get("/v1/vouchers").status_code for _ in range(MAXIMUM + 2)] == [401] * (MAXIMUM + 2)
        assert by_app_keys(visiting, owner, owner.keys.app_token).status_code == 200


def test_a_key_used_from_a_wrong_address_or_without_permission_is_no_wrong_key(
    host: Server, owner: Api, addresses: Addresses
) -> None:
    bound, reader = made(owner, addresses=["192.0.2.0/24"]), made(owner, role="reader")
    with visitor(host, next(addresses)) as client:
        for _ in range(MAXIMUM + 1):
            assert client.get("/v1/vouchers", headers=app_headers(bound["id"], bound["token"])).status_code == 403
            headers = app_headers(reader["id"], reader["token"])
            assert client.post("/v1/vouchers", json={}, headers=headers).status_code == 403
