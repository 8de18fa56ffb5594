"""Deliveries of a webhook: listed, sent again, and one to test it with."""

from typing import Any, Literal

from tallykeep.core.errors import NotFoundError
from tallykeep.core.ids import new_id, wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.webhooks.events import TEST_EVENT

_sql = queries(__package__, "deliveries.sql")

DeliveryStatus = Literal["PENDING", "DELIVERED", "GIVEN_UP"]


async def list_deliveries(
    connection: Connection, project_id: int, webhook_id: str, *, status: DeliveryStatus | None, limit: int, page: int
) -> dict[str, Any]:
    """Return a page of a webhook's deliveries, newest first; raise NotFoundError where there is no such webhook."""
    params = {
        "project_id": project_id, "webhook_id": webhook_id, "status": status, "limit": limit + 1,
        "offset": limit * (page - 1),
    }  # fmt: skip
    rows = await (await connection.execute(_sql.list_deliveries, params)).fetchall()
    if not rows:
        raise NotFoundError.of("webhook", webhook_id)
    shown = [_shown(row) for row in rows if row["event_id"] is not None]
    return {"object": "list", "data_ref": "data", "data": shown[:limit], "has_more": len(shown) > limit}


async def send_again(connection: Connection, project_id: int, webhook_id: str, event_id: str) -> dict[str, Any]:
    """Have an event sent again, under the id that it has; raise NotFoundError."""
    key = {"project_id": project_id, "webhook_id": webhook_id, "event_id": event_id}
    row = await (await connection.execute(_sql.send_again, key)).fetchone()
    if row is None:
        raise NotFoundError.of("delivery", event_id)
    return _shown(row)


async def send_test_event(connection: Connection, project_id: int, webhook_id: str) -> dict[str, Any]:
    """Have an event sent that tells of nothing; raise NotFoundError."""
    key = {"project_id": project_id, "webhook_id": webhook_id}
    made = {**key, "event_id": new_id("evt_"), "event": TEST_EVENT}
    row = await (await connection.execute(_sql.add_test_event, made)).fetchone()
    if row is None:
        raise NotFoundError.of("webhook", webhook_id)
    return _shown(row)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    is_pending = row["status"] == "PENDING"
    return {
        "id": row["event_id"],
        "object": "webhook_delivery",
        "event": row["event"],
        "action_id": row["action_id"],
        "status": row["status"],
        "attempts": row["attempts"],
        "last_status": row["last_status"],
        "last_error": row["last_error"],
        "history": row["history"],
        "created_at": wire_time(row["created_at"]),
        "attempted_at": wire_time(row["attempted_at"]),
        "delivered_at": wire_time(row["delivered_at"]),
        "next_attempt_at": wire_time(row["due_at"]) if is_pending else None,
        "expires_at": wire_time(row["expires_at"]) if is_pending else None,
    }
