"""Projects: created, listed, changed and deleted by keys of the management API."""

from typing import Any

from fastapi import APIRouter, Request

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller, FromManagedProject
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.permissions import needs, require
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.requests.upload import submission
from tallykeep.api.responses.answers import Json, answer_accepted
from tallykeep.api.schemas.projects.project import (
    CreatedProject,
    NewProject,
    Project,
    ProjectDeletion,
    ProjectList,
    ProjectUpdate,
    ProjectUsage,
)
from tallykeep.api.schemas.values import AcceptedAction
from tallykeep.catalog.action_types import PROJECT_DELETION
from tallykeep.core.compatibility import OURS, Compatibility
from tallykeep.db.connections.pool import Connection
from tallykeep.engine.intake.idempotency import Accepted
from tallykeep.engine.managing.project_deletion import delete_project
from tallykeep.engine.managing.project_tables import MAX_COUNTED, count_contents
from tallykeep.tenants.managing import projects
from tallykeep.tenants.managing.deletion import read_deletion
from tallykeep.tenants.managing.fields import KEPT, QUOTAS, REFUSED, UNUSED
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/management/v1/projects", tags=["Management"], default_response_class=Json)

_ABSENT = (
    "cluster_id", "default_code_config", "limits", "api_usage_notifications", "webhooks_callout_notifications",
    "webhook_version", "webhook_token",
)  # fmt: skip
_SHOWN: dict[str, Any] = {"absent": _ABSENT, "added": ("created_at", "deletion", "quotas")}
_TAKEN: dict[str, Any] = {"kept": KEPT, "unused": UNUSED, "refused": REFUSED}
_ADDS = ("`quotas` of the project's own",)
_LIST = Compatibility(
    **_SHOWN,
    differs=("all projects for an owner's key, else the one that the key belongs to; application keys will do, too",),
)
_CREATED = Compatibility(
    **{**_SHOWN, **_TAKEN, "added": ("created_at", "deletion", "quotas", "management_key")}, empty=("client_side_key",),
    adds=_ADDS,
    differs=("takes an owner's key; `name` alone is required", "`case_sensitive_codes` can only be true"),
)  # fmt: skip
_UPDATED = Compatibility(**_SHOWN, **_TAKEN, adds=_ADDS)
_DELETED = Compatibility(
    differs=("202 with the id of an action, which deletes in the background", "the first project is not deleted")
)

_MANAGING = needs(Permission.PROJECTS_MANAGE, only_managing=True)
_WATCHING = needs(Permission.PROJECTS_READ, only_managing=True, watching=True)


@router.get(
    "",
    summary="List projects",
    openapi_extra=needs(Permission.PROJECTS_READ, managing=True) | _LIST.extra | answers(ProjectList),
)
async def list_projects(context: FromContext, manager: FromCaller) -> Json:
    """List the projects that the key reaches, oldest first."""
    async with context.reading(manager).connection() as connection:
        return Json(await projects.list_projects(connection, manager))


@router.post(
    "",
    summary="Create project",
    openapi_extra=needs(Permission.INSTALLATION_MANAGE, only_managing=True)
    | _CREATED.extra
    | takes(NewProject)
    | answers(CreatedProject),
)
async def create(request: Request, context: FromContext, owner: FromCaller) -> Json:
    """Create a project, with an application key and a management key that are admins of it. Their tokens are in this
    answer only. They have the scopes, the expiry and the addresses of the owner's key.
    """
    body = await json_object(request, context.settings.max_row_bytes)
    async with context.changing(request, owner) as connection:
        created = await projects.create_project(connection, owner, body)
        keys = ", ".join((created["server_side_key"]["app_id"], created["management_key"]["management_id"]))
        attempt_of(request).about(created["id"], name=created["name"], keys=keys)
    return Json(created)


@router.get(
    "/{project_id}",
    summary="Get project",
    openapi_extra=needs(Permission.PROJECTS_READ, managing=True, watching=True)
    | Compatibility(**_SHOWN).extra
    | answers(Project),
)
async def get(context: FromContext, manager: FromManagedProject) -> Json:
    """Get one project."""
    async with context.reading(manager).connection() as connection:
        return Json(await projects.get_project(connection, manager))


@router.put(
    "/{project_id}",
    summary="Update project",
    openapi_extra=_MANAGING | _UPDATED.extra | takes(ProjectUpdate) | answers(Project),
)
async def update(request: Request, context: FromContext, manager: FromManagedProject) -> Json:
    """Change fields of a project; those left out stay. `quotas` are for owners' keys alone."""
    body = await json_object(request, context.settings.max_row_bytes)
    if QUOTAS in body:
        require(manager, Permission.INSTALLATION_MANAGE)
    async with context.changing(request, manager) as connection:
        before, updated = await projects.update_project(connection, manager, body)
        attempt_of(request).about(updated["id"], name=updated["name"], changed=", ".join(sorted(body)))
        attempt_of(request).compare(before, updated)
    context.key_cache.clear()  # which remembers quotas, too
    return Json(updated)


@router.delete(
    "/{project_id}",
    status_code=202,
    summary="Delete project",
    openapi_extra=needs(Permission.PROJECTS_MANAGE, only_managing=True, watching=True)
    | _DELETED.extra
    | answers(AcceptedAction, code=202),
)
async def delete(request: Request, context: FromContext, manager: FromManagedProject) -> Json:
    """Delete a project and all that it holds, for good, in the background; how much that is, is counted there, too.
    From now on it accepts nothing, its actions are canceled, and its keys have stopped working; those of the management
    API show how far the deletion is. What the audit log tells of it stays. Asked again, the answer is the same action;
    one that failed is begun anew.
    """
    attempt = attempt_of(request)
    submitted = submission(request, manager, PROJECT_DELETION, {})

    async def write(connection: Connection) -> Accepted:
        deletion = await delete_project(connection, context.acceptance, manager, submitted)
        attempt.is_done = deletion.is_new
        attempt.about(manager.project, action_id=deletion.accepted.action_id, name=deletion.name)
        return deletion.accepted

    accepted = await context.transact(request, manager, write)
    context.key_cache.clear()
    return answer_accepted(accepted, 202)


@router.get("/{project_id}/deletion", summary="Get deletion", openapi_extra=_WATCHING | OURS | answers(ProjectDeletion))
async def get_deletion(context: FromContext, manager: FromManagedProject) -> Json:
    """Get how far a project's deletion is. An owner's key also gets what became of it, when nothing is left."""
    async with context.reading(manager).connection() as connection:
        return Json(await read_deletion(connection, manager))


@router.get(
    "/{project_id}/usage",
    summary="Count what a project holds",
    openapi_extra=needs(Permission.PROJECTS_MANAGE, only_managing=True) | OURS | answers(ProjectUsage),
)
async def count_usage(context: FromContext, manager: FromManagedProject) -> Json:
    """Count what a project holds, which a deletion would delete: as it is now, each kind up to 100,000. Of the kinds in
    `at_least` there are that many, or more; how many, the deletion itself counts.
    """
    async with context.reading(manager, much=True).connection() as connection:
        counts, at_least = await count_contents(connection, manager.project_id)
    usage = {"counts": counts, "at_least": at_least, "max_counted": MAX_COUNTED, "total": sum(counts.values())}
    return Json({"object": "project_usage", "project_id": manager.project, **usage})
