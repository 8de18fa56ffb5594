"""Hands what was refused on to be counted, as its answer begins."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallykeep.api.auditing.attempt import Attempt, attempt_in
from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.core.errors import RequestError
from tallykeep.core.ids import new_id
from tallykeep.tenants.callers import Caller

# What is refused to whoever asks, for whatever it is; what a change is refused for; and what is refused where too many
# wrong keys have come. Others tell how much the server had to do, or how much a key has asked for.
_ALWAYS = frozenset({401, 403})
_OF_CHANGES = frozenset({400, 404, 409, 413, 415, 422})
_TOO_MANY = 429
_PERHAPS = _ALWAYS | _OF_CHANGES | {_TOO_MANY}

_MAX_KEY_LENGTH = 64  # what is longer is no key of ours
_KEYS = ((b"x-management-id", "management"), (b"x-app-id", "app"))
# In the request's state: the error's key; the permission that is lacking; who is known and may not ask; a key, with its
# kind, that came in another header than those; and that too many wrong ones had come before it.
ERROR, PERMISSION, REFUSED_CALLER, SHOWN_KEY = "error_key", "lacking", "refused_caller", "shown_key"
SLOWED = "slowed"


class RefusedAttempts:
    """Sees every answer; counting takes no connection, and no answer waits for anything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request; here and in `send_and_count` no coroutine is made, for every request passes both."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)

        def send_and_count(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start" and message["status"] in _PERHAPS:
                _count(scope, message["status"])
            return send(message)

        return self._app(scope, receive, send_and_count)


def _count(scope: Scope, status: int) -> None:
    attempt = attempt_in(scope)
    if status == _TOO_MANY:
        is_refusal = SLOWED in scope["state"]
    else:
        is_refusal = status in _ALWAYS or attempt.event is not Event.READ
    if is_refusal:
        scope["app"].state.context.refusals.add(_refused(scope, attempt, status))


def count_refused_part(request: Request, resource_id: str, error: RequestError) -> None:
    """Count the refusal of one of several things that a request asks for, as if it were asked for by itself."""
    if error.code not in _ALWAYS | _OF_CHANGES:
        return
    entry = _refused(request.scope, attempt_in(request.scope), error.code)
    why = {"error": error.key, "permission": getattr(error, "permission", None)}
    details = {**entry.details, **{name: value for name, value in why.items() if value is not None}}
    part = replace(entry, id=new_id("log_"), resource_id=resource_id, details=details)
    request.app.state.context.refusals.add(part)


def _refused(scope: Scope, attempt: Attempt, status: int) -> Entry:
    """Return the entry of a refusal; without a caller, the key is what was sent as one."""
    state: dict[str, Any] = scope["state"]
    caller: Caller | None = state.get("caller") or state.get(REFUSED_CALLER)
    key_id, key_kind = (caller.key_id, caller.key_kind) if caller else _shown_key(scope)
    why = {"status": status, "error": state.get(ERROR), "permission": state.get(PERMISSION)}
    details = {**why, "method": scope["method"], "path": attempt.path}
    return Entry(
        id=attempt.id,
        project_id=caller.project_id if caller else 0,
        event=attempt.event,
        outcome="refused",
        door=attempt.door,
        key_id=key_id,
        key_kind=key_kind,
        token_id=caller.grant.token_id if caller else None,
        session_id=attempt.session_id,
        address=attempt.address,
        request_id=attempt.request_id,
        resource_id=attempt.resource_id,
        details={name: value for name, value in details.items() if value is not None},
    )


def _shown_key(scope: Scope) -> tuple[str | None, str | None]:
    """Return what was sent as a key's id, and the kind of key that it would be."""
    key_id, kind = scope["state"].get(SHOWN_KEY) or _key_of_headers(scope)
    return (key_id, kind) if key_id is not None and len(key_id) <= _MAX_KEY_LENGTH else (None, None)


def _key_of_headers(scope: Scope) -> tuple[str | None, str | None]:
    headers = dict(reversed(scope["headers"]))  # the first of several, as admission takes it
    for name, kind in _KEYS:
        if key_id := headers.get(name):
            return key_id.decode("latin-1"), kind
    return None, None
