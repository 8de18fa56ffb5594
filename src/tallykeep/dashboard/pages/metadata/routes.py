"""Metadata schemas: which metadata each resource type may have; and purges of keys."""

import secrets
from collections import defaultdict
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tallykeep.dashboard.kit.api_client import RefusedError, segment
from tallykeep.dashboard.kit.form_errors import form_message
from tallykeep.dashboard.kit.numbers import number_of
from tallykeep.dashboard.kit.render import page, redirect
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit

router = APIRouter(prefix="/metadata")

TYPES = {
    "string": "text",
    "number": "number",
    "boolean": "yes or no",
    "date": "date",
    "datetime": "date and time",
    "image_url": "image URL",
    "geopoint": "geographic point",
}
_RULES = {
    "eq": "one of {}",
    "ne": "none of {}",
    "lt": "less than {}",
    "lte": "at most {}",
    "gt": "more than {}",
    "gte": "at least {}",
    "min_length": "at least {} characters",
    "max_length": "at most {} characters",
    "exact_length": "exactly {} characters",
}

_MAX_ALIKE_LENGTH = 60  # texts are compared in quadratic time

Form = dict[str, str]
Schemas = dict[str, dict[str, Any]]


@router.get("")
async def show(request: Request, visit: FromVisit) -> Response:
    """Show every schema with its definitions, removed ones included."""
    return await _shown(request, visit)


async def _shown(request: Request, visit: Visit, problem: str | None = None, values: Form | None = None) -> Response:
    schemas = await _schemas(visit)
    resources = visit.catalog.purged
    used = {resource: await _used(visit, resource) for resource in resources}
    return page(
        request, "pages/metadata/schemas.html", status=422 if problem else 200, resources=resources, types=TYPES,
        schemas=schemas, used=used, rows=_rows(schemas, used), rules=_rules, problem=problem,
        values=defaultdict(str, values or {}),
    )  # fmt: skip


def _rows(schemas: Schemas, used: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the keys in use, each with the state of its definition."""
    rows = []
    for resource, usage in used.items():
        defined = schemas.get(resource, {}).get("properties", {})
        for each in usage["keys"]:
            definition = defined.get(each["key"])
            state = "none" if definition is None else "removed" if definition.get("deleted") else "active"
            rows.append({"resource": resource, "definition": state, **each})
    return rows


async def _used(visit: Visit, resource: str) -> dict[str, Any]:
    """Return the keys in use, with how many resources carry each, and whether these are all."""
    used: dict[str, Any] = await visit.api.get(f"/v1/metadata-schemas/{resource}/usage")
    return used


async def _schemas(visit: Visit) -> Schemas:
    """Return the schemas by their resource type."""
    answer = await visit.api.get(f"{await _project(visit)}/metadata-schemas")
    return {schema["related_object"]: schema for schema in answer["data"]}


async def _project(visit: Visit) -> str:
    projects = await visit.api.get("/management/v1/projects")
    return f"/management/v1/projects/{projects['data'][0]['id']}"


def _rules(definition: dict[str, Any]) -> str:
    """Return what a definition demands besides its type, in words."""
    rules = ["required"] if definition.get("optional") is False else []
    for name, wording in _RULES.items():
        if (limit := definition.get(name)) not in (None, []):
            rules.append(wording.format(", ".join(map(str, limit)) if isinstance(limit, list) else limit))
    return "; ".join(rules)


@router.post("/define")
async def define(request: Request, visit: FromVisit) -> Response:
    """Add a definition, or change one; its type stays what it is."""
    values = {name: str(value).strip() for name, value in (await request.form()).items()}
    resource, key = values.get("resource", ""), values.get("key", "")
    try:
        await _put(visit, resource, {"properties": {key: _definition(values)}})
    except RefusedError as refused:
        return await _shown(request, visit, form_message(refused.details, _labels(key)), values)
    of = visit.catalog.purged.get(resource, resource).lower()
    notice = f"{key} is defined for {of}, for everything written from now on. Existing metadata was not checked."
    return redirect(request, "/metadata", notice=notice)


def _labels(key: str) -> dict[str, str]:
    """Return what the form calls the parts of a definition."""
    where = f"properties.{key}"
    return {f"{where}.type": "Its value", f"{where}.eq": "Only one of these", where: "Key", "properties": "Key"}


def _definition(values: Form) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "type": values.get("type", "string"),
        "array": values.get("array") == "true",
        "optional": values.get("required") != "true",
    }
    if choices := [choice.strip() for choice in values.get("choices", "").split(",") if choice.strip()]:
        definition["eq"] = (
            [number_of(each, f"properties.{values.get('key', '')}.eq") for each in choices]
            if definition["type"] == "number"
            else choices
        )
    return definition


async def _put(visit: Visit, resource: str, change: dict[str, Any]) -> None:
    """Change a resource's schema, or make it where there is none."""
    path = f"{await _project(visit)}/metadata-schemas"
    schemas = await _schemas(visit)
    if resource in schemas:
        schema = schemas[resource]
        await visit.api.ask("PUT", f"{path}/{schema['id']}", json={"properties": {}, **change})
    else:
        await visit.api.ask("POST", path, json={"related_object": resource, "properties": {}, **change})


@router.post("/{resource}/strict")
async def be_strict(request: Request, visit: FromVisit, resource: str) -> Response:
    """Accept only defined keys, or any."""
    only = (await request.form()).get("only") == "true"
    await _put(visit, _known(visit, resource), {"allow_defined_only": only})
    notice = "Only defined keys are accepted from now on." if only else "Any keys are accepted from now on."
    return redirect(request, "/metadata", notice=f"{visit.catalog.purged[resource]}: {notice}")


@router.post("/{resource}/remove")
async def remove(request: Request, visit: FromVisit, resource: str) -> Response:
    """Deactivate a definition; the resources keep their metadata."""
    return await _marked(request, visit, resource, "DELETE", "", "was removed. The resources keep their metadata")


@router.post("/{resource}/restore")
async def restore(request: Request, visit: FromVisit, resource: str) -> Response:
    """Activate a removed definition again."""
    return await _marked(request, visit, resource, "POST", "/restore", "is active again")


async def _marked(request: Request, visit: Visit, resource: str, method: str, verb: str, change: str) -> Response:
    form = await request.form()
    key = str(form.get("key", ""))
    await visit.api.ask(method, f"{_definition_path(visit, resource, key)}{verb}")
    on = (
        f"/metadata/purge?{urlencode({'resource': resource, 'key': key})}"
        if form.get("then") == "purge"
        else "/metadata"
    )
    return redirect(request, on, notice=f"The definition {key} {change}.")


def _definition_path(visit: Visit, resource: str, key: str) -> str:
    return f"/v1/metadata-schemas/{_known(visit, resource)}/definitions/{segment(key)}"


def _known(visit: Visit, resource: str) -> str:
    if resource not in visit.catalog.purged:
        raise HTTPException(404)
    return resource


@router.get("/purge")
async def ask_to_purge(request: Request, visit: FromVisit, resource: str, key: str) -> Response:
    """Show what a purge would reach, to be confirmed by typing the key."""
    return await _purge_page(request, visit, resource, key.strip(), secrets.token_hex(16))


async def _purge_page(
    request: Request, visit: Visit, resource: str, key: str, idempotency_key: str, problem: str | None = None
) -> Response:
    try:
        usage = await visit.api.get(f"{_definition_path(visit, resource, key)}/usage")
    except RefusedError as refused:
        return await _shown(request, visit, refused.details)
    definition = (await _schemas(visit)).get(resource, {}).get("properties", {}).get(key)
    near = [] if usage["total"] else _near(key, await _used(visit, resource))
    return page(
        request, "pages/metadata/purge.html", status=422 if problem else 200, noun=resource, key=key,
        total=usage["total"], idempotency_key=idempotency_key, problem=problem,
        in_force=definition is not None and not definition.get("deleted"),
        removed=definition is not None and bool(definition.get("deleted")), near=near,
    )  # fmt: skip


def _near(key: str, used: dict[str, Any]) -> list[str]:
    """Return keys in use with a similar spelling, whatever their case."""
    by_folded: dict[str, list[str]] = defaultdict(list)
    if len(key) > _MAX_ALIKE_LENGTH:
        return []
    for each in used["keys"]:
        if len(each["key"]) > _MAX_ALIKE_LENGTH:
            continue
        by_folded[each["key"].casefold()].append(each["key"])
    return [name for folded in get_close_matches(key.casefold(), by_folded, n=3) for name in by_folded[folded]]


@router.post("/purge")
async def purge(request: Request, visit: FromVisit) -> Response:
    """Remove a key that was typed from all resources of a type, once however often the form is sent; on to the task."""
    values = {name: str(value) for name, value in (await request.form()).items()}
    resource, key, idempotency_key = (
        values.get("resource", ""),
        values.get("key", ""),
        values.get("idempotency_key", ""),
    )
    if values.get("typed", "").strip() != key:
        problem = "That is not the key. Nothing was purged."
        return await _purge_page(request, visit, resource, key, idempotency_key, problem)
    try:
        path = f"{_definition_path(visit, resource, key)}/purge"
        accepted = await visit.api.ask("POST", path, headers={"Idempotency-Key": idempotency_key})
    except RefusedError as refused:
        return await _purge_page(request, visit, resource, key, idempotency_key, refused.details)
    return redirect(request, f"/tasks/{accepted['async_action_id']}")
