"""The choice of a workbook's sheet: the named one, or the first visible one whose header has the most known titles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from python_calamine import CalamineSheet, CalamineWorkbook, SheetMetadata, SheetTypeEnum, SheetVisibleEnum

from tallykeep.formats.csv.header import header_score
from tallykeep.formats.xlsx.archive import MAX_ROWS, Parts

HEADER_ROWS = 30  # a header is looked for in so many
_KNOWN_ENOUGH = 2
_MAX_SHEETS = 1_000
_MAX_CELLS = 1 << 25  # a larger sheet is only read where it is the one that was chosen
_MAX_NAME_LENGTH = 31


class NoSuchSheetError(ValueError):
    """The workbook has no such sheet."""


@dataclass(slots=True)
class Choice:
    """The sheet that is read, and name, rows and columns of every one; `sheet` is None where none has any rows."""

    name: str = ""
    sheet: CalamineSheet | None = None
    sizes: list[tuple[str, int, int]] = field(default_factory=list)


def choose(book: CalamineWorkbook, parts: Parts, wanted: str | None, titles: frozenset[str]) -> Choice:
    """Choose a sheet.

    Raises NoSuchSheetError for one that is wanted, but not there, and ValueError for a book of none or of too many.
    """
    known = book.sheets_metadata
    if not 0 < len(known) <= _MAX_SHEETS:
        raise ValueError(f"it has {len(known) or 'no'} sheets; at most {_MAX_SHEETS} are possible")
    named = None if wanted is None else _named(wanted, [sheet.name for sheet in known])
    choice, best = Choice(named or ""), -1
    for meta in known:
        sheet, size = _sized(book, parts, meta, is_only=len(known) == 1)
        choice.sizes.append((meta.name, *size))
        if named is not None:
            score = 0 if meta.name == named else -1
        else:
            score = _score(sheet, size, titles) if _is_shown(meta) else -1
        if score > best and (best < 0 or score >= _KNOWN_ENOUGH):
            best, choice.name, choice.sheet = score, meta.name, sheet
    if best >= 0 and choice.sheet is None:
        choice.sheet = book.get_sheet_by_name(choice.name)
    if not choice.name:
        choice.name = next((meta.name for meta in known if _is_shown(meta)), "")
    return choice


def _named(wanted: str, names: list[str]) -> str:
    """Return the name of the sheet that is wanted by its name, in any case, or its number; raises NoSuchSheetError."""
    if wanted in names:
        return wanted
    for name in names:
        if name.strip().casefold() == wanted.strip().casefold():
            return name
    number = wanted.strip()
    if number.isascii() and number.isdecimal() and len(number) < 5 and 1 <= int(number) <= len(names):
        return names[int(number) - 1]
    shown = ", ".join(f"{at} {name[:_MAX_NAME_LENGTH]!r}" for at, name in enumerate(names[:10], 1))
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    raise NoSuchSheetError(f"has no sheet {wanted[:_MAX_NAME_LENGTH]!r}; its sheets are {shown}{more}")


def _is_shown(meta: SheetMetadata) -> bool:
    return meta.visible == SheetVisibleEnum.Visible and meta.typ == SheetTypeEnum.WorkSheet


def _sized(
    book: CalamineWorkbook, parts: Parts, meta: SheetMetadata, *, is_only: bool
) -> tuple[CalamineSheet | None, tuple[int, int]]:
    """Return a sheet with its rows and columns; None for the sheet where it is too large to be read in passing."""
    if meta.typ != SheetTypeEnum.WorkSheet:
        return None, (0, 0)
    rows, columns = (0, 0) if is_only else parts.dimension(meta.name)
    if rows * columns > _MAX_CELLS:
        return None, (rows, columns)
    sheet = book.get_sheet_by_name(meta.name)
    if sheet.end is None:
        return sheet, (0, 0)
    if sheet.end[0] >= MAX_ROWS:
        raise ValueError(f"there is no row {sheet.end[0] + 1}")
    return sheet, (sheet.end[0] + 1, sheet.width)


def _score(sheet: CalamineSheet | None, size: tuple[int, int], titles: frozenset[str]) -> int:
    """Count how well the best of a sheet's first rows is known as a header; -1 where it has no rows."""
    if sheet is None:
        return 0 if any(size) else -1
    if not any(_filled(row) for row in sheet.iter_rows()):
        return -1
    return max(header_score(row, titles) for row in first_texts(sheet))


def first_texts(sheet: CalamineSheet) -> Iterator[list[str]]:
    """Yield the first rows, cells that are no text being empty."""
    for row in islice(sheet.iter_rows(), HEADER_ROWS):
        yield [cell if isinstance(cell, str) else "" for cell in row]


def _filled(row: Sequence[object]) -> bool:
    return any(not isinstance(cell, str) or bool(cell.strip()) for cell in row)
