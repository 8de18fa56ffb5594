"""Entity tags: a client that has an answer already, and says so, is told that it is still the same."""

import re
from hashlib import blake2b
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from tallykeep.api.openapi import answers
from tallykeep.api.responses.answers import Json
from tallykeep.core import exact_json

_DIGEST_BYTES = 16
_TAG = re.compile(r'"[^"]*"')
# A client may keep the answer, and asks each time whether it is still the same: what it shows may change at any moment.
_KEEPING = (b"cache-control", b"private, no-cache")
_JSON = (b"content-type", str(Json.media_type).encode())
_ANY = "*"

_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The `ETag` of an answer to the same request: while nothing has changed, there is a 304 instead.",
}
_ETAG = {"description": "A digest of the answer, for `If-None-Match`.", "schema": {"type": "string"}}


def conditional(of: type) -> dict[str, Any]:
    """Declare an operation that answers with JSON of this type, tagged, or with 304, for `openapi_extra`."""
    responses = answers(of)["responses"]
    responses["200"]["headers"] = {"ETag": _ETAG}
    responses["304"] = {"description": "Nothing has changed since the answer with this `ETag`."}
    return {"parameters": [_IF_NONE_MATCH], "responses": responses}


class Tagged:
    """JSON with its entity tag, a digest of it: who knows the tag knows all that the answer says."""

    __slots__ = ("_body", "_tag")

    def __init__(self, content: Any) -> None:
        self._body = exact_json.dumps(content)
        self._tag = f'"{blake2b(self._body, digest_size=_DIGEST_BYTES).hexdigest()}"'

    @property
    def text(self) -> str:
        """Return the JSON."""
        return self._body.decode()

    def answer(self, request: Request) -> Response:
        """Return the answer to a request: 304, without the content, where it names the tag in `If-None-Match`."""
        headers = [(b"etag", self._tag.encode()), _KEEPING]
        known = [value.decode("latin-1") for name, value in request.scope["headers"] if name == b"if-none-match"]
        if known and self._is_among(",".join(known)):
            return _Ready(304, headers, b"")
        return _Ready(200, [*headers, (b"content-length", b"%d" % len(self._body)), _JSON], self._body)

    def _is_among(self, known: str) -> bool:
        """Compare weakly, as is due here: a proxy that compresses makes `W/"…"` of our tag."""
        return known.strip() == _ANY or self._tag in _TAG.findall(known)


class _Ready(Response):
    """An answer with headers as they are sent; to make them of texts takes a twentieth of GET of one action."""

    def __init__(self, status_code: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status_code = status_code
        self.raw_headers = headers
        self.body = body
        self.background = None
