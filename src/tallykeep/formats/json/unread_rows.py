"""Rows of JSON that are not read yet: for who reads them all at once, and into what they are to become."""

from collections.abc import Iterator, Sequence
from typing import overload

from tallykeep.core import exact_json
from tallykeep.core.rows import Row
from tallykeep.formats.json.array_splitter import parse_elements
from tallykeep.formats.json.elements import is_json
from tallykeep.formats.json.runs import elements_in


class UnreadRows(Sequence[Row]):
    """Rows by their bytes, and by their numbers; read in one go when they are gone through, else one by one.

    `body` are elements of an array with what stands between them, or empty where the `elements` are known one by one.
    """

    __slots__ = ("_elements", "_rows", "body", "numbers")

    def __init__(self, numbers: Sequence[int], body: bytes, elements: list[bytes] | None = None) -> None:
        self.numbers = numbers
        self.body = body
        self._elements = elements
        self._rows: list[Row] | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> "UnreadRows": ...

    def __getitem__(self, index: int | slice) -> "Row | UnreadRows":
        if self._rows is None and len(self.elements) != len(self.numbers):
            self._rows = self._unmatched()
        if isinstance(index, slice):
            part = UnreadRows(self.numbers[index], b"", self.elements[index])
            part._rows = None if self._rows is None else self._rows[index]
            return part
        if self._rows is not None:
            return self._rows[index]
        return read_element(self.numbers[index], self.elements[index])

    def __iter__(self) -> Iterator[Row]:
        if self._rows is None:
            self._rows = self._read()
        return iter(self._rows)

    @property
    def elements(self) -> list[bytes]:
        """The bytes of each row, or of another number of them where reading and splitting disagree."""
        if self._elements is None:
            self._elements = elements_in(self.body)
        return self._elements

    def _read(self) -> list[Row]:
        try:
            values = parse_elements(self.body) if self.body else None
        except exact_json.DecodeError:
            values = None
        if values is not None and len(values) == len(self.numbers):
            return list(map(Row, self.numbers, values))
        if len(self.elements) != len(self.numbers):
            return self._unmatched()
        return list(map(read_element, self.numbers, self.elements))

    def _unmatched(self) -> list[Row]:
        """Return rows of which none is written wrongly: splitting and reading disagree, a defect."""
        problem = f"Internal error: {len(self.numbers)} rows were read as {len(self.elements)}"
        return [Row(number, problem=problem) for number in self.numbers]


def read_element(number: int, element: bytes) -> Row:
    """Read a row by itself; one that cannot be read has its problem."""
    try:
        return Row(number, exact_json.loads(element))
    except exact_json.DecodeError as error:
        what = "cannot be kept as JSON" if is_json(element) else "is not JSON"
        return Row(number, problem=f"the row {what}: {error}")
