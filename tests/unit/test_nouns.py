"""What follows from the declaration of an upserted noun: everything that a plain one needs."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

import tallykeep.resources
from tallykeep.api.auditing.events import EVENTS
from tallykeep.api.routes.resources.upserted import noun_routes
from tallykeep.api.schemas.nouns import schemas_of
from tallykeep.catalog.contents import contents
from tallykeep.catalog.nouns import NOUNS, Noun
from tallykeep.core.nouns import CHANGES, NOUN_NAMES, NounName
from tallykeep.resources.fields.field import Field
from tallykeep.resources.upserts.declaring.action_types import (
    bulk_update,
    import_csv,
    import_json,
    metadata_purge,
    metadata_update,
)
from tallykeep.resources.upserts.declaring.declarations import Computed
from tallykeep.resources.upserts.declaring.field_types import (
    amount_field,
    choice_field,
    day_field,
    number_field,
    text_field,
    timestamp_field,
)
from tallykeep.resources.upserts.spec import UpsertSpec
from tallykeep.tenants.permissions import Permission

STORE = UpsertSpec(
    noun="store",
    prefix="store_",
    source_id=Field(name="source_id", titles=("source_id",)),
    fields=(
        text_field("name", "name", required=True),
        text_field("city", "city", inside="address"),
        amount_field("rent", "rent"),
        number_field("floors", "floors", default=1),
        choice_field("state", "OPEN", "SHUT", json_type=str, default="OPEN"),
        day_field("founded", "founded"),
        timestamp_field("opened_at", "opened_at"),
    ),
    table_name="stores",
    computed=(Computed(name="neighbor", compute=lambda row: row.get("neighbor"), json_type=str, optional=True),),
)
ROW = {
    "id": "store_1", "source_id": "s1", "name": "Corner", "address": {"city": "York"}, "rent": 1250, "floors": 2,
    "state": "OPEN", "founded": datetime(2020, 1, 31, tzinfo=UTC).date(),
    "opened_at": datetime(2024, 5, 6, 7, 8, tzinfo=UTC), "metadata": {"a": 1},
    "created_at": datetime(2025, 1, 1, tzinfo=UTC), "updated_at": None,
}  # fmt: skip
RESOURCES = Path(str(tallykeep.resources.__file__)).parent


def test_a_row_is_shown_by_its_fields() -> None:
    assert STORE.show(ROW) == {
        "id": "store_1",
        "source_id": "s1",
        "name": "Corner",
        "address": {"city": "York"},
        "rent": 1250,
        "floors": 2,
        "state": "OPEN",
        "founded": "2020-01-31",
        "opened_at": "2024-05-06T07:08:00.000Z",
        "metadata": {"a": 1},
        "created_at": "2025-01-01T00:00:00.000Z",
        "updated_at": None,
        "object": "store",
    }
    assert STORE.show({**ROW, "neighbor": "x"})["neighbor"] == "x"


def test_what_is_shown_is_what_the_document_says() -> None:
    schemas = schemas_of(STORE)
    TypeAdapter(schemas.shown).validate_python(STORE.show(ROW), strict=True)
    described = TypeAdapter(schemas.shown).json_schema()
    assert set(described["required"]) == set(STORE.show(ROW))
    assert described["properties"]["rent"]["description"] == "In cents."
    assert described["description"] == "A store."
    assert "source_id" in TypeAdapter(schemas.row).json_schema()["required"]


def test_a_list_is_filtered_by_the_fields_and_ordered_by_time() -> None:
    assert list(STORE.list_spec.fields) == [
        "id", "source_id", "name", "address_city", "rent", "floors", "state", "opened_at", "created_at", "updated_at",
    ]  # fmt: skip
    assert list(STORE.list_spec.orders) == ["created_at", "updated_at"]
    assert STORE.list_spec.fields["address_city"].column == "\"address\" ->> 'city'"


def test_a_noun_has_every_endpoint_unless_it_says_otherwise() -> None:
    router = noun_routes(STORE, Permission.CUSTOMERS_READ, Permission.CUSTOMERS_WRITE)
    paths = {(method, route.path) for route in router.routes for method in route.methods}  # type: ignore[attr-defined]
    assert paths == {
        ("GET", "/v1/stores"), ("POST", "/v1/stores"), ("GET", "/v1/stores/{store_id:key}"),
        ("PUT", "/v1/stores/{store_id:key}"), ("DELETE", "/v1/stores/{store_id:key}"),
    }  # fmt: skip


def test_action_types_are_called_after_the_noun() -> None:
    types = (import_csv(STORE), import_json(STORE), bulk_update(STORE), metadata_update(STORE), metadata_purge(STORE))
    assert [(each.name, each.label) for each in types] == [
        ("STORES.IMPORT_CSV", "Store import (file)"),
        ("STORES.IMPORT", "Store import (JSON)"),
        ("STORES.BULK_UPDATE", "Store update"),
        ("STORES.METADATA_UPDATE", "Store metadata update"),
        ("STORES.METADATA_KEY_PURGE", "Store metadata purge"),
    ]
    assert Noun(STORE, types).csv is types[0]
    assert Noun(STORE, types[3:]).json is None


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: str(noun.spec.plural))
def test_every_noun_has_a_folder_with_the_same_files(noun: Noun) -> None:
    folder = RESOURCES / noun.spec.plural
    assert {"__init__.py", "spec.py", "action_types.py"} <= {file.name for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("name", "noun"), [*zip(NOUN_NAMES, NOUNS, strict=True)], ids=[name.plural for name in NOUN_NAMES]
)
def test_names_of_nouns_say_what_there_is(name: NounName, noun: Noun) -> None:
    assert (name.singular, name.plural) == (noun.spec.noun, noun.spec.plural)
    assert name.csv == (noun.csv is not None)
    assert name.json == (noun.json and noun.json.path.removeprefix(f"/v1/{name.plural}/"))
    events = {event.value for event in EVENTS.values()}
    assert name.changes == tuple(change for change in CHANGES if f"{name.singular}.{change}" in events)


_WITH_KIOSKS = """
from tallykeep.core import nouns
nouns.NOUN_NAMES = (*nouns.NOUN_NAMES, nouns.NounName("kiosk", changes=("create",)))
from tallykeep.cli.kit.row_types import IMPORTED, UPDATED
from tallykeep.core.audit.events import Event
from tallykeep.engine.managing.project_tables import TABLES
from tallykeep.tenants.permissions import ROLES, Permission, Role
print([event for event in Event if event.resource_type == "kiosk"])
print([(each.name, each.role, each.meaning) for each in Permission if "kiosks" in each])
print("kiosks" in IMPORTED, "kiosks" in UPDATED, list(TABLES).index("kiosks") < list(TABLES).index("orders"))
"""


def test_a_line_of_its_own_gives_a_noun_permissions_events_and_its_place_in_deletions() -> None:
    command = [sys.executable, "-c", _WITH_KIOSKS]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    assert printed == [
        "[<Event.KIOSK_CREATE: 'kiosk.create'>]",
        "[('KIOSKS_READ', <Role.READER: 'reader'>, 'see kiosks'), "
        "('KIOSKS_WRITE', <Role.OPERATOR: 'operator'>, 'import and create kiosks')]",
        "True True True",
    ]


def test_the_catalog_names_columns_that_answers_have() -> None:
    for shown_type in contents()["resource_types"]:
        spec = next(noun.spec for noun in NOUNS if noun.spec.plural == shown_type["resource_type"])
        assert set(shown_type["searched"]) <= set(spec.list_spec.fields)
        shown: dict[str, Any] = spec.show({**dict.fromkeys(spec.table.columns), **_TIMES, "id": "x", "source_id": "y"})
        assert {column["path"][0] for column in shown_type["columns"]} <= set(shown)


_TIMES = {"created_at": datetime(2025, 1, 1, tzinfo=UTC), "updated_at": None}
