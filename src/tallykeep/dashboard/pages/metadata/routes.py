"""Metadata schemas: what may stand in the metadata of each kind of resource; and keys taken off all of them."""

import secrets
from collections import defaultdict
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tallykeep.dashboard.kit.api_client import RefusedError, segment
from tallykeep.dashboard.kit.form_errors import said
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
    "image_url": "address of an image",
    "geopoint": "place on earth",
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
    """Every schema with its definitions, those that were removed included."""
    return await _shown(request, visit)


async def _shown(request: Request, visit: Visit, problem: str | None = None, given: Form | None = None) -> Response:
    schemas = await _schemas(visit)
    resources = visit.catalog.purged
    used = {resource: await _used(visit, resource) for resource in resources}
    return page(
        request, "pages/metadata/schemas.html", status=422 if problem else 200, resources=resources, types=TYPES,
        schemas=schemas, used=used, rows=_rows(schemas, used), rules=_rules, problem=problem,
        given=defaultdict(str, given or {}),
    )  # fmt: skip


def _rows(schemas: Schemas, used: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The keys in use, each with what is defined of it."""
    rows = []
    for resource, found in used.items():
        defined = schemas.get(resource, {}).get("properties", {})
        for each in found["keys"]:
            definition = defined.get(each["key"])
            state = "none" if definition is None else "removed" if definition.get("deleted") else "in force"
            rows.append({"resource": resource, "definition": state, **each})
    return rows


async def _used(visit: Visit, resource: str) -> dict[str, Any]:
    """The keys in use, with how many carry each, and whether these are all."""
    used: dict[str, Any] = await visit.api.get(f"/v1/metadata-schemas/{resource}/usage")
    return used


async def _schemas(visit: Visit) -> Schemas:
    """The schemas by what they are of."""
    found = await visit.api.get(f"{await _project(visit)}/metadata-schemas")
    return {schema["related_object"]: schema for schema in found["data"]}


async def _project(visit: Visit) -> str:
    projects = await visit.api.get("/management/v1/projects")
    return f"/management/v1/projects/{projects['data'][0]['id']}"


def _rules(definition: dict[str, Any]) -> str:
    """What a definition demands besides its type, in words."""
    told = ["required"] if definition.get("optional") is False else []
    for name, words in _RULES.items():
        if (limit := definition.get(name)) not in (None, []):
            told.append(words.format(", ".join(map(str, limit)) if isinstance(limit, list) else limit))
    return "; ".join(told)


@router.post("/define")
async def define(request: Request, visit: FromVisit) -> Response:
    """Add a definition, or change one; its type stays what it is."""
    given = {name: str(value).strip() for name, value in (await request.form()).items()}
    resource, key = given.get("resource", ""), given.get("key", "")
    try:
        await _put(visit, resource, {"properties": {key: _definition(given)}})
    except RefusedError as refused:
        return await _shown(request, visit, said(refused.details, _labels(key)), given)
    of = visit.catalog.purged.get(resource, resource).lower()
    told = f"{key} is defined for {of}, for all that is written from now on. What they hold already was not checked."
    return redirect(request, "/metadata", notice=told)


def _labels(key: str) -> dict[str, str]:
    """What the form calls the parts of a definition."""
    where = f"properties.{key}"
    return {f"{where}.type": "Its value", f"{where}.eq": "One of these alone", where: "Key", "properties": "Key"}


def _definition(given: Form) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "type": given.get("type", "string"),
        "array": given.get("array") == "true",
        "optional": given.get("required") != "true",
    }
    if choices := [choice.strip() for choice in given.get("choices", "").split(",") if choice.strip()]:
        definition["eq"] = (
            [number_of(each, f"properties.{given.get('key', '')}.eq") for each in choices]
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
    """Take keys that are defined alone, or any."""
    only = (await request.form()).get("only") == "true"
    await _put(visit, _known(visit, resource), {"allow_defined_only": only})
    told = "Only defined keys are taken from now on." if only else "Any keys are taken from now on."
    return redirect(request, "/metadata", notice=f"{visit.catalog.purged[resource]}: {told}")


@router.post("/{resource}/remove")
async def remove(request: Request, visit: FromVisit, resource: str) -> Response:
    """Put a definition out of force; the resources keep their metadata."""
    return await _marked(request, visit, resource, "DELETE", "", "was removed. The resources keep what they have")


@router.post("/{resource}/restore")
async def restore(request: Request, visit: FromVisit, resource: str) -> Response:
    """Put a removed definition in force again."""
    return await _marked(request, visit, resource, "POST", "/restore", "is in force again")


async def _marked(request: Request, visit: Visit, resource: str, method: str, verb: str, told: str) -> Response:
    form = await request.form()
    key = str(form.get("key", ""))
    await visit.api.ask(method, f"{_definition_path(visit, resource, key)}{verb}")
    on = (
        f"/metadata/purge?{urlencode({'resource': resource, 'key': key})}"
        if form.get("then") == "purge"
        else "/metadata"
    )
    return redirect(request, on, notice=f"The definition {key} {told}.")


def _definition_path(visit: Visit, resource: str, key: str) -> str:
    return f"/v1/metadata-schemas/{_known(visit, resource)}/definitions/{segment(key)}"


def _known(visit: Visit, resource: str) -> str:
    if resource not in visit.catalog.purged:
        raise HTTPException(404)
    return resource


@router.get("/purge")
async def ask_to_purge(request: Request, visit: FromVisit, resource: str, key: str) -> Response:
    """What a purge would reach, to be confirmed by typing the key."""
    return await _purge_page(request, visit, resource, key.strip(), secrets.token_hex(16))


async def _purge_page(
    request: Request, visit: Visit, resource: str, key: str, once: str, problem: str | None = None
) -> Response:
    try:
        usage = await visit.api.get(f"{_definition_path(visit, resource, key)}/usage")
    except RefusedError as refused:
        return await _shown(request, visit, refused.details)
    definition = (await _schemas(visit)).get(resource, {}).get("properties", {}).get(key)
    near = [] if usage["total"] else _near(key, await _used(visit, resource))
    return page(
        request, "pages/metadata/purge.html", status=422 if problem else 200, noun=resource, key=key,
        total=usage["total"],
        once=once, problem=problem, in_force=definition is not None and not definition.get("deleted"),
        removed=definition is not None and bool(definition.get("deleted")), near=near,
    )  # fmt: skip


def _near(key: str, used: dict[str, Any]) -> list[str]:
    """Keys in use that are spelled much like this one, whatever their capitals."""
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
    """Take a key that was typed off all resources of a kind, once however often the form is sent; on to the task."""
    given = {name: str(value) for name, value in (await request.form()).items()}
    resource, key, once = given.get("resource", ""), given.get("key", ""), given.get("once", "")
    if given.get("typed", "").strip() != key:
        told = "That is not the key. Nothing was purged."
        return await _purge_page(request, visit, resource, key, once, told)
    try:
        path = f"{_definition_path(visit, resource, key)}/purge"
        accepted = await visit.api.ask("POST", path, headers={"Idempotency-Key": once})
    except RefusedError as refused:
        return await _purge_page(request, visit, resource, key, once, refused.details)
    return redirect(request, f"/tasks/{accepted['async_action_id']}")
