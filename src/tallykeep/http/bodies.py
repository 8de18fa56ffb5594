"""Request bodies: streamed with a limit, as JSON, or as the file within a form."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import Request
from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from tallykeep.errors import BodyTooLargeError, InvalidPayloadError, UnsupportedMediaTypeError, UploadTimeoutError

_MISSING_FILE = "Payload should have required property 'file'"
_MAX_PART_HEADER_BYTES = 16_384
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


async def file_in_form(request: Request, max_bytes: int) -> AsyncIterator[bytes]:
    """The bytes of the form's part `file`, as they come; other parts are read over.

    Raises InvalidPayloadError when there is no such part, or the form is malformed or cut off.
    """
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if not boundary:
        raise InvalidPayloadError("The multipart form has no boundary")
    try:
        form = _FileForm(boundary)
    except FormParserError as error:
        raise InvalidPayloadError(f"The multipart form is malformed: {error}") from None
    async for chunk in body_chunks(request, max_bytes):
        for piece in form.feed(chunk):
            yield piece
    form.finish()


class _FileForm:
    """Collects what the multipart parser calls out, and keeps only the part `file`."""

    def __init__(self, boundary: bytes) -> None:
        self._pieces: list[bytes] = []
        self._header = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._in_file = False
        self._found = False
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_data,
                "on_end": self._on_end,
            },
        )

    def feed(self, chunk: bytes) -> list[bytes]:
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise InvalidPayloadError(f"The multipart form is malformed: {error}") from None
        pieces, self._pieces = self._pieces, []
        return pieces

    def finish(self) -> None:
        if not self._ended:
            raise InvalidPayloadError("The multipart form is cut off: its closing boundary is missing")
        if not self._found:
            raise InvalidPayloadError(_MISSING_FILE)

    def _begin(self) -> None:
        self._headers, self._in_file = {}, False

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._refuse_long(self._header)

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._refuse_long(self._value)

    @staticmethod
    def _refuse_long(collected: bytes) -> None:
        if len(collected) > _MAX_PART_HEADER_BYTES:
            raise InvalidPayloadError("The multipart form is malformed: a part's header is too long")

    def _on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._in_file = options.get(b"name") == b"file"
        if self._in_file and self._found:
            raise InvalidPayloadError("The form has more than one part 'file'; send one file a request")
        self._found = self._found or self._in_file

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._pieces.append(data[start:end])

    def _on_end(self) -> None:
        self._ended = True
