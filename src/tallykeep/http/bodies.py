"""Request bodies: streamed with a limit, or read as JSON."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import Request

from tallykeep.errors import BodyTooLargeError, InvalidPayloadError, UnsupportedMediaTypeError, UploadTimeoutError

_PATIENCE_SECONDS = 30


def media_type(request: Request) -> str:
    """The request's content type without parameters, in lower case; empty when there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def has_body(request: Request) -> bool:
    """Whether the request announces a body that is not empty."""
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


def require_media_type(request: Request, *accepted: str) -> None:
    """Raise UnsupportedMediaTypeError unless the body is of one of these types, and not compressed."""
    if request.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise UnsupportedMediaTypeError("Content-Encoding is not supported; send the body uncompressed")
    if media_type(request) not in accepted:
        given = request.headers.get("content-type") or "none"
        raise UnsupportedMediaTypeError(f"Content-Type should be {' or '.join(accepted)}, not {given}")


async def body_chunks(request: Request, max_bytes: int) -> AsyncIterator[bytes]:
    """The body as it comes; raises BodyTooLargeError, before reading where the length is announced."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    received = 0
    async for chunk in _patiently(request):
        received += len(chunk)
        if received > max_bytes:
            raise _too_large(max_bytes)
        yield chunk


async def _patiently(request: Request) -> AsyncIterator[bytes]:
    """The chunks of the body; raises UploadTimeoutError where none has come for a while, so that slots come free."""
    chunks = aiter(request.stream())
    while True:
        try:
            chunk = await asyncio.wait_for(anext(chunks, None), _PATIENCE_SECONDS)
        except TimeoutError:
            raise UploadTimeoutError(f"Nothing came for {_PATIENCE_SECONDS} seconds; send the request again") from None
        if chunk is None:
            return
        yield chunk


def _too_large(max_bytes: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The body is larger than {max_bytes} bytes (setting TALLYKEEP_MAX_BODY_BYTES)")


JSON_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


async def json_object(request: Request, max_bytes: int, *, may_be_empty: bool = False) -> dict[str, Any]:
    """The body as a JSON object; an empty body counts as {} where allowed."""
    body = b"".join([chunk async for chunk in body_chunks(request, max_bytes)])
    if not body.strip() and may_be_empty:
        return {}
    require_media_type(request, "application/json")
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidPayloadError(f"Malformed JSON: {error}") from None
    if not isinstance(given, dict):
        raise InvalidPayloadError("The body should be a JSON object")
    return given
