"""Vouchers, and the resources that the catalog lists: searched, and shown one by one."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from tallykeep.dashboard.kit.api_client import segment
from tallykeep.dashboard.kit.render import ForReader, page
from tallykeep.dashboard.kit.signed_in import FromVisit
from tallykeep.dashboard.pages.resources.resource_types import Resource, ResourceType, resource_types

router = APIRouter(prefix="/resources")

_PER_PAGE, _MAX_PAGES = 20, 99
_NOT_SAID = ("object", "data_ref", "type", "url")
_APART = ("metadata", "object", "created_at", "updated_at")


@router.get("")
async def first_resource_type(visit: FromVisit) -> Response:
    """Lead to vouchers, which most people look for, or to the first type that the key may see."""
    seen = (name for name in resource_types(visit.catalog) if visit.rights.may(f"{name}.read"))
    return RedirectResponse(f"/resources/{next(seen, 'vouchers')}", status_code=303)


@router.get("/{resource_type}")
async def search(request: Request, visit: FromVisit, resource_type: str, q: str = "", number: int = 1) -> Response:
    """The newest of a type, or those that match."""
    known = resource_types(visit.catalog)
    shown = _resource_type(known, resource_type)
    wanted, narrowed = q.strip(), _narrowed(request, shown)
    query = {"limit": _PER_PAGE, "page": min(max(number, 1), _MAX_PAGES), **narrowed, **_matching(shown, wanted)}
    answer = await visit.api.ask("GET", f"/v1/{resource_type}", query)
    pages = min(-(-answer["total"] // _PER_PAGE), _MAX_PAGES)
    return page(
        request, "pages/resources/list.html", resource_type=resource_type, shown=shown, q=wanted, narrowed=narrowed,
        resource_types=known, resources=answer[resource_type], total=answer["total"],
        number=query["page"], pages=pages,
    )  # fmt: skip


def _narrowed(request: Request, resource_type: ResourceType) -> dict[str, str]:
    return {name: request.query_params.get(name, "") for name in resource_type.filters}


def _resource_type(known: dict[str, ResourceType], name: str) -> ResourceType:
    if name not in known:
        raise HTTPException(404)
    return known[name]


def _matching(resource_type: ResourceType, wanted: str) -> dict[str, str]:
    """Any of the fields that are searched in holds it."""
    if not wanted:
        return {}
    conditions = {f"filters[{name}][conditions][$contains]": wanted for name in resource_type.searched}
    return {"filters[junction]": "or", **conditions}


async def _file(
    request: Request, visit: FromVisit, resource_type: str, q: str = "", reader: ForReader = None
) -> AsyncIterator[httpx.Response]:
    shown = _resource_type(resource_types(visit.catalog), resource_type)
    query = {**_narrowed(request, shown), **_matching(shown, q.strip()), "for": reader}
    async with visit.api.stream("GET", f"/v1/lists/csv/{resource_type}", query) as content:
        yield content


@router.get("/csv/{resource_type}")
async def download(content: Annotated[httpx.Response, Depends(_file)]) -> Response:
    """All that the list shows on its pages, as a file that can be imported again, or one for a spreadsheet to open."""
    headers = {"content-disposition": content.headers["content-disposition"]}
    return StreamingResponse(content.aiter_bytes(), media_type=content.headers["content-type"], headers=headers)


@router.get("/{resource_type}/{key:path}")
async def show_one(request: Request, visit: FromVisit, resource_type: str, key: str) -> Response:
    """One resource, with all that is known of it."""
    shown = _resource_type(resource_types(visit.catalog), resource_type)
    resource = await visit.api.get(f"/v1/{resource_type}/{segment(key)}")
    skus = (
        await visit.api.get(f"/v1/products/{segment(resource['id'])}/skus", limit=100)
        if resource_type == "products"
        else None
    )
    return page(
        request, "pages/resources/one.html", resource_type=resource_type, shown=shown, resource=resource,
        title=_title(shown, resource), facts=_facts(resource), parts=_parts(resource), skus=skus and skus["skus"],
    )  # fmt: skip


def _title(resource_type: ResourceType, resource: Resource) -> str:
    """Return the resource's name for people: a customer or a product by its name."""
    return str(
        (resource.get("name") if "Name" in resource_type.columns else None)
        or resource[resource_type.key]
        or resource["id"]
    )


def _facts(resource: Resource) -> dict[str, Any]:
    """The single values, without those that are not given."""
    return {
        name: value
        for name, value in resource.items()
        if name not in _APART and value not in (None, "") and not isinstance(value, dict | list)
    }


def _parts(resource: Resource) -> dict[str, Any]:
    """The values that have values inside, without those that hold nothing."""
    return {
        name: value
        for name, value in resource.items()
        if name not in _APART
        and isinstance(value, dict | list)
        and not _is_hollow(value)
        and f"{name}_id" not in resource
    }


def _is_hollow(value: Any) -> bool:
    """Whether nothing is said: no values, zeros, or names of what there could be. That there is no limit, is."""
    if isinstance(value, dict):
        said = [inner for name, inner in value.items() if name not in _NOT_SAID]
        return "quantity" not in value and all(map(_is_hollow, said))
    if isinstance(value, list):
        return not value
    return value in (None, "", 0, False)
