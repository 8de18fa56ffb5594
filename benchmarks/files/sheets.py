"""CSV files: columns and what stands in them, written row by row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.files import metadata
from benchmarks.files.own_values import Value
from benchmarks.files.sorts import OWN, REPEATING, WIDE, WIDTH, numbered
from benchmarks.lab import Lab

Columns = Mapping[str, Value]
Flaws = Sequence[Mapping[str, str]]


class Sheet:
    """The files of one noun: the columns of each sort, and what is wrong in rows that fail."""

    def __init__(self, name: str, *, repeating: Columns, own: Columns, more: Columns, flaws: Flaws = ()) -> None:
        """Take the columns of the repeating and own sorts; `more` are fields that only the wide sort has."""
        self.name = name
        wide = {**own, **more, **metadata.COLUMNS}
        self._columns = {
            REPEATING: dict(repeating),
            OWN: {**own, **metadata.COLUMNS},
            WIDE: {**wide, **metadata.extra(WIDTH - len(wide))},
        }
        self.flaws = (*flaws, *metadata.FLAWS)

    def file(self, lab: Lab, sort: str, rows: int) -> Path:
        """So many rows of the sort."""
        return lab.file(f"{self.name}-{sort}-{rows}.csv", lambda path: self._write(path, self.lines(sort, rows)))

    def file_of(self, lab: Lab, sort: str, size: int) -> Path:
        """At least so many bytes, by less than a row."""

        def write(path: Path) -> None:
            self._write(path, _up_to(size, self.lines(sort, size)))

        return lab.file(f"{self.name}-{sort}-of-{size}-bytes.csv", write)

    def _write(self, path: Path, lines: Iterator[str]) -> None:
        with path.open("w", newline="") as file:
            file.writelines(lines)

    def lines(self, sort: str, rows: int) -> Iterator[str]:
        """The header and the rows."""
        columns = self._columns.get(sort, self._columns[OWN])
        values = tuple(columns.values())
        yield _line(columns)
        for number, flaw in numbered(sort, rows, len(self.flaws)):
            if flaw is None:
                yield _line([value(number) for value in values])
            else:
                wrong = {title: text.format(n=number) for title, text in self.flaws[flaw].items()}
                yield _line([wrong[title] if title in wrong else columns[title](number) for title in columns])


def _line(cells: Iterable[str]) -> str:
    return ",".join([f'"{cell}"' if "," in cell else cell for cell in cells]) + "\n"


def _up_to(size: int, lines: Iterator[str]) -> Iterator[str]:
    written = 0
    while written < size:
        line = next(lines)
        written += len(line)
        yield line
