"""Counting wrong credentials: by address, by identity, by both; for a minute; in bounded memory."""

import pytest

from tallykeep.tenants.addresses import as_one_client
from tallykeep.tenants.limits import right_credentials, wrong_credentials
from tallykeep.tenants.limits.right_credentials import Identity
from tallykeep.tenants.limits.wrong_credentials import SECONDS, WrongCredentials, identity_of
from tests.clock import Clock, stopped_clock

KEY: Identity = ("app", "key")
OTHER: Identity = ("app", "other")
TOKEN = "a token"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch, wrong_credentials)


def test_a_minute_after_the_first_wrong_one_all_is_forgotten(clock: Clock) -> None:
    wrong = WrongCredentials(2)
    assert wrong.is_quiet
    wrong.add_wrong("192.0.2.1", KEY, TOKEN)
    clock.now += 10
    wrong.add_wrong("192.0.2.1", KEY, TOKEN)
    assert not wrong.is_quiet
    assert wrong.wait_seconds("192.0.2.1", KEY, TOKEN) == wrong.wait_seconds("192.0.2.1", OTHER, TOKEN) == SECONDS - 10
    assert wrong.wait_seconds("192.0.2.2", KEY, TOKEN) == 0
    clock.now += SECONDS - 10
    assert wrong.wait_seconds("192.0.2.1", KEY, TOKEN) == 0
    wrong.add_wrong("192.0.2.1", KEY, TOKEN)
    assert wrong.wait_seconds("192.0.2.1", KEY, TOKEN) == 0
    clock.now += SECONDS
    assert wrong.is_quiet


def test_the_very_token_that_was_right_is_let_through_while_others_guess_from_the_same_address(clock: Clock) -> None:
    wrong = WrongCredentials(2)
    for right in ("current", "previous"):
        wrong.add_right("192.0.2.1", KEY, right)
    for number in range(10):
        wrong.add_wrong("192.0.2.1", KEY, f"guess {number}")
    for right in ("current", "previous"):
        assert wrong.wait_seconds("192.0.2.1", KEY, right) == 0
        assert wrong.wait_seconds("192.0.2.1", OTHER, right) > 0
    assert wrong.wait_seconds("192.0.2.1", KEY, "guess 10") == SECONDS
    wrong.add_wrong("192.0.2.2", KEY, "guess 11")
    assert wrong.wait_seconds("192.0.2.2", KEY, "current") == SECONDS, "it never was right from there"
    wrong.add_wrong("192.0.2.1", KEY, "previous")
    assert wrong.wait_seconds("192.0.2.1", KEY, "previous") == SECONDS, "it was revoked"


def test_where_it_is_off_nobody_waits_and_nothing_is_kept() -> None:
    wrong = WrongCredentials(0)
    for _ in range(100):
        wrong.add_wrong("192.0.2.1", KEY, TOKEN)
        wrong.add_right("192.0.2.1", KEY, TOKEN)
    assert wrong.is_quiet
    assert not wrong._counted
    assert not wrong._right._identities
    assert not wrong._right._tokens
    assert not wrong._right._unshared


def test_a_flood_from_everywhere_takes_bounded_memory(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong_credentials, "MAX_COUNTED", 10)
    monkeypatch.setattr(right_credentials, "MAX_RIGHT", 10)
    monkeypatch.setattr(right_credentials, "MAX_SHARED", 10)
    wrong = WrongCredentials(1)
    for number in range(1_000):
        wrong.add_wrong(f"192.0.{number // 256}.{number % 256}", ("app", f"key{number}"), TOKEN)
        wrong.add_right(f"192.0.{number // 256}.{number % 256}", ("app", f"key{number}"), TOKEN)
    assert len(wrong._counted) <= 30
    assert len(wrong._unshared) <= 30
    assert len(wrong._right._identities) == len(wrong._right._tokens) == 10
    assert len(wrong._right._unshared) == 2 * 10
    assert wrong.wait_seconds("192.0.3.231", ("app", "key999"), "another") > 0, "the last one is known"


def test_an_identity_is_bounded_and_of_a_token_not_kept() -> None:
    assert identity_of("app", "a" * 10_000, "secret") == ("app", "a" * 65)
    way, shown = identity_of("token", "", "1.secret")
    assert way == "token"
    assert isinstance(shown, bytes)
    assert b"secret" not in shown


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1%eth0", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        (None, ""),
        ("unix" * 100, "unix" * 16),
    ],
)
def test_an_address_is_counted_as_the_client_that_has_it(address: str | None, client: str) -> None:
    assert as_one_client(address) == client
