"""A key's token is replaced, while whoever has the one before goes on for a while."""

import psycopg

from tests.http.test_errors import check
from tests.http.test_keys import KEYS, list_spec, made, with_key
from tests.server import Api


def test_a_rotated_key_has_two_tokens_for_a_while(api: Api, served_database: str) -> None:
    key = made(api)
    rotated = api.http.post(f"{KEYS}/{key['id']}/rotate", json={"overlap_seconds": 3600}).json()
    assert (rotated["id"], rotated["token"] != key["token"]) == (key["id"], True)
    assert rotated["previous_token_until"] is not None
    for token in (key, rotated):
        with with_key(api, token) as client:
            assert client.get("/v1/vouchers").status_code == 200
    with psycopg.connect(served_database) as connection:
        connection.execute("UPDATE api_keys SET previous_until = now() WHERE key_id = %s", (key["id"],))
    made(api)
    api.http.put(f"{KEYS}/{key['id']}", json={"name": "what is remembered is forgotten"})
    with with_key(api, key) as client:
        check(client.get("/v1/vouchers"), 401, "unauthorized")
    with with_key(api, rotated) as client:
        assert client.get("/v1/vouchers").status_code == 200
    assert list_spec(api)[key["id"]]["previous_token_until"] is None


def test_a_rotation_without_overlap_ends_the_token_before_at_once(api: Api) -> None:
    key = made(api)
    with with_key(api, key) as client:
        assert client.get("/v1/vouchers").status_code == 200
        rotated = api.http.post(f"{KEYS}/{key['id']}/rotate", json={"overlap_seconds": 0}).json()
        assert rotated["previous_token_until"] is None
        check(client.get("/v1/vouchers"), 401, "unauthorized")
    for seconds in (-1, 1.5, "1", True, 2_592_001):
        answer = api.http.post(f"{KEYS}/{key['id']}/rotate", json={"overlap_seconds": seconds})
        check(answer, 400, "invalid_payload", "overlap_seconds")


def test_a_rotation_during_an_overlap_says_what_it_ends(api: Api) -> None:
    key = made(api, name="Shop")
    rotate = f"{KEYS}/{key['id']}/rotate"
    rotated = api.http.post(rotate, json={"overlap_seconds": 3600}).json()
    for body in ({}, {"overlap_seconds": 0}, {"end_previous_token": False}):
        check(api.http.post(rotate, json=body), 409, "overlap_under_way", key["id"], rotated["previous_token_until"])
    check(api.http.post(rotate, json={"end_previous_token": "yes"}), 400, "invalid_payload", "end_previous_token")
    with with_key(api, key) as before:
        assert before.get("/v1/vouchers").status_code == 200
        again = api.http.post(rotate, json={"end_previous_token": True, "overlap_seconds": 0}).json()
        assert (again["id"], again["previous_token_until"]) == (key["id"], None)
        check(before.get("/v1/vouchers"), 401, "unauthorized")
    assert api.http.post(rotate).status_code == 200, "no overlap lasts any more"


def test_a_key_may_rotate_itself(api: Api) -> None:
    rotated = api.http.post(f"{KEYS}/{api.keys.app_id}/rotate", json={"overlap_seconds": 60}).json()
    assert rotated["current"]
    with with_key(api, rotated) as client:
        assert client.get(KEYS).status_code == 200
