"""A body that names many resources and says one thing of all: {"codes": […], "metadata": {…}}.

Where it names none, or says nothing, there is nothing to do: no rows.
"""

from collections.abc import Iterator
from typing import Any

from tallykeep import exact_json
from tallykeep.engine.split_json import JsonSplitter
from tallykeep.engine.unpack import Limit
from tallykeep.errors import InvalidPayloadError
from tallykeep.model import Portion, Source


class IdsSplitter:
    """Feed chunks, get portions whose rows are the named keys; the rest of the body becomes the source's options.

    The one thing said may come last in the body, so the body is kept until its end.
    """

    def __init__(
        self, properties: tuple[str, ...], limit: Limit, *, portion_rows: int, portion_bytes: int, max_row_bytes: int
    ) -> None:
        self.source = Source("json")
        self._properties = properties
        self._limit = limit
        self._rows = JsonSplitter(portion_rows=portion_rows, portion_bytes=portion_bytes, max_row_bytes=max_row_bytes)
        self._body = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Portion]:
        """Take the next bytes; raises BodyTooLargeError."""
        self._body += chunk
        if len(self._body) > self._limit.size:
            raise self._limit.too_large("A body that names resources")
        return iter(())

    def finish(self) -> Iterator[Portion]:
        """End of input: yield the portions; raises InvalidPayloadError for a body of another form."""
        given = self._read()
        named = [name for name in self._properties if given.get(name) is not None]
        by = named[0] if named else self._properties[0]
        keys, metadata = _or(given.get(by), []), given.get("metadata")
        if len(named) > 1 or not isinstance(keys, list):
            raise InvalidPayloadError(f"Payload should have an array in {' or '.join(self._properties)}")
        if metadata is not None and not isinstance(metadata, dict):
            raise InvalidPayloadError("Payload should have an object in metadata")
        self.source = Source("json", options={"by": by, "metadata": _or(metadata, {})})
        self._written("metadata", metadata)
        yield from self._rows.feed(self._written(by, keys if metadata is not None else []))
        yield from self._rows.finish()

    @staticmethod
    def _written(name: str, value: Any) -> bytes:
        try:
            return exact_json.dumps(value)
        except exact_json.EncodeError:
            raise InvalidPayloadError(f"What the payload has in {name} is nested too deep") from None

    def _read(self) -> dict[str, Any]:
        if not self._body.strip():
            return {}
        try:
            given = exact_json.loads(self._body)
        except exact_json.CannotKeepError as error:
            raise InvalidPayloadError(f"The body cannot be kept: {error}") from None
        except exact_json.DecodeError as error:
            raise InvalidPayloadError(f"Malformed JSON: {error}") from None
        if not isinstance(given, dict):
            raise InvalidPayloadError("The body should be a JSON object")
        return given


def _or(given: Any, default: Any) -> Any:
    return default if given is None else given
