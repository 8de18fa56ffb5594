"""The action types that upserted nouns have: declared in one line each by the nouns that have them."""

from functools import cache
from typing import Any

from tallykeep.core.action_type import ActionType, Begin
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.results import bulk_result, count_result, import_result
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import PROJECT
from tallykeep.resources.fields.numerals import decimal_marks
from tallykeep.resources.metadata.purge import Purge, purge_batch, purge_plan
from tallykeep.resources.upserts.operation import Upsert, begin_upsert
from tallykeep.resources.upserts.spec import UpsertSpec

_REPORT_HEADER = ("source_id", "found", "updated", "error")


def import_csv(
    spec: UpsertSpec, *, failure_fields: tuple[str, ...] = ("row", "source_id", "reason"), **more: Any
) -> ActionType:
    """Declare the import of files; `more` are further attributes of the type, or others than these."""
    declared: dict[str, Any] = {
        "name": f"{_upper(spec)}.IMPORT_CSV",
        "path": f"/v1/{spec.plural}/importCSV",
        "summary": f"Import {spec.people_call_them} using CSV",
        "label": f"{_label(spec)} import (file)",
        "source": "csv",
        "noun": spec.noun,
        "depends_on": spec.depends_on,
        "failure_fields": failure_fields,
        "required_columns": (("source_id", "id"),),
        "columns": spec.columns,
        "decimal_marks": decimal_marks,
        "key_columns": ("source_id", "id"),
        "result": import_result,
        "begin": upsert(spec),
    }
    return ActionType(**(declared | more))


def import_json(spec: UpsertSpec, **more: Any) -> ActionType:
    """Declare the import of JSON rows."""
    declared: dict[str, Any] = {
        "name": f"{_upper(spec)}.IMPORT",
        "path": f"/v1/{spec.plural}/import",
        "summary": f"Import {spec.people_call_them}",
        "label": f"{_label(spec)} import (JSON)",
        "row_schema": f"New{spec.noun.capitalize()}",
        "source": "json",
        "noun": spec.noun,
        "depends_on": spec.depends_on,
        "failure_fields": ("source_id", "reason"),
        "key_columns": ("source_id",),
        "sequence": spec.plural,
        "result": import_result,
        "begin": upsert(spec),
    }
    return ActionType(**(declared | more))


def bulk_update(spec: UpsertSpec, **more: Any) -> ActionType:
    """Declare the bulk update, which creates what it does not find."""
    declared: dict[str, Any] = {
        "name": f"{_upper(spec)}.BULK_UPDATE",
        "path": f"/v1/{spec.plural}/bulk/async",
        "summary": f"Update {spec.people_call_them} in bulk",
        "label": f"{_label(spec)} update",
        "row_schema": f"{spec.noun.capitalize()}Row",
        "source": "json",
        "may_be_empty": True,
        "noun": spec.noun,
        "depends_on": spec.depends_on,
        "failure_fields": ("message", "details", "key", "source_id"),
        "key_columns": ("source_id",),
        "report_header": _REPORT_HEADER,
        "sequence": spec.plural,
        "result": bulk_result,
        "begin": upsert(spec),
    }
    return ActionType(**(declared | more))


def metadata_update(spec: UpsertSpec, *, ids: tuple[str, ...] = ("source_ids",), **more: Any) -> ActionType:
    """Declare the update that puts the same to the metadata of many; `ids` name the properties that hold their keys."""
    declared: dict[str, Any] = {
        "name": f"{_upper(spec)}.METADATA_UPDATE",
        "path": f"/v1/{spec.plural}/metadata/async",
        "summary": f"Update {spec.people_call_them}' metadata in bulk",
        "label": f"{_label(spec)} metadata update",
        "may_be_empty": True,
        "source": "ids",
        "ids": ids,
        "noun": spec.noun,
        "depends_on": spec.depends_on,
        "failure_fields": ("message", "details", "key"),
        "report_header": _REPORT_HEADER,
        "sequence": spec.plural,
        "result": bulk_result,
        "begin": upsert(spec),
    }
    return ActionType(**(declared | more))


def metadata_purge(spec: UpsertSpec) -> ActionType:
    """Declare the purge of a metadata key off all of them."""
    purge = Purge(spec.table_name, key="id", own_timestamps=spec.own_timestamps)
    return ActionType(
        name=f"{_upper(spec)}.METADATA_KEY_PURGE",
        path=f"/v1/metadata-schemas/{spec.noun}/definitions/{{key}}/purge",
        summary=f"Purge a metadata key off all {spec.people_call_them}",
        label=f"{_label(spec)} metadata purge",
        source="planned",
        noun=spec.noun,
        depends_on=(PROJECT,),
        verb="Updated",
        result=count_result,
        begin=purge_batch(purge),
        plan=purge_plan(purge),
    )


@cache
def upsert(spec: UpsertSpec) -> Begin:
    """Return what begins a batch of changes to this noun."""

    async def begin(connection: Connection, claimed: ClaimedBatch) -> Upsert:
        return await begin_upsert(connection, claimed, spec)

    return begin


def _upper(spec: UpsertSpec) -> str:
    return spec.plural.upper()


def _label(spec: UpsertSpec) -> str:
    return spec.name[0].upper() + spec.name[1:]
