"""Finding the header of a file or of a workbook's sheet: the row that titles the columns.

People put a title above it, or a date, or leave rows blank. Of the first rows, the one is taken in which most of the
known titles stand, if it is plainly not a row among others; else the first that is not blank, or the one that was
named.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.core.options.file_limits import DELIMITERS, MAX_COLUMNS, MAX_TITLE_LENGTH
from tallykeep.formats.csv.formulas import refuse_copy
from tallykeep.formats.csv.records import cells_of, delimiter_of, is_blank, is_blank_somehow, records_of
from tallykeep.formats.csv.spreadsheet_errors import unmarked
from tallykeep.formats.csv.titles import normal_title

LARGEST_HEADER = 262_144  # bytes
_EXAMINED_BYTES = 65_536
_EXAMINED_ROWS = 30
_EXAMINED_CELLS = 100
_MAX_TITLE_LENGTH = 100
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_SEP_LINE = re.compile(rb'"?sep=([,;\t|])"?[ \t,;|]*[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HeaderHints:
    """The parameters of the search for the header.

    `delimiter` and `header_row` (the line of a file, or the row of a sheet, from 1) are what somebody said. `titles`
    are the known ones, as normal_title has them. `by_record`: what is counted are records, not lines, as rows of a
    sheet are.
    """

    delimiter: str | None = None
    header_row: int | None = None
    titles: frozenset[str] = frozenset()
    by_record: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """The header: its own bytes, its delimiter, its line or row, and what is skipped above it.

    `end` is the first line behind it, counted from 0.
    """

    record: bytes
    delimiter: str
    row: int
    skipped_rows: int
    end: int


def header_score(cells: Sequence[str], titles: frozenset[str]) -> int:
    """Count the known titles among these cells, each once."""
    short = [cell for cell in cells[:_EXAMINED_CELLS] if cell and len(cell) <= _MAX_TITLE_LENGTH]
    return len(titles.intersection(map(normal_title, short)))


def find_header(rows: Sequence[Sequence[str]], titles: frozenset[str]) -> int:
    """Find the index of the header among a file's first rows: the first not blank where no other is plainly better.

    A row further down has to have more known titles, and more cells than each row above it: where it has one such title
    only, twice as many cells. Rows of data have no more cells than their header.
    """
    filled = [sum(1 for cell in row if cell and not cell.isspace()) for row in rows]
    first = next((index for index, cells in enumerate(filled) if cells), 0)
    scores = [header_score(row, titles) for row in rows]
    best = max(range(first, len(rows)), key=lambda index: (scores[index], -index), default=first)
    if best == first or scores[best] <= scores[first]:
        return first
    above = max(filled[first:best])
    return best if (filled[best] > above if scores[best] > 1 else filled[best] >= 2 * above) else first


def find_rival(rows: Sequence[Sequence[str]], header: int, titles: frozenset[str]) -> int | None:
    """Find the index of a row above the header that has titles too, and below it rows that would be skipped with it.

    So look two tables of which the second is wider. Titles right above the header are but those of groups of columns.
    """
    filled = [index for index in range(header) if any(map(str.strip, rows[index]))]
    return next((index for index in filled[:-1] if header_score(rows[index], titles) > 1), None)


def locate_header(lines: list[bytes], hints: HeaderHints, *, enough: bool, final: bool) -> Header | None:
    """Find the header in a file's first lines; None where more of them have to come first.

    What is found depends on a fixed number of bytes from the first line that is not blank, not on how many have come:
    unless these are `enough`, it waits for so many. `final` says that no more will come. Raises InvalidPayloadError
    where there is no header at the row that was named, none that ends, or one further up that is one as well.
    """
    named = _SEP_LINE.fullmatch(lines[0]) if lines and not hints.by_record else None
    first = 1 if named else 0
    delimiter = hints.delimiter or (named[1].decode() if named else None)
    if hints.header_row is not None:
        return _named_header(lines, hints.header_row, delimiter, first, hints.by_record, final=final)
    start = next((at for at in range(first, len(lines)) if not _is_blank_line(lines[at], delimiter)), None)
    if start is None:
        return None
    sample = _first_lines(lines, start)
    if sample is None and not enough and not final:
        return None
    candidate = _best_candidate(lines[: sample or len(lines)], start, hints, delimiter)
    if candidate.rival is not None:
        starts = (candidate.rival, candidate.start)
        one, other = (_row_number(lines, at, candidate.delimiter, hints.by_record) for at in starts)
        raise InvalidPayloadError(
            f"There are titles in row {one} and in row {other}; say with header_row which row has those that count,"
            " or send each table in a file of its own"
        )
    return _header_at(
        lines, candidate.start, candidate.delimiter, hints.by_record, skipped=candidate.skipped_rows, final=final
    )


def _first_lines(lines: list[bytes], start: int) -> int | None:
    """Return the line, counted from 0, behind those that are examined; None where there are too few."""
    size = 0
    for at in range(start, len(lines)):
        size += len(lines[at])
        if size >= _EXAMINED_BYTES:
            return at + 1
    return None


def _is_blank_line(line: bytes, delimiter: str | None) -> bool:
    return line.isspace() or (is_blank(line, delimiter) if delimiter else is_blank_somehow(line))


def _named_header(
    lines: list[bytes], row: int, delimiter: str | None, first: int, by_record: bool, *, final: bool
) -> Header | None:
    start: int | None = row - 1
    if by_record:
        starts = records_of(lines, delimiter or ",", max_records=row).starts
        start = starts[row - 1] if len(starts) >= row else None
    if start is None or start >= len(lines):
        if final:
            raise InvalidPayloadError(f"header_row is {row}, but there is no such row: the file ends before it")
        return None
    if start < first or _is_blank_line(lines[start], delimiter):
        raise InvalidPayloadError(
            f"header_row is {row}, but there are no titles in that row; name the row of the titles"
        )
    chosen = delimiter or delimiter_of(lines[start])
    skipped = sum(1 for line in lines[first:start] if not is_blank(line, chosen))
    return _header_at(lines, start, chosen, by_record, skipped=skipped, final=final)


def _header_at(
    lines: list[bytes], start: int, delimiter: str, by_record: bool, *, skipped: int, final: bool
) -> Header | None:
    """Read the header whose first line this is."""
    complete = records_of(lines, delimiter, max_records=1, start=start)
    if not complete.records:
        if final:
            raise InvalidPayloadError("The header opens a quote and never closes it")
        return None
    row = _row_number(lines, start, delimiter, by_record)
    return Header(complete.records[0], delimiter, row, skipped, complete.end)


def _row_number(lines: list[bytes], start: int, delimiter: str, by_record: bool) -> int:
    return 1 + (len(records_of(lines[:start], delimiter).records) if by_record else start)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Find the header as if this were the delimiter: its first line, and how many titles are known.

    `rival` is the line of another row that may be the header.
    """

    delimiter: str
    start: int
    skipped_rows: int
    score: int
    rival: int | None = None


def _best_candidate(lines: list[bytes], start: int, hints: HeaderHints, delimiter: str | None) -> _Candidate:
    """Find the header among the first rows from this line on, the first that is not blank."""
    likeliest = delimiter or delimiter_of(lines[start])
    best = _candidate(lines, start, likeliest, hints.titles)
    if delimiter or (best.score > 1 and best.start == start):
        return best
    others = [_candidate(lines, start, each, hints.titles) for each in DELIMITERS if each != likeliest]
    return max(best, *others, key=lambda candidate: candidate.score)


def _candidate(lines: list[bytes], start: int, delimiter: str, titles: frozenset[str]) -> _Candidate:
    complete = records_of(lines, delimiter, max_records=_EXAMINED_ROWS if titles else 1, start=start)
    if not complete.records:
        return _Candidate(delimiter, start, 0, 0)
    rows = [cells_of(record.decode("utf-8", "replace"), delimiter) for record in complete.records]
    index = find_header(rows, titles)
    skipped = sum(1 for record in complete.records[:index] if not is_blank(record, delimiter))
    rival = find_rival(rows, index, titles)
    return _Candidate(
        delimiter, complete.starts[index], skipped, header_score(rows[index], titles),
        None if rival is None else complete.starts[rival],
    )  # fmt: skip


def title_columns(header: Header) -> tuple[list[str], list[int]]:
    """Read the titles of the columns, each different, and the columns whose titles stood further left already.

    Such a column is numbered among those of the same title: Note, Note (2). Raises InvalidPayloadError
    for a header that cannot be one, and for that of a copy for a spreadsheet.
    """
    if len(header.record) > LARGEST_HEADER:
        raise InvalidPayloadError(f"The header has {len(header.record)} bytes; at most {LARGEST_HEADER} are possible")
    try:
        names = [_title(cell) for cell in cells_of(header.record.decode(), header.delimiter)]
    except UnicodeDecodeError as error:
        raise InvalidPayloadError(f"The file is not UTF-8 (byte {error.start + 1} of the header); save it so") from None
    if len(names) > MAX_COLUMNS:
        raise InvalidPayloadError(f"The header has {len(names)} columns; at most {MAX_COLUMNS} are possible")
    for column, (name, shown) in enumerate(zip(names, unmarked(names), strict=True), 1):
        if name != shown:
            raise InvalidPayloadError(f"The title of column {column} is {shown}; correct it in the workbook")
    if any("\0" in name for name in names):
        raise InvalidPayloadError("The header holds the character U+0000; is this a text file?")
    for column, name in enumerate(names, 1):
        if len(name) > MAX_TITLE_LENGTH:
            raise InvalidPayloadError(
                f"The title of column {column} has {len(name)} characters; at most {MAX_TITLE_LENGTH} are possible"
            )
    refuse_copy(names)
    return _distinct(names)


def _title(cell: str) -> str:
    """Return a title as it is seen: composed, and without invisible characters other than those of its script."""
    if cell.isascii():
        return cell.strip()
    # Long runs of marks are composed in quadratic time, and no title that means anything is as long.
    composed = unicodedata.normalize("NFC", cell) if len(cell) <= _MAX_TITLE_LENGTH else cell
    return "".join(
        character for character in composed if character in _JOINERS or unicodedata.category(character) != "Cf"
    ).strip()


def _distinct(names: list[str]) -> tuple[list[str], list[int]]:
    taken = {normal_title(name) for name in names}
    copies: dict[str, int] = {}
    titles: list[str] = []
    repeated: list[int] = []
    for column, name in enumerate(names):
        normal = normal_title(name)
        title = name
        if normal and normal in copies:
            repeated.append(column)
            while normal_title(title := f"{name} ({copies[normal] + 1})") in taken:
                copies[normal] += 1
            taken.add(normal_title(title))
        copies[normal] = copies.get(normal, 0) + 1
        titles.append(title)
    return titles, repeated
