"""The audit log's vocabulary, its canonical form, and how refusals are counted."""

import hashlib
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tallykeep.api.app import create_api
from tallykeep.api.auditing.events import CHANGE_NOTHING, EVENTS, READINGS, bare_path
from tallykeep.api.auditing.refusals import MAX_DIFFERENT, Refusals
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.audit.entry import Entry, short, short_details
from tallykeep.core.audit.events import Event
from tallykeep.tenants.audit.chain import NO_HASH, entry_hash
from tallykeep.tenants.audit.verify import Anchor, BadAnchorError

ROW: dict[str, Any] = {
    "id": "log_1900000000000000ab",
    "created_at": datetime(2026, 11, 27, 1, 2, 3, 456_000, tzinfo=UTC),
    "event": "campaign.delete",
    "outcome": "success",
    "door": "api",
    "key_id": "k-1",
    "key_kind": "app",
    "token_id": None,
    "session_id": None,
    "address": "192.0.2.7",
    "request_id": "v-1",
    "action_id": "aa_1",
    "resource_type": "campaign",
    "resource_id": "camp_1",
    "details": {"name": "Été «fall»\n", "force": True, "count": 3},
}
# Written by hand from RFC 8785: no later version may read an entry otherwise.
CANONICAL = (
    '{"action_id":"aa_1","address":"192.0.2.7","created_at":"2026-11-27T01:02:03.456Z","details":{"count":3,"force":true,'
    '"name":"Été «fall»\\n"},"door":"api","event":"campaign.delete","format":1,"id":"log_1900000000000000ab",'
    '"key_id":"k-1","key_kind":"app","number":1,"outcome":"success","previous_hash":"'
    + "0"
    * 64
    + '","project":"proj_1",'
    '"request_id":"v-1","resource_id":"camp_1","resource_type":"campaign","session_id":null,"token_id":null}'
)


def routes() -> set[tuple[str, str]]:
    """Every operation that is asked for with a method that may change something."""

    @asynccontextmanager
    async def never() -> Any:
        yield

    app = create_api(ACTION_TYPES, never)
    return {
        (method, bare_path(route.path))
        for router in app.state.routers for route in router.routes for method in route.methods - {"GET", "HEAD"}
    }  # fmt: skip


def test_every_route_that_changes_something_has_an_event() -> None:
    assert routes() == EVENTS.keys() | CHANGE_NOTHING
    assert not EVENTS.keys() & CHANGE_NOTHING


def test_every_event_is_that_of_a_route_or_happens_without_one() -> None:
    assert set(Event) == {*EVENTS.values(), *READINGS.values(), Event.READ, Event.ACTION_END}


def test_an_entry_is_hashed_as_the_documents_say() -> None:
    assert entry_hash("proj_1", ROW, 1, NO_HASH) == hashlib.sha256(CANONICAL.encode()).digest()
    assert json.loads(CANONICAL)["details"] == ROW["details"]


@pytest.mark.parametrize("name", [*ROW, "number", "project", "previous_hash"])
def test_whatever_is_changed_changes_the_hash(name: str) -> None:
    known = {"project": "proj_1", "row": ROW, "number": 1, "previous_hash": NO_HASH}
    changes: dict[str, Any] = {
        "created_at": datetime(2026, 11, 27, 1, 2, 3, 457_000, tzinfo=UTC), "details": {}, "number": 2,
        "previous_hash": b"\1" * 32,
    }  # fmt: skip
    changed = changes.get(name, "another")
    other = {**known, name: changed} if name in known else {**known, "row": {**ROW, name: changed}}
    assert entry_hash(**known) != entry_hash(**other)


def test_details_are_few_short_and_storable() -> None:
    details = short_details({"name": "x" * 500, "none": None, "bad": "a\0b\ud800", "count": 3})
    assert (len(details["name"]), details["bad"], details["count"]) == (200, "a\N{REPLACEMENT CHARACTER}b?", 3)
    assert "none" not in details
    assert len(short_details({str(number): number for number in range(100)})) == 20
    assert short(None) is None


def refused(**changes: Any) -> Entry:
    return replace(Entry(project_id=0, event=Event.READ, outcome="refused", key_id="k", address="192.0.2.7"), **changes)


def test_what_is_refused_again_within_a_minute_is_counted() -> None:
    refusals = Refusals()
    for _ in range(3):
        refusals.add(refused())
    (first,) = refusals.due(0)
    assert first.details == {"count": 3}
    for _ in range(1_000):
        refusals.add(refused())
    assert refusals.due(0) == []
    (again,) = refusals.due(float("inf"))
    assert (again.details, again.id != first.id, again.key_id) == ({"count": 1_000}, True, "k")
    assert refusals.due(float("inf")) == []


def test_a_flood_of_refusals_that_differ_is_bounded_and_counted() -> None:
    refusals = Refusals()
    for number in range(10_000):
        refusals.add(refused(key_id=f"k{number}", address=f"192.0.2.{number % 256}", resource_id=f"r{number}"))
    refusals.add(refused(project_id=7, key_id="k"))
    entries = refusals.due(0)
    assert len(entries) == MAX_DIFFERENT + 2
    assert sum(entry.details["count"] for entry in entries) == 10_001
    various = [entry for entry in entries if entry.details.get("various")]
    assert [(each.key_id, each.address, each.resource_id) for each in various] == [(None, None, None)]
    assert refusals.due(float("inf")) == []
    refusals.add(refused(key_id="later"))
    assert [entry.key_id for entry in refusals.due(0)] == ["later"]


def test_refusals_of_known_keys_do_not_suffer_from_a_flood_of_unknown_ones() -> None:
    refusals = Refusals()
    for number in range(1_000):
        refusals.add(refused(key_id=f"k{number}"))
    refusals.add(refused(project_id=7, key_id="mine", resource_id="camp_1"))
    assert [each.resource_id for each in refusals.due(0) if each.project_id == 7] == ["camp_1"]


def test_anchors_are_read_with_and_without_their_number() -> None:
    text = "ab" * 32
    assert Anchor.read(f" 12:{text.upper()}\n") == Anchor(12, bytes.fromhex(text))
    assert Anchor.read(text) == Anchor(None, bytes.fromhex(text))
    for wrong in ("", "12", f"x:{text}", text[1:], f"{text}0"):
        with pytest.raises(BadAnchorError):
            Anchor.read(wrong)
