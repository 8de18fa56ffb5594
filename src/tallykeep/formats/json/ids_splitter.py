"""A body that names many resources and says one thing of all: {"codes": […], "metadata": {…}}.

Where it names none, or says nothing, there is nothing to do: no rows.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import BodyTooLargeError, InvalidPayloadError
from tallykeep.formats.charset import without_marks
from tallykeep.formats.json.array_splitter import JsonSplitter
from tallykeep.formats.json.elements import Walk

_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"[ \t\r\n]*+")
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_WORD = re.compile(rb"[^][{}\",\s:]++(?=[\s,}])")
_SAID = "metadata"
_LONG_VALUE = 65_536
_MAX_PROPERTIES = 100


class IdsSplitter:
    """Feed chunks, get batches whose rows are the named keys; the rest of the body becomes the source's parameters.

    The array may be of any size, and stand in front of the rest or behind it; everything else is small. A body with an
    array and nothing that is said of its keys turns out to have no rows in the end: `is_void` tells then that the
    batches are not to be used. Raises InvalidPayloadError for a body of another form.
    """

    def __init__(self, properties: tuple[str, ...], *, batch_rows: int, batch_bytes: int, max_row_bytes: int) -> None:
        self.source = Source("json")
        self._properties = properties
        self._rows = JsonSplitter(
            batch_rows=batch_rows, batch_bytes=batch_bytes, max_row_bytes=max_row_bytes, is_inner=True
        )
        self._max = max_row_bytes
        self._buffer = b""
        self._scan_from = 0
        self._take: Callable[[], bool] = self._take_opening  # the next mark or value; False where it has not come yet
        self._name = ""
        self._values: dict[str, Any] = {}
        self._by: str | None = None
        self._in_array = False
        self.is_void = False

    @property
    def gathered(self) -> int:
        """About how many bytes of memory the complete rows take that are held."""
        return self._rows.gathered

    def feed(self, chunk: bytes) -> Iterator[Batch]:
        """Take the next bytes, and yield the batches that are full."""
        self._buffer += chunk
        while self._in_array or len(self._buffer) >= self._scan_from:
            if self._in_array:
                taken, self._buffer = self._buffer, b""
                yield from self._rows.feed(taken)
                if not self._rows.has_ended:
                    return
                self._leave_array()
            elif not self._advance():
                return

    def _leave_array(self) -> None:
        self._buffer, self._in_array, self._take = self._rows.behind(), False, self._take_comma

    def cut(self) -> Iterator[Batch]:
        """Yield the rows that are complete by now; the input goes on."""
        return self._rows.cut()

    def finish(self) -> Iterator[Batch]:
        """Yield the rest at the end of the input. Raises InvalidPayloadError for JSON that is cut off."""
        self._scan_from = 0
        yield from self.feed(b"")
        if self._in_array:
            yield from self._rows.settle()
            if not self._rows.has_ended:
                yield from self._rows.finish()  # raises: it is cut off
            self._leave_array()
            yield from self.feed(b"")
        if self._take == self._take_opening and not self._buffer.strip(_BOM + b" \t\r\n"):
            self._take = self._take_nothing  # no body at all
        if self._take != self._take_nothing:
            raise InvalidPayloadError("Malformed JSON: the body is cut off, its object is not closed")
        said = self._values.get(_SAID)
        self.is_void = said is None
        self.source = Source("json", parameters={"by": self._by or self._properties[0], _SAID: said or {}})
        if self._by is not None:
            yield from self._rows.finish()

    def _advance(self) -> bool:
        self._buffer = self._buffer[_SPACE.match(self._buffer).end() :]  # type: ignore[union-attr]
        if self._buffer and self._take():
            self._scan_from = 0
            return True
        self._refuse_large(len(self._buffer))
        # A value that goes on is looked at again only when much more of it has come.
        self._scan_from = 2 * len(self._buffer) if len(self._buffer) > _LONG_VALUE else 0
        return False

    def _refuse_large(self, size: int) -> None:
        if size > self._max:
            raise BodyTooLargeError(
                f"What the payload has in {self._name or 'a property'} is larger than {self._max} bytes"
                " (setting TALLYKEEP_MAX_ROW_BYTES)"
            )

    def _take_opening(self) -> bool:
        self._buffer = without_marks(self._buffer)
        if len(self._buffer) < len(_BOM) and _BOM.startswith(self._buffer):
            return False
        if not self._buffer.startswith(b"{"):
            raise InvalidPayloadError("The body should be a JSON object")
        self._go_on(1, self._take_first_name)
        return True

    def _take_first_name(self) -> bool:
        if self._buffer.startswith(b"}"):
            self._go_on(1, self._take_nothing)
            return True
        return self._take_name()

    def _take_name(self) -> bool:
        if not self._buffer.startswith(b'"'):
            raise self._unexpected()
        if (text := _TEXT.match(self._buffer)) is None:
            return False
        name = _parsed(text[0])
        if name in self._values or name == self._by:
            raise InvalidPayloadError(f"Payload should have the property {name} once")
        if len(self._values) == _MAX_PROPERTIES:
            raise InvalidPayloadError(f"Payload should have at most {_MAX_PROPERTIES} properties")
        self._name = name
        self._go_on(text.end(), self._take_colon)
        return True

    def _take_colon(self) -> bool:
        if not self._buffer.startswith(b":"):
            raise self._unexpected()
        self._go_on(1, self._take_value)
        return True

    def _take_value(self) -> bool:
        if self._buffer.startswith(b"[") and self._name in self._properties:
            self._begin_array()
            return True
        end = self._end_of_value()
        if end is None:
            return False
        self._refuse_large(end)
        value = _parsed(self._buffer[:end])
        if self._name in self._properties and value is not None:
            raise self._no_array()
        if self._name == _SAID and value is not None:
            _require_said(value)
        self._values[self._name] = value if self._name == _SAID else None
        self._go_on(end, self._take_comma)
        return True

    def _begin_array(self) -> None:
        if self._by is not None:
            raise self._no_array()
        self._by, self._in_array = self._name, True

    def _end_of_value(self) -> int | None:
        first = self._buffer[:1]
        if first in (b"{", b"["):
            return Walk().end(self._buffer, 0)
        value = (_TEXT if first == b'"' else _WORD).match(self._buffer)
        if value is None and first in (b"]", b"}", b",", b":"):
            raise self._unexpected()
        return value.end() if value else None

    def _take_comma(self) -> bool:
        if self._buffer.startswith(b","):
            self._go_on(1, self._take_name)
        elif self._buffer.startswith(b"}"):
            self._go_on(1, self._take_nothing)
        else:
            raise self._unexpected()
        return True

    def _take_nothing(self) -> bool:
        raise self._unexpected()

    def _go_on(self, at: int, take: Callable[[], bool]) -> None:
        self._buffer, self._take = self._buffer[at:], take

    def _no_array(self) -> InvalidPayloadError:
        return InvalidPayloadError(f"Payload should have an array in {' or '.join(self._properties)}")

    def _unexpected(self) -> InvalidPayloadError:
        where = f" behind {self._name}" if self._name else ""
        return InvalidPayloadError(f"Malformed JSON{where}: unexpected {self._buffer[:1].decode('latin-1')!r}")


def _require_said(value: Any) -> None:
    if not isinstance(value, dict):
        raise InvalidPayloadError(f"Payload should have an object in {_SAID}")
    try:
        exact_json.dumps(value)
    except exact_json.EncodeError:
        raise InvalidPayloadError(f"What the payload has in {_SAID} is nested too deep") from None


def _parsed(value: bytes) -> Any:
    try:
        return exact_json.loads(value)
    except exact_json.CannotKeepError as error:
        raise InvalidPayloadError(f"The body cannot be kept: {error}") from None
    except exact_json.DecodeError as error:
        raise InvalidPayloadError(f"Malformed JSON: {error}") from None
