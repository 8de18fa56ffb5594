"""Answers: JSON whose numbers keep their digits, errors in the wire format, and the request's id on each."""

from collections.abc import Awaitable
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from psycopg.errors import (
    DeadlockDetected,
    DiskFull,
    IdleInTransactionSessionTimeout,
    LockNotAvailable,
    QueryCanceled,
    ReadOnlySqlTransaction,
    TooManyConnections,
)
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from tallykeep.api.auditing.middleware import ERROR, PERMISSION
from tallykeep.api.responses.oauth_errors import oauth_error, oauth_name, speaks_oauth
from tallykeep.api.transport.encoded_paths import shown_path, tell_slashes_apart
from tallykeep.core import exact_json
from tallykeep.core.errors import (
    AnswerCutOffError,
    BodyTooLargeError,
    InternalError,
    InvalidPayloadError,
    InvalidQueryError,
    MethodNotAllowedError,
    NotFoundError,
    RequestError,
    ServiceUnavailableError,
    UriTooLongError,
)
from tallykeep.core.ids import new_id
from tallykeep.core.logs.failures import reason_in_log
from tallykeep.core.logs.redaction import route_in_log
from tallykeep.db.connections.availability import DatabaseAwayError
from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.engine.intake.idempotency import Accepted

_log = structlog.get_logger()

_MAX_PARAMETERS = 1_000
_SLASHES_OF_ONE = 3  # /v1/vouchers/{code}

_NO_DATABASE = (
    "The database cannot be reached just now, and its last answer may be lost: whether anything was changed is not"
    " known. Send the same request again in a moment; with its Idempotency-Key a submission counts once"
)

_NO_CONNECTION = (
    "Every connection to the database is in use, or it cannot be reached; nothing was changed. Send it again"
)

_AWAY = (
    "The database is out of reach just now. Send the same request again in a moment; with its Idempotency-Key a"
    " submission counts once"
)

_CROWDED = (
    "The database lets no further connection in (too many connections); nothing was changed. Send it again in a moment"
)

_DISK_FULL = (
    "The database's disk is full; nothing was changed. Send it again when there is room: whoever runs the server has to"
    " make some"
)

_READ_ONLY = (
    "The database takes no writes just now: it is a standby, or was made read-only; nothing was changed. Send it again"
    " once it is writable"
)

_TOOK_TOO_LONG = (
    "The database was at it for too long and was stopped; nothing was changed. Ask for less, by filters or a smaller"
    " limit, or again when the server has less to do"
)

_WRITTEN_TO = (
    "An action, or another request, is writing to the same resources just now; nothing was changed. Send it again in a"
    " moment"
)


class Json(Response):
    """A JSON answer."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the content with all digits of its numbers."""
        return exact_json.dumps(content)


class RequestIds:
    """Gives every request its id (`v-…`), kept in the request's state and sent back as X-Request-Id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request; here and in `send_with_id` no coroutine is made, for every request passes both."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        request_id = new_id("v-")
        scope.setdefault("state", {})["request_id"] = request_id
        if refusal := _refusal_of_url(scope):
            return error_answer(Request(scope), refusal)(scope, receive, send)
        tell_slashes_apart(scope)

        def send_with_id(message: Any) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            return send(message)

        return self._app(scope, receive, send_with_id)


def _refusal_of_url(scope: Scope) -> RequestError | None:
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        return InvalidQueryError("The URL holds the character U+0000")
    if scope["query_string"].count(b"&") >= _MAX_PARAMETERS:
        return UriTooLongError(f"The URL has more than {_MAX_PARAMETERS} parameters; ask for fewer at a time")
    return None


def answer_accepted(accepted: Accepted, status_code: int) -> Json:
    """Answer with the id of an action; a header tells when an earlier submission under the same key had started it."""
    headers = {"Idempotent-Replayed": "true"} if accepted.replayed else None
    return Json({"async_action_id": accepted.action_id}, status_code=status_code, headers=headers)


def request_id(request: Request, prefix: str = "v-") -> str:
    """Return the id of this request; `w-` marks what the reference API does in its dashboard only."""
    own_id: str = request.state.request_id
    return prefix + own_id.removeprefix("v-")


def answer_errors(app: FastAPI) -> None:
    """Make the application answer every error in the wire format."""
    app.add_exception_handler(RequestError, _on_request_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(QueryCanceled, _on_canceled)
    app.add_exception_handler(ReadOnlySqlTransaction, _on_read_only)
    for conflict in (LockNotAvailable, DeadlockDetected):
        app.add_exception_handler(conflict, _on_conflict)
    # A request whose process was stopped for a while finds its session ended, which psycopg counts as no outage.
    for outage in (psycopg.OperationalError, psycopg.InterfaceError, IdleInTransactionSessionTimeout, PoolTimeout):
        app.add_exception_handler(outage, _on_outage)
    app.add_exception_handler(psycopg.DataError, _on_unstorable)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_defect)


def error_answer(request: Request, error: RequestError) -> Json:
    """Return the answer to a request that failed."""
    state = request.scope.setdefault("state", {})
    is_oauth = speaks_oauth(request.scope["path"])
    state[ERROR] = oauth_name(error) if is_oauth else error.key
    state[PERMISSION] = getattr(error, "permission", None)
    if is_oauth:
        content, status, headers = oauth_error(error)
        return Json(content, status_code=status, headers=headers)
    return Json(error_body(error, request_id(request)), status_code=error.code, headers=error.headers)


def error_body(error: RequestError, request_id: str) -> dict[str, Any]:
    """Return an error in the wire format; 413 carries the reference API's other shape too."""
    body: dict[str, Any] = {
        "code": error.code,
        "key": error.key,
        "message": error.message,
        "details": error.details,
        "request_id": request_id,
    }
    if error.resource_id is not None:
        body["resource_id"] = error.resource_id
    if error.resource_type is not None:
        body["resource_type"] = error.resource_type
    if isinstance(error, BodyTooLargeError):
        body |= {"statusCode": error.code, "error": error.message}
    return body


async def _on_request_error(request: Request, error: Exception) -> Response:
    return error_answer(request, error if isinstance(error, RequestError) else InternalError(str(error)))


async def _on_validation_error(request: Request, error: Exception) -> Response:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    error_type = InvalidQueryError if any("query" in problem["loc"] for problem in problems) else InvalidPayloadError
    return error_answer(request, error_type("; ".join(map(_described, problems))))


def _described(problem: dict[str, Any]) -> str:
    """Describe a problem as the captured example does: «Property .end_date cannot be recognized as a ISO-8601 compliant
    date».
    """
    name = problem["loc"][-1]
    if problem["type"] == "value_error":
        return f"Property .{name} {problem['ctx']['error']}"
    return f"Property .{name}: {problem['msg'].replace('Input should', 'should')}"


async def _on_http_exception(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    path = shown_path(request.scope["path"])
    if code == 405:
        allowed = ", ".join(_allowed_methods(request))
        refused = MethodNotAllowedError(f"Method {request.method} is not allowed for {path}; allowed: {allowed}")
        refused.headers["Allow"] = allowed
        return error_answer(request, refused)
    if code == 404:
        hint = "; a slash within a code or an id is written %2F" if path.count("/") > _SLASHES_OF_ONE else ""
        return error_answer(request, NotFoundError(f"There is nothing at {path}{hint}"))
    return error_answer(request, InvalidPayloadError(str(getattr(error, "detail", error))))


def _allowed_methods(request: Request) -> list[str]:
    methods: set[str] = set()
    for router in request.app.state.routers:
        for route in router.routes:
            match, _ = route.matches(request.scope)
            if match is not Match.NONE:
                methods |= route.methods
    return sorted(methods - {"HEAD"})


async def _on_conflict(request: Request, error: Exception) -> Response:
    _log.info("rows are being written to by others", request_id=request_id(request), reason=reason_in_log(error))
    return error_answer(request, ServiceUnavailableError(_WRITTEN_TO))


async def _on_canceled(request: Request, error: Exception) -> Response:
    _log.warning("a question took too long", request_id=request_id(request), reason=reason_in_log(error))
    refused = ServiceUnavailableError(_TOOK_TOO_LONG)
    refused.headers["Retry-After"] = "30"
    return error_answer(request, refused)


async def _on_read_only(request: Request, error: Exception) -> Response:
    _log.warning("the database is read-only", request_id=request_id(request), reason=reason_in_log(error))
    refused = ServiceUnavailableError(_READ_ONLY)
    refused.headers["Retry-After"] = "5"
    return error_answer(request, refused)


async def _on_outage(request: Request, error: Exception) -> Response:
    # The guard logs an outage of the database once.
    log = _log.info if isinstance(error, DatabaseAwayError) else _log.warning
    log("the database did not serve a request", request_id=request_id(request), reason=reason_of(error))
    words, seconds = _outage(error)
    if words == _NO_DATABASE:
        # The other idle connections are likely dead too; otherwise the pool would find out one by one, and slowly.
        await request.app.state.context.drain()
    outage = ServiceUnavailableError(words)
    outage.headers["Retry-After"] = str(seconds)
    return error_answer(request, outage)


def _outage(error: Exception) -> tuple[str, int]:
    """Return the message of an outage for clients, and after how many seconds to try again."""
    if isinstance(error, DiskFull):
        return _DISK_FULL, 5
    if isinstance(error, DatabaseAwayError):
        return _AWAY, 1
    if isinstance(error, TooManyConnections):
        return _CROWDED, 1
    if isinstance(error, PoolTimeout):
        return _NO_CONNECTION, 1
    return _NO_DATABASE, 1


async def _on_unstorable(request: Request, error: Exception) -> Response:
    _log.warning("refused by the database", request_id=request_id(request), reason=reason_in_log(error))
    return error_answer(request, InvalidPayloadError("The request holds a value that cannot be stored"))


async def _on_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


async def _on_defect(request: Request, error: Exception) -> Response:
    if isinstance(error, AnswerCutOffError):
        return Response(status_code=500)  # which nobody gets: the answer has begun
    _log.error("defect", request_id=request_id(request), route=route_in_log(request.scope), exc_info=error)
    return error_answer(request, InternalError(f"Something went wrong; the log tells more under {request_id(request)}"))
