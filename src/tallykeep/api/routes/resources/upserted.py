"""Single resources of upserted nouns and lists of them: the endpoints that a noun declares."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.parameters import Limit, parameters_of
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.nouns import schemas_of
from tallykeep.core.compatibility import OURS
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.resources.upserts.declaring.declarations import Endpoint
from tallykeep.resources.upserts.read import delete_one, get_one, list_page
from tallykeep.resources.upserts.single import held_one, upsert_one
from tallykeep.resources.upserts.spec import UpsertSpec
from tallykeep.tenants.permissions import Permission

_READING: tuple[Endpoint, ...] = ("list", "get")


def noun_routes(spec: UpsertSpec, reading: Permission, writing: Permission) -> APIRouter:
    """Return a router with the noun's endpoints, which need these permissions."""
    router = APIRouter(prefix=f"/v1/{spec.plural}", tags=[spec.plural_title], default_response_class=Json)
    for endpoint in spec.endpoints:
        _ADD[endpoint](router, spec, needs(reading if endpoint in _READING else writing))
    return router


def _add_list(router: APIRouter, spec: UpsertSpec, need: dict[str, Any]) -> None:
    async def list_(
        request: Request, context: FromContext, caller: FromCaller, limit: Limit = 10, page: int = 1
    ) -> Json:
        selection = read_selection(spec.list_spec, request.query_params.multi_items())
        async with context.reading(caller, much=selection.is_filtered).connection() as connection:
            return Json(await list_page(connection, caller.project_id, spec, selection, limit=limit, page=page))

    last = spec.list_declaration.max_page
    page = Annotated[int, Query(ge=1, le=last, description=f"Which page, 1 to {last}.")]
    list_.__annotations__["page"] = page
    list_.__doc__ = f"The project's {spec.people_call_them}, newest first unless `order` says otherwise."
    extra = {**need, **parameters_of(spec.list_spec), **_compatibility(spec, "list"), **answers(schemas_of(spec).page)}
    router.get("", summary=f"List {spec.people_call_them}", openapi_extra=extra)(list_)


def _add_create(router: APIRouter, spec: UpsertSpec, need: dict[str, Any]) -> None:
    async def create(request: Request, context: FromContext, caller: FromCaller) -> Json:
        values = await json_object(request, context.settings.max_row_bytes)

        async def write(connection: Connection) -> Json:
            before = await held_one(connection, caller.project_id, spec, values)
            resource_id = await upsert_one(connection, caller.project_id, spec, values)
            shown = await get_one(connection, caller.project_id, spec, resource_id)
            attempt_of(request).about(resource_id)
            attempt_of(request).compare(before, shown)
            return Json(shown)

        return await context.transact(request, caller, write)

    brought = f"; {spec.brings}" if spec.brings else ""
    create.__doc__ = f"Create {spec.one}, or update the one with this source_id or id{brought}."
    schemas = schemas_of(spec)
    extra = {**need, **_compatibility(spec, "create"), **takes(schemas.new), **answers(schemas.shown)}
    router.post("", summary=f"Create {spec.name}", openapi_extra=extra)(create)


def _add_get(router: APIRouter, spec: UpsertSpec, need: dict[str, Any]) -> None:
    async def get(request: Request, context: FromContext, caller: FromCaller) -> Json:
        async with context.reading(caller).connection() as connection:
            return Json(await get_one(connection, caller.project_id, spec, _key(request, spec)))

    get.__doc__ = f"One {spec.name} by id or source_id."
    extra = {**need, **_key_parameter(spec), **_compatibility(spec, "get"), **answers(schemas_of(spec).shown)}
    router.get(_one(spec), summary=f"Get {spec.name}", openapi_extra=extra)(get)


def _add_update(router: APIRouter, spec: UpsertSpec, need: dict[str, Any]) -> None:
    async def update(request: Request, context: FromContext, caller: FromCaller) -> Json:
        values = await json_object(request, context.settings.max_row_bytes)

        async def write(connection: Connection) -> Json:
            resource = await get_one(connection, caller.project_id, spec, _key(request, spec))
            change = changes_of(values) | {"id": resource["id"]}
            before = await held_one(connection, caller.project_id, spec, change)
            await upsert_one(connection, caller.project_id, spec, change)
            updated = await get_one(connection, caller.project_id, spec, resource["id"])
            attempt_of(request).about(resource["id"])
            attempt_of(request).compare(before, updated)
            return Json(updated)

        return await context.transact(request, caller, write)

    update.__doc__ = f"Update {spec.one}: {spec.update_rule}."
    schemas = schemas_of(spec)
    extra = {
        **need,
        **_key_parameter(spec),
        **_compatibility(spec, "update"),
        **takes(schemas.update),
        **answers(schemas.shown),
    }
    router.put(_one(spec), summary=f"Update {spec.name}", openapi_extra=extra)(update)


def _add_delete(router: APIRouter, spec: UpsertSpec, need: dict[str, Any]) -> None:
    async def delete(request: Request, context: FromContext, caller: FromCaller) -> Response:
        async with context.changing(request, caller) as connection:
            deleted = await delete_one(connection, caller.project_id, spec, _key(request, spec))
            attempt_of(request).about(deleted["id"])
        return Response(status_code=204)

    delete.__doc__ = f"Delete {spec.one} for good."
    extra = {**need, **_key_parameter(spec), **_compatibility(spec, "delete")}
    router.delete(_one(spec), status_code=204, summary=f"Delete {spec.name}", openapi_extra=extra)(delete)


_ADD: dict[Endpoint, Callable[[APIRouter, UpsertSpec, dict[str, Any]], None]] = {
    "list": _add_list,
    "create": _add_create,
    "get": _add_get,
    "update": _add_update,
    "delete": _add_delete,
}


def changes_of(values: dict[str, Any]) -> dict[str, Any]:
    """Return what an update may change: all but the keys that name the resource."""
    return {name: value for name, value in values.items() if name not in ("id", "source_id")}


def _one(spec: UpsertSpec) -> str:
    return f"/{{{spec.noun}_id:key}}"


def _key(request: Request, spec: UpsertSpec) -> str:
    return str(request.path_params[f"{spec.noun}_id"])


def _key_parameter(spec: UpsertSpec) -> dict[str, Any]:
    name = f"{spec.noun}_id"
    schema = {"type": "string", "title": name.replace("_", " ").title()}
    return {"parameters": [{"name": name, "in": "path", "required": True, "schema": schema}]}


def _compatibility(spec: UpsertSpec, endpoint: Endpoint) -> dict[str, Any]:
    if spec.compatibility is None:
        return OURS
    return spec.compatibility[endpoint].extra if endpoint in spec.compatibility else {}
