"""Waiting for actions: by long poll, or by server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager, suppress
from functools import lru_cache, partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect

from tallykeep.api.dependencies.auth import FromCaller, is_still_admitted
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.responses.entity_tags import Tagged
from tallykeep.api.responses.event_stream import PING, EventStream, event
from tallykeep.core import exact_json
from tallykeep.core.action import Action, Status
from tallykeep.core.action_type import Report
from tallykeep.core.compatibility import OURS
from tallykeep.core.errors import NotFoundError
from tallykeep.db.connections.availability import DatabaseAwayError
from tallykeep.db.transient import is_transient
from tallykeep.engine.reading.action_reader import ShownAction, shown
from tallykeep.engine.reading.watch import Watch
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/async-actions", tags=["Async actions"])

_READING = needs(Permission.ASYNC_ACTIONS_READ)
_TRY_AGAIN_SECONDS = 0.2
_LAST_READ_SECONDS = 1.0
_PING_SECONDS = 15.0
_SHOWN = 100  # actions whose progress is told at the same time, and made into JSON once for all who watch

_Read = Callable[[], Awaitable[Tagged]]


def _reading(request: Request, context: Context, caller: Caller, action_id: str) -> _Read:
    links = context.report_links(request, caller)

    async def read() -> Tagged:
        async with context.reading(caller).connection() as connection:
            return Tagged(await context.reader.get_action(connection, caller.project_id, action_id, links))

    return read


def _reading_ended(request: Request, context: Context, caller: Caller, action_id: str) -> _Read:
    """Return what reads an action that has ended, for all who know that and are shown the same links to its report."""
    key = _shown_to(request, caller, action_id)
    return partial(context.shared_reads.read, key, _reading(request, context, caller, action_id))


def _shown_to(request: Request, caller: Caller, action_id: str) -> tuple[Hashable, ...]:
    """The action, and all that its links to a report depend on."""
    return (caller.project_id, caller.key_kind, caller.key_id, str(request.base_url), action_id)


async def _read_brief(request: Request, context: Context, caller: Caller, action_id: str) -> dict[str, Any]:
    """Return the action without failed rows, which many who wait would hold in memory for as long.

    Who begins to wait at the same time as others has the same answer; what has changed since, the watch tells.
    """

    async def read() -> dict[str, Any]:
        links = context.report_links(request, caller)
        async with context.reading(caller).connection() as connection:
            return await context.reader.get_action(connection, caller.project_id, action_id, links, with_failures=False)

    return await context.brief_reads.read(_shown_to(request, caller, action_id), read)


async def answer_now(request: Request, context: Context, caller: Caller, action_id: str) -> Tagged:
    """Return the action as it is; one that is ENQUEUED is given 150 ms to begin.

    Raises NotFoundError.
    """
    key = (caller.project_id, action_id)
    if (known := context.ended_answers.find(key)) is not None:
        context.guard.require()
        return known

    def report_of(action: Action) -> Report | None:
        return context.report_links(request, caller).report_of(action)

    async def read() -> tuple[float, ShownAction]:
        async with context.reading(caller).connection() as connection:
            return time.monotonic(), await context.reader.show_action(connection, *key, report_of)

    queried_at, shown_action = await read()
    if shown_action.content["status"] == Status.ENQUEUED and await context.brief_watcher.begun(*key):
        queried_at, shown_action = await read()
    answer = Tagged(shown_action.content)
    context.ended_answers.keep(key, shown_action, answer, queried_at)
    return answer


async def answer_in_the_end(request: Request, context: Context, caller: Caller, action_id: str, wait: float) -> Tagged:
    """Return the action as soon as it has ended, or as it is after `wait` seconds.

    Raises NotFoundError, TooManyRequestsError, and ClientDisconnect as soon as nobody waits for the answer any more.
    """
    read, read_ended = (reading(request, context, caller, action_id) for reading in (_reading, _reading_ended))
    with context.watcher.watch(caller.project_id, action_id) as watch:
        known = await _read_brief(request, context, caller, action_id)
        if known["finished_at"] is not None:
            return await read_ended()
        async with context.slot(caller, context.shares.watches):
            return await _while_connected(
                request, _read_in_the_end(watch, lambda: read_ended if watch.ended else read, known, wait)
            )


async def _read_in_the_end(watch: Watch, reading: Callable[[], _Read], known: dict[str, Any], wait: float) -> Tagged:
    """Read once the action has ended, or the time is up; what is known already where the database is out of reach.

    Raises DatabaseAwayError where what is known leaves out failed rows.
    """
    deadline = asyncio.get_running_loop().time() + wait
    with suppress(TimeoutError):
        await asyncio.wait_for(watch.over(), wait)
    left = deadline - asyncio.get_running_loop().time()
    read = asyncio.create_task(_read_at_last(reading()))
    try:
        await asyncio.wait((read,), timeout=left + _LAST_READ_SECONDS)
        if not read.done() and known["failed_count"]:
            raise DatabaseAwayError("the database has not answered in time")
        return read.result() if read.done() else Tagged(known)
    finally:
        # Not waited for: to take a question back from a server that is silent takes time as well.
        read.cancel()


async def _read_at_last(read: _Read) -> Tagged:
    """Read, again and again while the database is out of reach."""
    while True:
        try:
            return await read()
        except Exception as error:
            if not is_transient(error):
                raise
        await asyncio.sleep(_TRY_AGAIN_SECONDS)


async def _while_connected(request: Request, work: Coroutine[Any, Any, Tagged]) -> Tagged:
    """Return the outcome of `work`; raise ClientDisconnect, and give it up, when the client goes away."""
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@router.get(
    "/{action_id}/events",
    summary="Watch async action",
    response_class=EventStream,
    openapi_extra=_READING | OURS,
)
async def watch_action(request: Request, context: FromContext, caller: FromCaller, action_id: str) -> EventStream:
    """Send server-sent events: `progress` with the action's current state, again at each change (up to four a second),
    and in the end `done` with the action and its result. Then the stream closes, and the client should close it too: a
    client that reconnects starts again with the current state, whatever its `Last-Event-ID`. Comments keep idle
    connections alive. Nothing more is sent once the key or the token is not valid any more.
    """
    return EventStream(_watching(request, context, caller, action_id))


@asynccontextmanager
async def _watching(
    request: Request, context: Context, caller: Caller, action_id: str
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Provide the events, and hold one of the caller's slots for watches meanwhile.

    Raises NotFoundError and TooManyRequestsError.
    """
    await _require(context, caller, action_id)
    async with context.slot(caller, context.shares.watches):
        with context.watcher.watch(caller.project_id, action_id) as watch:
            yield _events(request, context, watch, _reading_ended(request, context, caller, action_id))


async def _require(context: Context, caller: Caller, action_id: str) -> None:
    """Raise NotFoundError where the caller's project has no such action.

    All who begin at the same time with the same key ask for it together.
    """

    async def read() -> dict[str, Any]:
        async with context.reading(caller).connection() as connection:
            await context.reader.require_action(connection, caller.project_id, action_id)
        return {}

    await context.brief_reads.read((*caller.who, action_id), read)


async def _events(request: Request, context: Context, watch: Watch, read: _Read) -> AsyncIterator[bytes]:
    async for action in watch.changes(_PING_SECONDS):
        if not await is_still_admitted(request, context):
            return
        yield PING if action is None else _progress_of(action)
    if watch.ended and await is_still_admitted(request, context):
        try:
            yield event("done", (await _read_at_last(read)).text)
        except NotFoundError:
            return  # removed this very moment


@lru_cache(_SHOWN)
def _progress_of(action: Action) -> bytes:
    return event("progress", exact_json.dumps(shown(action)).decode())
