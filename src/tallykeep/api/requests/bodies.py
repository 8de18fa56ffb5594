"""Request bodies: streamed with a limit, or read as JSON."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from math import inf
from typing import Any

from fastapi import Request

from tallykeep.api.dependencies.context import Context
from tallykeep.core import exact_json
from tallykeep.core.concurrency.side_thread import Aside, directly
from tallykeep.core.errors import InvalidPayloadError, UnsupportedMediaTypeError
from tallykeep.formats.compression import CODINGS, Limit, expanded
from tallykeep.tenants.callers import Caller

_SMALL_UPLOAD_BYTES = 64 << 10
_SMALL_BYTES = 1 << 14  # so much JSON is read where it is; what is larger may take long


def media_type(request: Request) -> str:
    """Return the request's content type without parameters, in lower case; empty when there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def has_body(request: Request) -> bool:
    """Return whether the request announces a body that is not empty."""
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


def require_media_type(request: Request, *accepted: str) -> None:
    """Raise UnsupportedMediaTypeError unless the body is of one of these types."""
    if media_type(request) not in accepted:
        announced = request.headers.get("content-type") or "none"
        raise UnsupportedMediaTypeError(f"Content-Type should be {' or '.join(accepted)}, not {announced}")


async def body_chunks(
    request: Request,
    limit: Limit,
    expanded_limit: Limit | None = None,
    aside: Aside = directly,
    received: AsyncIterator[bytes] | None = None,
) -> AsyncIterator[bytes]:
    """Yield the body as it comes, expanded where it says that it is compressed, within the same limit or
    `expanded_limit`.

    What takes long is done by `aside`. A caller that passes in `received`, the body as received_chunks yields it, can
    read the rest from there without expanding it.

    Raises BodyTooLargeError, before reading where the length is announced; UnsupportedMediaTypeError for a compression
    that is not known, InvalidPayloadError for a stream that is corrupt, UploadTimeoutError.
    """
    coding = _coding(request)
    body = received_chunks(request, limit) if received is None else received
    async for chunk in expanded(body, coding, expanded_limit or limit, aside) if coding else body:
        yield chunk


def _coding(request: Request) -> str | None:
    coding = request.headers.get("content-encoding", "").strip().lower().removeprefix("x-")
    if coding in ("", "identity"):
        return None
    if coding not in CODINGS:
        refused = UnsupportedMediaTypeError(f"Content-Encoding should be {' or '.join(CODINGS)}, not {coding}")
        refused.headers["Accept-Encoding"] = ", ".join(CODINGS)
        raise refused
    return coding


def upload_slot(request: Request, context: Context, caller: Caller) -> AbstractAsyncContextManager[None]:
    """Hold one of the caller's slots for uploads, or for small ones.

    Raises TooManyRequestsError and ServiceUnavailableError.
    """
    is_small = _announced_bytes(request) <= _SMALL_UPLOAD_BYTES and "content-encoding" not in request.headers
    return context.slot(caller, context.shares.small_uploads if is_small else context.shares.uploads)


def _announced_bytes(request: Request) -> float:
    """Return how many bytes the body has, as its headers say; infinity where they do not say it."""
    announced = request.headers.get("content-length", "" if has_body(request) else "0")
    return int(announced) if announced.isdecimal() else inf


async def received_chunks(request: Request, limit: Limit) -> AsyncIterator[bytes]:
    """Yield the body as it comes, compressed or not; raise BodyTooLargeError beyond the limit."""
    if limit.size < _announced_bytes(request) < inf:
        raise limit.too_large("The body")
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit.size:
            raise limit.too_large("The body")
        yield chunk


async def json_object(request: Request, max_bytes: int, *, may_be_empty: bool = False) -> dict[str, Any]:
    """Return the body as a JSON object; an empty body counts as {} where allowed.

    Raises InvalidPayloadError for what is no object, or cannot be kept, and what body_chunks and require_media_type
    raise.
    """
    limit = Limit(max_bytes, "TALLYKEEP_MAX_ROW_BYTES")
    async with _slot(request):
        body = b"".join([chunk async for chunk in body_chunks(request, limit)])
    if not body.strip() and may_be_empty:
        return {}
    require_media_type(request, "application/json")
    try:
        is_small = len(body) <= _SMALL_BYTES
        content = exact_json.loads(body) if is_small else await asyncio.to_thread(exact_json.loads, body)
    except exact_json.CannotKeepError as error:
        raise InvalidPayloadError(f"The body cannot be kept: {error}") from None
    except exact_json.DecodeError as error:
        raise InvalidPayloadError(f"Malformed JSON: {error}") from None
    if not isinstance(content, dict):
        raise InvalidPayloadError("The body should be a JSON object")
    return content


def _slot(request: Request) -> AbstractAsyncContextManager[None]:
    """Hold one of the caller's slots for bodies that are read completely before they are parsed."""
    context: Context = request.app.state.context
    return context.slot(request.state.caller, context.shares.bodies)
