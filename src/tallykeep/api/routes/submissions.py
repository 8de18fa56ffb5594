"""The endpoints that start actions: one for each row of the table of action types."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import Schema, answers
from tallykeep.api.requests.bodies import upload_slot
from tallykeep.api.requests.submission_options import PARAMETERS, parameters
from tallykeep.api.requests.upload import FORM, NDJSON, RequestUpload, submission
from tallykeep.api.responses.answers import Json, answer_accepted
from tallykeep.api.schemas.rows import ROW_SCHEMAS
from tallykeep.api.schemas.values import AcceptedAction
from tallykeep.catalog.action_types import COMPATIBILITY
from tallykeep.catalog.contents import submits
from tallykeep.core.action_type import ActionType, ActionTypes
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.options.declaration import Option, Scope
from tallykeep.core.options.submission_options import options_for
from tallykeep.tenants.callers import Caller

_JSON = "application/json"
_CSV = "text/csv"

_REFERENCE_REPORT = ("code", "source_id", "found", "updated")  # the columns of the reference API's report files
_UNUSED = "webhooks_enable"

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_PACKED = "The body may be compressed (`Content-Encoding: gzip` or `zstd`), and so may a file in a form."
_FILES = {
    "csv": "A CSV file, or an XLSX workbook. The header is the first row that is not blank, or one further down with "
    "more known titles. Of a workbook, the first sheet with rows is read, or the one with the most known titles.",
    "json": "A JSON array, or NDJSON.",
}
_TARGET = {
    "name": "target",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "The campaign, by its id or name.",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def _field(option: Option) -> dict[str, Any]:
    where = " Has to come before `file` in the form." if option.in_front else ""
    return {**option.schema, "description": option.description + where}


def _fields(scope: Scope) -> dict[str, dict[str, Any]]:
    return {option.name: _field(option) for option in options_for(scope)}


def _form(source: str, **fields: dict[str, Any]) -> dict[str, Any]:
    file = {"type": "string", "format": "binary", "description": _FILES[source]}
    return {"schema": {"type": "object", "required": ["file"], "properties": {"file": file, **fields}}}


_BODIES: dict[str, dict[str, Any]] = {
    "csv": {
        FORM: _form(
            "csv",
            **_fields(Scope.FILE),
            **{_UNUSED: {"type": "boolean", "description": "Accepted, without effect so far."}},
        ),
        _CSV: {"schema": {"type": "string"}},
        _XLSX: _BINARY,
    },
    "json": {**dict.fromkeys(NDJSON, _BINARY), FORM: _form("json")},
}


def submission_routes(action_types: ActionTypes) -> APIRouter:
    """A router with the endpoint of every action type."""
    router = APIRouter(tags=["Submissions"])
    for action_type in action_types.values():
        if action_type.source == "planned":
            continue  # started through the resource they change
        router.add_api_route(
            action_type.path.replace("{target}", "{target:key}"),
            _endpoint(action_type),
            methods=["POST"],
            status_code=action_type.status_code,
            response_class=Json,
            summary=action_type.summary,
            description=f"Starts an action of the type `{action_type.name}` and answers with its id. {_PACKED}",
            operation_id=action_type.name,
            openapi_extra={
                **needs(submits(action_type)),
                "parameters": _parameters(action_type),
                "requestBody": {"required": not action_type.may_be_empty, "content": _content(action_type)},
                **answers(AcceptedAction, code=action_type.status_code),
                **_compatibility(action_type).extra,
            },
        )
    return router


def _parameters(action_type: ActionType) -> list[dict[str, Any]]:
    of_file = parameters(Scope.FILE) if action_type.source == "csv" else []
    target = [_TARGET] if "{target}" in action_type.path else []
    return [*target, *PARAMETERS, *of_file, *(parameters(Scope.ENDS) if action_type.has_ends else [])]


def _with_ends(content: dict[str, Any]) -> dict[str, Any]:
    """The bodies of rows that have ends: the form may say what a day alone means."""
    schema = content[FORM]["schema"]
    form = {"schema": {**schema, "properties": {**schema["properties"], **_fields(Scope.ENDS)}}}
    return {**content, FORM: form}


def _rows(action_type: ActionType) -> dict[str, Any]:
    """The body of rows as JSON, of a type that takes such."""
    if action_type.source != "json":
        return {}
    name = action_type.row_schema
    row: dict[str, Any] = {"type": "object"} if name is None else Schema(ROW_SCHEMAS[name])
    return {_JSON: {"schema": {"type": "array", "items": row}}}


def _content(action_type: ActionType) -> dict[str, Any]:
    if action_type.source != "ids":
        content = {**_rows(action_type), **_BODIES[action_type.source]}
        return _with_ends(content) if action_type.has_ends else content
    keys = {name: {"type": "array", "items": {"type": "string"}} for name in action_type.ids}
    metadata = {"type": "object", "description": "What is to be put to the metadata of each of them."}
    schema = {
        "type": "object",
        "required": ["metadata", *(action_type.ids if len(action_type.ids) == 1 else ())],
        "properties": {**keys, "metadata": metadata},
        "description": f"Name the resources by `{'` or `'.join(action_type.ids)}`.",
    }
    example = {action_type.ids[0]: ["one", "two"], "metadata": {"season": "fall"}}
    return {_JSON: {"schema": schema, "example": example}}


def _compatibility(action_type: ActionType) -> Compatibility:
    """Return the compatibility of a submission: what is true of its source, and of this type alone."""
    own = replace(COMPATIBILITY.get(action_type.name, Compatibility()), query=())
    if action_type.source == "csv":
        own = replace(own, unused=(_UNUSED,))
    others = [name for name in _content(action_type) if name != (FORM if action_type.source == "csv" else _JSON)]
    if others:
        own = replace(own, adds=(*own.adds, f"bodies of the types `{'`, `'.join(others)}`"))
    columns = [name for name in action_type.report_header if name not in _REFERENCE_REPORT]
    if columns:
        own = replace(own, adds=(*own.adds, f"the report's column `{'`, `'.join(columns)}`"))
    return own


# A retry takes rows in whatever form the first action's type takes them.
RETRY_BODY: dict[str, Any] = {"required": False, "content": {**_BODIES["json"], **_BODIES["csv"], _JSON: {}}}

# A file to be previewed may be of any type, and need not say which.
PREVIEW_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": " ".join(_FILES.values())}
                },
            }
        },
        _JSON: {"schema": {"type": "array", "items": {"type": "object"}}},
        **dict.fromkeys((_CSV, _XLSX, *NDJSON, "application/octet-stream"), _BINARY),
    },
}


def media_types(action_type: ActionType) -> tuple[str, ...]:
    """The content types in which the type's rows may come."""
    return (_JSON,) if action_type.source == "planned" else tuple(_content(action_type))


def _endpoint(action_type: ActionType) -> Callable[..., Awaitable[Json]]:
    accepted = media_types(action_type)

    async def submit(request: Request, context: FromContext, caller: FromCaller) -> Json:
        aside = context.aside.of(caller.project_id)
        upload = RequestUpload(request, accepted, context.settings, aside, no_body=action_type.no_body)
        parameters = await _target_parameters(request, context, caller, action_type)
        acceptance = await context.accepting(caller)
        async with upload_slot(request, context, caller):
            accepted_as = await acceptance.accept(submission(request, caller, action_type, parameters), upload)
        return answer_accepted(accepted_as, action_type.status_code)

    return submit


async def _target_parameters(
    request: Request, context: Context, caller: Caller, action_type: ActionType
) -> dict[str, Any]:
    if action_type.target is None:
        return {}
    async with context.reading(caller).connection() as connection:
        return await action_type.target(connection, caller.project_id, request.path_params["target"])
