"""Categories."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.categories import Category, CategoryList, CategoryUpdate, NewCategory
from tallykeep.core.compatibility import Compatibility
from tallykeep.resources.categories import store
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/categories", tags=["Categories"], default_response_class=Json)

_READING, _WRITING = needs(Permission.CATEGORIES_READ), needs(Permission.CATEGORIES_WRITE)


@router.get("", summary="List categories", openapi_extra=_READING | answers(CategoryList))
async def list_(context: FromContext, caller: FromCaller) -> Json:
    """List all categories of the project, newest first."""
    async with context.reading(caller).connection() as connection:
        return Json(await store.list_categories(connection, caller.project_id))


@router.post("", summary="Create category", openapi_extra=_WRITING | takes(NewCategory) | answers(Category))
async def create(request: Request, context: FromContext, caller: FromCaller) -> Json:
    """Create a category; vouchers and campaigns that carry its name already are in it at once."""
    body = await json_object(request, context.settings.max_row_bytes)
    async with context.changing(request, caller) as connection:
        created = await store.create_category(connection, caller.project_id, body)
        attempt_of(request).about(created["id"], name=created["name"])
    return Json(created)


@router.get("/{category_id}", summary="Get category", openapi_extra=_READING | answers(Category))
async def get(context: FromContext, caller: FromCaller, category_id: str) -> Json:
    """Get one category by its id."""
    async with context.reading(caller).connection() as connection:
        return Json(await store.get_category(connection, caller.project_id, category_id))


@router.put(
    "/{category_id}", summary="Update category", openapi_extra=_WRITING | takes(CategoryUpdate) | answers(Category)
)
async def update(request: Request, context: FromContext, caller: FromCaller, category_id: str) -> Json:
    """Change a category's name or hierarchy; all vouchers and campaigns in it show the new name."""
    body = await json_object(request, context.settings.max_row_bytes)
    async with context.changing(request, caller) as connection:
        before = await store.hold_category(connection, caller.project_id, category_id)
        updated = await store.update_category(connection, caller.project_id, category_id, body)
        attempt_of(request).about(name=updated["name"])
        attempt_of(request).compare(before, updated)
    return Json(updated)


@router.delete(
    "/{category_id}", status_code=204, summary="Delete category", openapi_extra=_WRITING | Compatibility(query=()).extra
)
async def delete(
    request: Request, context: FromContext, caller: FromCaller, category_id: str, force: bool = False
) -> Response:
    """Delete a category. One in use is deleted only with `force`, which removes it from its vouchers and campaigns."""
    attempt_of(request).about(force=force)
    async with context.changing(request, caller) as connection:
        await store.delete_category(connection, caller.project_id, category_id, force=force)
    return Response(status_code=204)
