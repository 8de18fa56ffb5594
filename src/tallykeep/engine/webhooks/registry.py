"""A project's webhooks: made, listed, changed and deleted; a secret is shown when it is made, and never again."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString

from tallykeep.core.errors import ConflictError, InvalidPayloadError, NotFoundError
from tallykeep.core.ids import new_id, wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.webhooks.addresses import Resolve, TargetRefusedError, checked_addresses, resolve
from tallykeep.engine.webhooks.events import event_names
from tallykeep.engine.webhooks.signing import new_secret, seal_of
from tallykeep.engine.webhooks.target_url import read_target_url

_sql = queries(__package__, "registry.sql")

MAX_WEBHOOKS = 20
DEFAULT_THRESHOLD = 10.0
OVERLAP = timedelta(hours=24)
_MAX_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Registry:
    """One project's webhooks; `checked` needs no connection, as a host is resolved there."""

    project_id: int
    action_types: Collection[str]
    allow_private: bool
    resolve: Resolve = resolve

    async def list_all(self, connection: Connection) -> dict[str, Any]:
        """Return all of them in wire format, oldest first."""
        rows = await (await connection.execute(_sql.list_webhooks, {"project_id": self.project_id})).fetchall()
        shown = [_shown(row) for row in rows]
        return {"object": "list", "data_ref": "data", "data": shown, "total": len(shown)}

    async def get(self, connection: Connection, webhook_id: str) -> dict[str, Any]:
        """Return one in wire format; raise NotFoundError."""
        return _shown(await self._one(connection, _sql.get_webhook, {"id": webhook_id}))

    async def hold(self, connection: Connection, webhook_id: str) -> dict[str, Any]:
        """Return one in wire format, which nobody else changes until the transaction ends; raise NotFoundError."""
        return _shown(await self._one(connection, _sql.hold_webhook, {"id": webhook_id}))

    async def checked(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return what a body sets, by column; raise InvalidPayloadError for what cannot be.

        The host is resolved, and each of its addresses checked, unless private ones are allowed.
        """
        target = read_target_url(body.get("target_url"), allow_private=self.allow_private)
        wanted = {
            "target_url": body["target_url"],
            "events": self._events(body.get("events")),
            "active": _active(body.get("active")),
            "failure_threshold": _threshold(body.get("failure_threshold")),
        }
        if not self.allow_private:
            try:
                await checked_addresses(target.host, target.port, self.resolve, allow_private=False)
            except TargetRefusedError as error:
                raise InvalidPayloadError(f"Property .target_url should have a public address: {error}") from None
        return wanted

    async def create(self, connection: Connection, wanted: dict[str, Any]) -> dict[str, Any]:
        """Make a webhook of what was checked; `secret` is in this answer only.

        Raises ConflictError where the project has as many as it may.
        """
        secret = new_secret()
        seal = await seal_of(connection)
        added = {
            "project_id": self.project_id, "id": new_id("wh_"), "secret": seal.close(secret),
            "max_webhooks": MAX_WEBHOOKS,
        }  # fmt: skip
        defaults = {"active": True, "failure_threshold": DEFAULT_THRESHOLD}
        chosen = defaults | {name: value for name, value in wanted.items() if value is not None}
        async with connection.transaction():
            await connection.execute(_sql.lock_number, {"project_id": self.project_id})
            row = await (await connection.execute(_sql.add_webhook, {**chosen, **added})).fetchone()
        if row is None:
            raise ConflictError(f"The project has {MAX_WEBHOOKS} webhooks; delete one of them first")
        return {**_shown(row), "secret": secret}

    async def update(self, connection: Connection, webhook_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """Overwrite one with what was checked; `active` and the threshold stay where they are None.

        Raises NotFoundError.
        """
        return _shown(await self._one(connection, _sql.update_webhook, {"id": webhook_id, **wanted}))

    async def rotate_secret(self, connection: Connection, webhook_id: str) -> dict[str, Any]:
        """Give it a new secret, shown in this answer only; the one before it signs as well for another day.

        Raises NotFoundError.
        """
        secret = new_secret()
        rotated = {"id": webhook_id, "secret": (await seal_of(connection)).close(secret), "overlap": OVERLAP}
        row = await self._one(connection, _sql.rotate_secret, rotated)
        return {**_shown(row), "secret": secret, "previous_secret_until": wire_time(row["previous_until"])}

    async def delete(self, connection: Connection, webhook_id: str) -> None:
        """Delete it with its deliveries, those still to be made included; raise NotFoundError."""
        key = {"project_id": self.project_id, "id": webhook_id}
        if not (await connection.execute(_sql.delete_webhook, key)).rowcount:
            raise NotFoundError.of("webhook", webhook_id)

    async def _one(self, connection: Connection, query: LiteralString, params: dict[str, Any]) -> dict[str, Any]:
        answered = await connection.execute(query, {"project_id": self.project_id, **params})
        row = await answered.fetchone()
        if row is None:
            raise NotFoundError.of("webhook", str(params["id"]))
        return row

    def _events(self, value: Any) -> list[str]:
        known = event_names(self.action_types)
        if not isinstance(value, list) or not 0 < len(value) <= _MAX_EVENTS:
            raise InvalidPayloadError(f"Property .events should be an array of 1 to {_MAX_EVENTS} names of events")
        for name in value:
            if name not in known:
                raise InvalidPayloadError(
                    f"Property .events: {str(name)[:100]!r} is no event that is sent; these are: {', '.join(known)}"
                )
        return list(dict.fromkeys(value))


def _active(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise InvalidPayloadError("Property .active should be true or false")
    return value


def _threshold(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 100 or math.isnan(value):
        raise InvalidPayloadError("Property .failure_threshold should be a percentage, from 0 to below 100")
    return float(value)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "object": "webhook",
        "created_at": wire_time(row["created_at"]),
        "updated_at": wire_time(row["updated_at"]),
        "target_url": row["target_url"],
        "events": row["events"],
        "active": row["active"],
        "failure_threshold": row["failure_threshold"],
        "failing_since": wire_time(row["failing_since"]),
        "disabled_reason": row["disabled_reason"],
    }
