"""A project's webhooks, and their deliveries. The reference API has the webhooks; their deliveries are ours."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromManagedProject
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.parameters import Limit, LongPage
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.webhooks.delivery import Delivery, DeliveryList
from tallykeep.api.schemas.webhooks.webhook import (
    CreatedWebhook,
    ManagedWebhook,
    ManagedWebhookList,
    NewWebhook,
    RotatedWebhook,
)
from tallykeep.core.compatibility import OURS, Compatibility
from tallykeep.engine.webhooks import deliveries
from tallykeep.engine.webhooks.deliveries import DeliveryStatus
from tallykeep.engine.webhooks.registry import Registry
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(
    prefix="/management/v1/projects/{project_id}/webhooks", tags=["Webhooks"], default_response_class=Json
)

_READING = needs(Permission.WEBHOOKS_READ, managing=True)
_MANAGING = needs(Permission.WEBHOOKS_MANAGE, managing=True)
_ADDED = ("updated_at", "failure_threshold", "failing_since", "disabled_reason")
_EVENTS = "`events` are those of asynchronous actions, and others are refused"
_SHOWN = Compatibility(added=_ADDED).extra
_CHANGED = Compatibility(
    added=_ADDED,
    adds=("`failure_threshold` in the body",),
    differs=(_EVENTS, "the target's addresses have to be public"),
).extra
_CREATED = Compatibility(
    added=(*_ADDED, "secret"), adds=("`failure_threshold` in the body",),
    differs=(_EVENTS, "the target's addresses have to be public"),
).extra  # fmt: skip

Status = Annotated[DeliveryStatus | None, Query(description="Only those with this status.")]


def _registry(context: Context, manager: Caller) -> Registry:
    return Registry(manager.project_id, context.action_types, context.settings.webhook_allow_private)


@router.get("", summary="List webhooks", openapi_extra=_READING | _SHOWN | answers(ManagedWebhookList))
async def list_webhooks(context: FromContext, manager: FromManagedProject) -> Json:
    """List the project's webhooks, oldest first, without their secrets."""
    async with context.reading(manager).connection() as connection:
        return Json(await _registry(context, manager).list_all(connection))


@router.post(
    "", summary="Create webhook", openapi_extra=_MANAGING | _CREATED | takes(NewWebhook) | answers(CreatedWebhook)
)
async def create(request: Request, context: FromContext, manager: FromManagedProject) -> Json:
    """Make a webhook. Its `secret` is in this answer only."""
    registry = _registry(context, manager)
    wanted = await registry.checked(await json_object(request, context.settings.max_row_bytes))
    async with context.changing(request, manager) as connection:
        created = await registry.create(connection, wanted)
        attempt_of(request).about(created["id"], **_details(created))
    return Json(created)


@router.get("/{webhook_id}", summary="Get webhook", openapi_extra=_READING | _SHOWN | answers(ManagedWebhook))
async def get(context: FromContext, manager: FromManagedProject, webhook_id: str) -> Json:
    """Get one webhook, without its secret."""
    async with context.reading(manager).connection() as connection:
        return Json(await _registry(context, manager).get(connection, webhook_id))


@router.put(
    "/{webhook_id}",
    summary="Update webhook",
    openapi_extra=_MANAGING | _CHANGED | takes(NewWebhook) | answers(ManagedWebhook),
)
async def update(request: Request, context: FromContext, manager: FromManagedProject, webhook_id: str) -> Json:
    """Overwrite a webhook. `active` and `failure_threshold` stay as they are where they are left out."""
    registry = _registry(context, manager)
    wanted = await registry.checked(await json_object(request, context.settings.max_row_bytes))
    async with context.changing(request, manager) as connection:
        before = await registry.hold(connection, webhook_id)
        updated = await registry.update(connection, webhook_id, wanted)
        attempt_of(request).about(webhook_id, **_details(updated))
        attempt_of(request).compare(before, updated)
    return Json(updated)


@router.delete("/{webhook_id}", status_code=204, summary="Delete webhook", openapi_extra=_MANAGING)
async def delete(request: Request, context: FromContext, manager: FromManagedProject, webhook_id: str) -> Response:
    """Delete a webhook, and with it its deliveries; what is pending is not sent any more."""
    async with context.changing(request, manager) as connection:
        await _registry(context, manager).delete(connection, webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/secret", summary="Rotate secret", openapi_extra=_MANAGING | OURS | answers(RotatedWebhook))
async def rotate_secret(request: Request, context: FromContext, manager: FromManagedProject, webhook_id: str) -> Json:
    """Make a new secret, which is in this answer only. For a day events are signed with the previous one, too."""
    async with context.changing(request, manager) as connection:
        rotated = await _registry(context, manager).rotate_secret(connection, webhook_id)
        attempt_of(request).about(webhook_id, previous_secret_until=rotated["previous_secret_until"])
    return Json(rotated)


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    summary="Send test event",
    openapi_extra=_MANAGING | OURS | answers(Delivery, code=202),
)
async def send_test(request: Request, context: FromContext, manager: FromManagedProject, webhook_id: str) -> Json:
    """Send the event `webhook.test`, which tells of nothing, whatever the webhook's events are."""
    async with context.changing(request, manager) as connection:
        queued = await deliveries.send_test_event(connection, manager.project_id, webhook_id)
        attempt_of(request).about(webhook_id, event_id=queued["id"])
    return Json(queued, status_code=202)


@router.get(
    "/{webhook_id}/deliveries", summary="List deliveries", openapi_extra=_READING | OURS | answers(DeliveryList)
)
async def list_deliveries(
    context: FromContext,
    manager: FromManagedProject,
    webhook_id: str,
    status: Status = None,
    limit: Limit = 20,
    page: LongPage = 1,
) -> Json:
    """List a webhook's deliveries, newest first."""
    async with context.reading(manager).connection() as connection:
        return Json(
            await deliveries.list_deliveries(
                connection, manager.project_id, webhook_id, status=status, limit=limit, page=page
            )
        )


@router.post(
    "/{webhook_id}/deliveries/{event_id}/resend",
    status_code=202,
    summary="Send event again",
    openapi_extra=_MANAGING | OURS | answers(Delivery, code=202),
)
async def send_again(
    request: Request, context: FromContext, manager: FromManagedProject, webhook_id: str, event_id: str
) -> Json:
    """Send an event again, delivered or not, under the id that it has; it has three days again."""
    async with context.changing(request, manager) as connection:
        queued = await deliveries.send_again(connection, manager.project_id, webhook_id, event_id)
        attempt_of(request).about(event_id, webhook_id=webhook_id, event=queued["event"])
    return Json(queued, status_code=202)


def _details(webhook: dict[str, Any]) -> dict[str, Any]:
    """Return what the audit log tells of a webhook; of the target its host, as the rest may hold a secret."""
    host = urlsplit(webhook["target_url"]).hostname
    return {"host": host, "events": ", ".join(webhook["events"]), "active": webhook["active"]}
