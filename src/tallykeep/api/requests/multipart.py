"""Multipart forms, read as they come."""

from collections.abc import AsyncIterator
from functools import partial

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from tallykeep.core.concurrency.side_thread import Aside, directly
from tallykeep.core.errors import InvalidPayloadError

_PART_BYTES = 1 << 16
_QUICK_BYTES = 1 << 12
_FEW = 50
_MISSING_FILE = "Payload should have required property 'file'"
_MAX_PART_HEADER_BYTES = 16_384
_MAX_FIELD_BYTES = 262_144
_MAX_FIELDS = 100
_MAX_NAME_LENGTH = 255
_MAX_TYPE_LENGTH = 1_000


class FileForm:
    """Reads a multipart form as it comes: hands out the part `file`, keeps the other fields.

    Raises InvalidPayloadError when there is no part `file`, or the form is malformed or cut off.
    """

    def __init__(self, content_type: str) -> None:
        _, options = _parsed(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise InvalidPayloadError("The multipart form has no boundary")
        self.fields: dict[str, str] = {}
        self.all_fields: list[tuple[str, str]] = []  # all fields, those that came twice too
        self.fields_in_front: dict[str, str] = {}  # of the file, however many have come by now
        self.file_name: str | None = None
        self.charset: str | None = None
        self._field: str | None = None
        self._text = bytearray()
        self._pieces: list[bytes] = []
        self._header = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._in_file = False
        self._has_file = False
        self._stray: str | None = None
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise InvalidPayloadError(f"The multipart form is malformed: {error}") from None

    async def file(self, chunks: AsyncIterator[bytes], aside: Aside = directly) -> AsyncIterator[bytes]:
        """Yield the bytes of the part `file`, as they come; what may take long is read by `aside`."""
        async for chunk in chunks:
            for part in self._in_parts(chunk):
                for piece in await (directly if self._is_quick(part) else aside)(partial(self._feed, part)):
                    yield piece
        self._finish()

    def _in_parts(self, chunk: bytes) -> list[bytes]:
        if len(chunk) <= _PART_BYTES or self._is_quick(chunk):
            return [chunk]
        return [chunk[start : start + _PART_BYTES] for start in range(0, len(chunk), _PART_BYTES)]

    def _is_quick(self, chunk: bytes) -> bool:
        """Return whether the parser goes through it without much work on single bytes."""
        if len(chunk) <= _QUICK_BYTES:
            return True
        return self._in_file and (b"\r" not in chunk or chunk.count(b"\r\n--") < _FEW)

    def _feed(self, chunk: bytes) -> list[bytes]:
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise InvalidPayloadError(f"The multipart form is malformed: {error}") from None
        pieces, self._pieces = self._pieces, []
        return pieces

    def _finish(self) -> None:
        if not self._ended:
            raise InvalidPayloadError("The multipart form is cut off: its closing boundary is missing")
        if not self._has_file:
            raise self._missing_file()

    def _missing_file(self) -> InvalidPayloadError:
        stray = "" if self._stray is None else f"; there is a file in the part {self._stray!r}, call that part 'file'"
        return InvalidPayloadError(_MISSING_FILE + stray)

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
        name = options.get(b"name", b"").decode("utf-8", "replace")
        self._in_file = name == "file"
        self._field = None if self._in_file else name
        if self._in_file:
            file_name = options.get(b"filename", b"").decode("utf-8", "replace").replace("\0", "")
            self.file_name = file_name[:_MAX_NAME_LENGTH] or None
            self.charset = charset_of(self._headers.get(b"content-type", b""))
            self.fields_in_front = dict(self.fields)
        if self._in_file and self._has_file:
            raise InvalidPayloadError("The form has more than one part 'file'; send one file a request")
        self._has_file = self._has_file or self._in_file
        if b"filename" in options and not self._has_file:
            self._stray = name

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._pieces.append(data[start:end])
        else:
            self._text += data[start:end]
            if len(self._text) > _MAX_FIELD_BYTES:
                if self._field == self._stray and not self._has_file:
                    raise self._missing_file()
                raise InvalidPayloadError(f"The form's field {self._field!r} is longer than {_MAX_FIELD_BYTES} bytes")

    def _on_part_end(self) -> None:
        if self._field is not None:
            if len(self.all_fields) == _MAX_FIELDS:
                raise InvalidPayloadError(f"The form has more than {_MAX_FIELDS} fields beside its file")
            self.fields[self._field] = self._text.decode("utf-8", "replace")
            self.all_fields.append((self._field, self.fields[self._field]))
        self._text.clear()

    def _on_end(self) -> None:
        self._ended = True


def charset_of(content_type: str | bytes) -> str | None:
    """Return the content type's parameter `charset`; raise InvalidPayloadError for a content type that is too long."""
    _, options = _parsed(content_type)
    return options.get(b"charset", b"").decode("latin-1").replace("\0", "").strip() or None


def _parsed(content_type: str | bytes) -> tuple[bytes, dict[bytes, bytes]]:
    if len(content_type) > _MAX_TYPE_LENGTH:
        raise InvalidPayloadError(f"The Content-Type is longer than {_MAX_TYPE_LENGTH} characters")
    return parse_options_header(content_type)
