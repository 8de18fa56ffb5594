"""Splitting NDJSON, as it streams in, into its lines: one row each, whatever it holds."""

from collections.abc import Iterator
from operator import itemgetter

from tallykeep.core.batch import Batch, Source
from tallykeep.formats.batch_cutter import BatchCutter, row_too_long
from tallykeep.formats.charset import without_marks

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r"
_SOME = 500  # lines, which are looked at together
_FIRST, _LAST = itemgetter(0), itemgetter(-1)

LINE_SEPARATOR = b"\n"


class LinesSplitter:
    """Feed chunks, get batches; each body is the lines' own bytes, joined by newlines. Blank lines are no rows.

    What a line holds is seen when it is read: one that is not JSON fails alone. Raises InvalidPayloadError for a line
    beyond the limit.
    """

    is_void = False  # the rows are what they are

    def __init__(self, *, batch_rows: int, batch_bytes: int, max_row_bytes: int, first_line: int = 1) -> None:
        self.source = Source("ndjson")
        self._cutter = BatchCutter(max_rows=batch_rows, max_bytes=batch_bytes, separator=LINE_SEPARATOR)
        self._max_row_bytes = max_row_bytes
        self._partial: list[bytes] = []  # the last line, as long as its end has not come
        self._partial_size = 0
        self._fed_bytes = 0
        self._line = first_line  # the number of the next line
        self._started = False

    def feed(self, chunk: bytes) -> Iterator[Batch]:
        """Take the next bytes, and yield the batches that are full; raises InvalidPayloadError for a row too long."""
        self._fed_bytes += len(chunk)
        end = chunk.rfind(LINE_SEPARATOR) + 1
        if end:
            *lines, _ = b"".join([*self._partial, chunk[:end]]).split(LINE_SEPARATOR)
            self._partial, self._partial_size = [], 0
            yield from self._take(lines)
        self._partial.append(chunk[end:])
        self._partial_size += len(chunk) - end
        if self._partial_size > self._max_row_bytes + len(_BOM):
            raise row_too_long(self._cutter.row_number, self._max_row_bytes)
        self._cutter.refuse_blanks(self._fed_bytes - self._partial_size)

    def finish(self) -> Iterator[Batch]:
        """End of input: yield the rest."""
        yield from self._take([b"".join(self._partial)])
        yield from self._cutter.cut()

    def stop(self) -> Iterator[Batch]:
        """Stop before the end of the input: yield the rows that are complete."""
        yield from self.cut()

    def cut(self) -> Iterator[Batch]:
        """Yield the rows that are complete by now; the input goes on."""
        yield from self._cutter.cut()

    @property
    def gathered(self) -> int:
        """About how many bytes of memory the complete rows take that are held."""
        return self._cutter.gathered

    def _take(self, lines: list[bytes]) -> Iterator[Batch]:
        if not self._started:
            lines[0] = without_marks(lines[0])
            self._started = True
        if max(map(len, lines)) > self._max_row_bytes:
            lines = list(self._until_too_long(lines))
        for start in range(0, len(lines), _SOME):
            some, number = lines[start : start + _SOME], self._line + start
            if self._are_plain(some):
                yield from self._cutter.add_run(LINE_SEPARATOR.join(some), len(some), number)
            else:
                kept = [(row, at) for at, line in enumerate(some, number) if (row := line.strip(_BLANK))]
                yield from self._cutter.add([row for row, _ in kept], [at for _, at in kept])
        self._line += len(lines)

    def _are_plain(self, lines: list[bytes]) -> bool:
        """Whether there are many lines, none blank or with blanks around it, and the batch has room for them."""
        return (
            len(lines) > 1
            and self._cutter.is_for(len(lines))
            and all(lines)
            and set(map(_FIRST, lines)) == {ord("{")}
            and set(map(_LAST, lines)) == {ord("}")}
        )

    def _until_too_long(self, lines: list[bytes]) -> Iterator[bytes]:
        number = self._cutter.row_number
        for line in lines:
            if len(line) > self._max_row_bytes:
                raise row_too_long(number, self._max_row_bytes)
            number += bool(line.strip(_BLANK))
            yield line
