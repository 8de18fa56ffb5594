"""What is remembered of keys and tokens: for a second, and never beyond their end."""

import math

from tallykeep.api.dependencies.key_cache import KeyCache
from tallykeep.tenants.authenticate import Authenticated
from tallykeep.tenants.callers import Grant
from tallykeep.tenants.permissions import Role

GRANT = Grant(1, "proj_1", "key", "app", Role.READER, frozenset())


def test_a_key_is_known_by_its_id_its_token_and_the_way_it_came() -> None:
    cache = KeyCache()
    cache.add("app", "key", "token", Authenticated(GRANT, math.inf, use_is_due=False), 0)
    assert cache.find("app", "key", "token") is GRANT
    for way, key_id, token in (("management", "key", "token"), ("app", "key", "tokens"), ("token", "key", "token")):
        assert cache.find(way, key_id, token) is None  # type: ignore[arg-type]
    assert cache.find("app", "ke", "ytoken") is None
    cache.clear()
    assert cache.find("app", "key", "token") is None


def test_nothing_is_remembered_beyond_its_end() -> None:
    cache = KeyCache()
    cache.add("token", "", "ended", Authenticated(GRANT, 0.0, use_is_due=False), 0)
    assert cache.find("token", "", "ended") is None


def test_what_was_read_before_a_key_was_revoked_is_not_kept_after_it() -> None:
    cache = KeyCache()
    reading = cache.clearings
    cache.clear()
    cache.add("app", "key", "token", Authenticated(GRANT, math.inf, use_is_due=False), reading)
    assert cache.find("app", "key", "token") is None
    cache.add("app", "key", "token", Authenticated(GRANT, math.inf, use_is_due=False), cache.clearings)
    assert cache.find("app", "key", "token") is GRANT
