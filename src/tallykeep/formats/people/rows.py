"""Rows about a person: found in a batch, and taken out of it, without moving any other row."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tallykeep.core.action_type import People
from tallykeep.core.batch import Batch, Source
from tallykeep.core.rows import Row
from tallykeep.formats.hidden_characters import hidden_in
from tallykeep.formats.people.broken_rows import lenient_cells, seeming_values
from tallykeep.formats.people.other_forms import has_other_forms
from tallykeep.formats.people.person import ERASED, Person, texts_in
from tallykeep.formats.row_reader import SEPARATORS, raw_rows, read_rows

Read = Callable[[Batch, Source], Sequence[Row]]
_Names = Callable[[Any], Iterable[str]]

_NO_OBJECT = b'["erased"]'  # neither an object nor a key: no action type takes it for a row


def rows_about(
    person: Person, batch: Batch, source: Source, people: People | None, read: Read = read_rows
) -> list[int]:
    """Return the numbers of the batch's rows that are about the person; takes time in proportion to the batch.

    `people` says which customers a row of this source names; None where rows name none. `read` reads rows as they are
    applied, where other texts stand for some cells. Rows that cannot be read may be about somebody, too: they are taken
    for what they seem to hold.
    """
    has_hidden = _has_hidden(batch.body)
    may_be_in = person.may_be_in(batch.body) or _may_be_escaped(person, batch.body, source)
    if not (source.values or may_be_in or has_hidden):
        return []
    raw, rows = raw_rows(batch, source), read(batch, source)
    if len(raw) != batch.row_count or len(rows) != batch.row_count:
        return _rows_of_mismatch(person, batch)
    names, marker = people(source) if people is not None else None, _marker(source)
    rows_of_batch = zip(rows, raw, strict=True)
    search = _Search(person, source, names, has_hidden=has_hidden)
    return [row.number for row, data in rows_of_batch if data != marker and search.is_about(row, data)]


def _may_be_escaped(person: Person, data: bytes, source: Source) -> bool:
    """Return whether these rows may hold what identifies the person in other characters: of a file only quotes are."""
    if source.format != "csv":
        return b"\\" in data
    return b'"' in data and any('"' in text for text in person.keys | person.traces)


def _has_hidden(body: bytes) -> bool:
    """Return whether invisible characters, or some that stand for others, may be in what identifies the person."""
    if body.isascii():
        return False
    text = body.translate(None, b"\r\n\t").decode("utf-8", "replace")
    return hidden_in(text) is not None or has_other_forms(text)


@dataclass(frozen=True, slots=True)
class _Search:
    """What rows of one batch are compared with."""

    person: Person
    source: Source
    names: _Names | None
    has_hidden: bool

    def is_about(self, row: Row, data: bytes) -> bool:
        """Return whether the row, with these bytes, is about the person."""
        if row.value is None:
            return self.seems_about(data)
        return self._is_named(row.value) or self._has_trace(row.value, data)

    def seems_about(self, data: bytes) -> bool:
        """Return the same of bytes that cannot be read as a row."""
        if self.person.is_in(data.decode("utf-8", "replace")):
            return True
        values = seeming_values(data, self.source)
        return any(map(self._is_named, values)) or any(self.person.is_in(text) for text in texts_in(values))

    def _is_named(self, value: Any) -> bool:
        return self.names is not None and not self.person.keys.isdisjoint(self.names(value))

    def _has_trace(self, value: Any, data: bytes) -> bool:
        may_have = (
            self.person.may_have_trace_in(data)
            or _may_be_escaped(self.person, data, self.source)
            or (self.has_hidden and not data.isascii())
        )
        if not (may_have or self.source.values):
            return False
        if any(map(self.person.is_in, texts_in(value))):
            return True
        if self.source.format != "csv" or not may_have:
            return False
        # Cells of columns that are left out, and those that other texts stand for.
        return any(map(self.person.is_in, lenient_cells(data.decode("utf-8", "replace"), self.source.delimiter)))


def _rows_of_mismatch(person: Person, batch: Batch) -> list[int]:
    """Return all rows of a batch that nobody can split, if the person is in it: none of them was written."""
    is_in = person.is_in(batch.body.decode("utf-8", "replace")) or any(
        key.encode("utf-8", "surrogatepass") in batch.body for key in person.keys
    )
    return list(range(batch.first_row, batch.first_row + batch.row_count)) if is_in else []


def without_rows(batch: Batch, source: Source, numbers: Collection[int]) -> Batch:
    """Return the batch with a marker in place of these rows; every row keeps its number and its line.

    A file's marker is a row that is one cell too wide, and that of JSON is no object: neither can be imported again.
    """
    erased, marker = set(numbers), _marker(source)
    raw = raw_rows(batch, source)
    if len(raw) != batch.row_count:
        raw = [marker] * batch.row_count
    separator = SEPARATORS[source.format]
    broken, at, new_at = list[int](), 0, 0
    are_broken = frozenset(batch.broken or ())
    for index, data in enumerate(raw):
        is_erased = batch.first_row + index in erased
        if at in are_broken and not is_erased:
            broken.append(new_at)
        at += len(data) + len(separator)
        raw[index] = marker if is_erased else data
        new_at += len(raw[index]) + len(separator)
    return Batch(batch.first_row, batch.row_count, separator.join(raw), batch.lines, broken or None)


def _marker(source: Source) -> bytes:
    if source.format != "csv":
        return _NO_OBJECT
    width = len(source.header) if source.kept is None else source.width
    return (source.delimiter * width + ERASED + "\n").encode()


def values_of(batch: Batch, source: Source, numbers: Collection[int], read: Read = read_rows) -> dict[int, Any]:
    """Return what these rows hold, by number: cells by title, a value of JSON, or the text of what cannot be read.

    Of a batch that nobody can split, the first of them has the text of all, and the others none.
    """
    raw, rows = raw_rows(batch, source), read(batch, source)
    if len(raw) != batch.row_count or len(rows) != batch.row_count:
        text = batch.body.decode("utf-8", "replace")
        return {number: "" if at else text for at, number in enumerate(numbers)}
    held = zip(rows, raw, strict=True)
    wanted = set(numbers)
    return {row.number: _value(row, data, source) for row, data in held if row.number in wanted}


def _value(row: Row, data: bytes, source: Source) -> Any:
    if row.value is None:
        return data.decode("utf-8", "replace").rstrip("\r\n")
    if source.format != "csv":
        return row.value
    cells = dict(zip(source.header, row.value, strict=False))
    surplus = row.value[len(source.header) :]
    return {**cells, "": surplus} if surplus else cells
