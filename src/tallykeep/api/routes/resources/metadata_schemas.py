"""Metadata schemas: the API's two read-only endpoints and the management API's five."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller, FromManagedProject
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.requests.submission_options import PARAMETERS, read_submission_options
from tallykeep.api.requests.upload import submission
from tallykeep.api.responses.answers import Json, answer_accepted
from tallykeep.api.schemas.metadata_schemas import (
    KeyUsage,
    KeyUsageList,
    ManagedSchema,
    ManagedSchemaList,
    MetadataSchema,
    MetadataSchemaList,
    NewSchema,
    SchemaUpdate,
)
from tallykeep.api.schemas.values import AcceptedAction
from tallykeep.core.action_type import ActionType
from tallykeep.core.compatibility import OURS
from tallykeep.core.errors import NotFoundError
from tallykeep.core.ids import wire_time
from tallykeep.resources.metadata import schemas
from tallykeep.resources.metadata.purge import count_carrying, keys_in_use
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/metadata-schemas", tags=["Metadata schemas"], default_response_class=Json)
management = APIRouter(prefix="/management/v1/projects", tags=["Management"], default_response_class=Json)

_READING, _DEFINING = needs(Permission.METADATA_SCHEMAS_READ), needs(Permission.METADATA_SCHEMAS_MANAGE)
# Of the management API: an application's keys may manage their project's data, too.
_READING_ALL = needs(Permission.METADATA_SCHEMAS_READ, managing=True)
_DEFINING_ALL = needs(Permission.METADATA_SCHEMAS_MANAGE, managing=True)

_PURGE = ".METADATA_KEY_PURGE"
_CAMEL_CASE = {
    "object_type": "objectType",
    "min_length": "minLength",
    "max_length": "maxLength",
    "exact_length": "exactLength",
}


@router.get("", summary="List metadata schemas", openapi_extra=_READING | answers(MetadataSchemaList))
async def list_schemas(context: FromContext, caller: FromCaller) -> Json:
    """List all metadata schemas of the project."""
    async with context.reading(caller).connection() as connection:
        records = await schemas.list_schemas(connection, caller.project_id)
    shown = [_with_camel_case(_shown(record)) for record in records]
    return Json({"object": "list", "data_ref": "schemas", "schemas": shown, "total": len(shown)})


@router.get("/{resource}", summary="Get metadata schema", openapi_extra=_READING | answers(MetadataSchema))
async def get_schema(context: FromContext, caller: FromCaller, resource: str) -> Json:
    """Get the metadata schema of one type of resource."""
    async with context.reading(caller).connection() as connection:
        return Json(_with_camel_case(_shown(await schemas.get_schema(connection, caller.project_id, resource))))


@router.delete(
    "/{resource}/definitions/{key:key}",
    summary="Remove a definition",
    openapi_extra=_DEFINING | OURS | answers(MetadataSchema),
)
async def remove_definition(
    request: Request, context: FromContext, caller: FromCaller, resource: str, key: str
) -> Json:
    """Mark a definition as removed; the resources keep their metadata. Ours, not the reference API's."""
    attempt_of(request).about(related_object=resource)
    async with context.changing(request, caller) as connection:
        await schemas.hold_schemas(connection, caller.project_id)
        before = await schemas.get_schema(connection, caller.project_id, resource)
        schema = await schemas.mark_definition(connection, caller.project_id, resource, key, deleted=True)
        attempt_of(request).compare(_shown(before), _shown(schema))
    return Json(_with_camel_case(_shown(schema)))


@router.post(
    "/{resource}/definitions/{key:key}/restore",
    summary="Restore a removed definition",
    openapi_extra=_DEFINING | OURS | answers(MetadataSchema),
)
async def restore_definition(
    request: Request, context: FromContext, caller: FromCaller, resource: str, key: str
) -> Json:
    """Restore a removed definition. Ours, not the reference API's."""
    attempt_of(request).about(related_object=resource)
    async with context.changing(request, caller) as connection:
        await schemas.hold_schemas(connection, caller.project_id)
        before = await schemas.get_schema(connection, caller.project_id, resource)
        schema = await schemas.mark_definition(connection, caller.project_id, resource, key, deleted=False)
        attempt_of(request).compare(_shown(before), _shown(schema))
    return Json(_with_camel_case(_shown(schema)))


@router.post(
    "/{resource}/definitions/{key:key}/purge",
    status_code=202,
    summary="Purge a metadata key",
    openapi_extra={**_DEFINING, "parameters": PARAMETERS, **OURS, **answers(AcceptedAction, code=202)},
)
async def purge_definition(request: Request, context: FromContext, caller: FromCaller, resource: str, key: str) -> Json:
    """Remove a key from every resource of this type, for good, by an action. Ours: the reference API cannot."""
    action_type = _purge_of(context, resource)
    submission_options = read_submission_options(request.query_params)
    submitted = submission(request, caller, action_type, {"key": key}, id_prefix="w-")
    await context.open_actions.admit(caller)
    attempt = attempt_of(request)
    async with context.changing(request, caller) as connection:
        accepted = await context.acceptance.replayed(connection, submitted, submission_options)
        attempt.is_done = accepted is None
        if accepted is None:
            if not submission_options.dry_run:
                await schemas.forget_removed_definition(connection, caller.project_id, resource, key)
            accepted = await context.acceptance.accept_planned(connection, submitted, submission_options)
            attempt.about(action_id=accepted.action_id, related_object=resource, dry_run=submission_options.dry_run)
    return answer_accepted(accepted, 202)


@router.get(
    "/{resource}/definitions/{key:key}/usage",
    summary="Count resources with a key",
    openapi_extra=_READING | OURS | answers(KeyUsage),
)
async def count_usage(context: FromContext, caller: FromCaller, resource: str, key: str) -> Json:
    """Count the resources that carry the key, which a purge would change. Ours, not the reference API's."""
    table = _table_of(context, resource)
    async with context.reading(caller, much=True).connection() as connection:
        total = await count_carrying(connection, caller.project_id, table, key)
    return Json({"object": "metadata_key_usage", "related_object": resource, "key": key, "total": total})


@router.get(
    "/{resource}/usage", summary="List metadata keys in use", openapi_extra=_READING | OURS | answers(KeyUsageList)
)
async def list_usage(context: FromContext, caller: FromCaller, resource: str) -> Json:
    """List the keys that resources of this type carry, defined or not, each with how many carry it; most used first.

    Only the 20,000 newest resources are counted, and at most 200 keys are listed; if there are more, `complete` is
    false. Ours, not the reference API's.
    """
    table = _table_of(context, resource)
    async with context.reading(caller, much=True).connection() as connection:
        used = await keys_in_use(connection, caller.project_id, table)
    return Json({"object": "list", "data_ref": "keys", "related_object": resource, **used})


def _purge_of(context: Context, resource: str) -> ActionType:
    """The action type that purges a key off all resources of this name; raises NotFoundError."""
    purges = {each.noun: each for each in context.action_types.values() if each.name.endswith(_PURGE)}
    if resource not in purges:
        raise NotFoundError(f"The metadata of {resource} cannot be purged; that of {', '.join(purges)} can")
    return purges[resource]


def _table_of(context: Context, resource: str) -> str:
    return _purge_of(context, resource).name.removesuffix(_PURGE).lower()


@management.get(
    "/{project_id}/metadata-schemas",
    summary="List metadata schemas",
    openapi_extra=_READING_ALL | answers(ManagedSchemaList),
)
async def list_managed(context: FromContext, manager: FromManagedProject) -> Json:
    """List all metadata schemas of the project."""
    async with context.reading(manager).connection() as connection:
        records = await schemas.list_schemas(connection, manager.project_id)
    return Json({"object": "list", "data_ref": "data", "data": [_shown(record) for record in records],
                 "total": len(records)})  # fmt: skip


@management.post(
    "/{project_id}/metadata-schemas",
    summary="Create metadata schema",
    openapi_extra=_DEFINING_ALL | takes(NewSchema) | answers(ManagedSchema),
)
async def create(request: Request, context: FromContext, manager: FromManagedProject) -> Json:
    """Define the metadata of a type of resource for the first time."""
    body = await json_object(request, context.settings.max_row_bytes)
    async with context.changing(request, manager) as connection:
        created = await schemas.create_schema(
            connection,
            manager.project_id,
            body.get("related_object"),
            body.get("properties"),
            body.get("allow_defined_only"),
        )
        attempt_of(request).about(created["id"], related_object=created["related_object"])
    return Json(_shown(created))


@management.get(
    "/{project_id}/metadata-schemas/{schema_id}",
    summary="Get metadata schema",
    openapi_extra=_READING_ALL | answers(ManagedSchema),
)
async def get_managed(context: FromContext, manager: FromManagedProject, schema_id: str) -> Json:
    """Get one metadata schema by its id."""
    async with context.reading(manager).connection() as connection:
        return Json(_shown(await schemas.get_schema_by_id(connection, manager.project_id, schema_id)))


@management.put(
    "/{project_id}/metadata-schemas/{schema_id}",
    summary="Update metadata schema",
    openapi_extra=_DEFINING_ALL | takes(SchemaUpdate) | answers(ManagedSchema),
)
async def update(request: Request, context: FromContext, manager: FromManagedProject, schema_id: str) -> Json:
    """Add definitions or overwrite them; those left out stay as they are."""
    body = await json_object(request, context.settings.max_row_bytes)
    async with context.changing(request, manager) as connection:
        await schemas.hold_schemas(connection, manager.project_id)
        before = await schemas.get_schema_by_id(connection, manager.project_id, schema_id)
        updated = await schemas.update_schema(
            connection,
            manager.project_id,
            schema_id,
            body.get("properties"),
            body.get("allow_defined_only"),
        )
        attempt_of(request).about(related_object=updated["related_object"])
        attempt_of(request).compare(_shown(before), _shown(updated))
    return Json(_shown(updated))


@management.delete(
    "/{project_id}/metadata-schemas/{schema_id}",
    status_code=204,
    summary="Delete metadata schema",
    openapi_extra=_DEFINING_ALL,
)
async def delete(request: Request, context: FromContext, manager: FromManagedProject, schema_id: str) -> Response:
    """Delete a schema for good; the resources keep their metadata."""
    async with context.changing(request, manager) as connection:
        await schemas.delete_schema(connection, manager.project_id, schema_id)
    return Response(status_code=204)


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": record["id"],
        "related_object": record["related_object"],
        "properties": record["properties"],
        "allow_defined_only": record["allow_defined_only"],
        "created_at": wire_time(record["created_at"]),
        "updated_at": wire_time(record["updated_at"]),
        "object": "metadata_schema",
    }


def _with_camel_case(shown: dict[str, Any]) -> dict[str, Any]:
    """Return the API's older shape, which names some keys of a definition in camel case."""
    properties = {
        name: {_CAMEL_CASE.get(key, key): value for key, value in definition.items()}
        for name, definition in shown["properties"].items()
    }
    return {**shown, "properties": properties}
