"""Cell rules: other texts for some cells, and defaults for empty ones, as the submission says.

Rows are filled when they are read to be applied. They are kept, shown and sent again as they came.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeVar

from tallykeep.core.action_type import ActionType
from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import InvalidQueryError
from tallykeep.core.rows import Row, Table
from tallykeep.formats.csv.repeated_header import may_repeat_header, refuse_repeated_header
from tallykeep.formats.csv.spreadsheet_errors import may_hold_errors, refuse_errors
from tallykeep.formats.csv.titles import normal_title, wrong_width
from tallykeep.formats.row_reader import read_rows

Defaults = Mapping[str, str]
Replacements = Mapping[str, Mapping[str, str]]

_ALIKE = 0.6
_MAX_ALIKE_LENGTH = 60  # texts are compared in quadratic time
_Option = TypeVar("_Option")
# The place of a column with a default, the index of the cells to whose symbol it yields, and what finds the symbol.
_Yielding = tuple[int, int, Callable[[str], str | None]]


def choose_cell_rules(source: Source, defaults: Defaults, values: Replacements, action_type: ActionType) -> Source:
    """Return the source, whose columns are chosen already, with these rules under the titles of its columns.

    Raises InvalidQueryError for a field that neither the action type nor the file has, and for a default that would
    give all rows the same name.
    """
    if not defaults and not values:
        return source
    if source.format != "csv":
        name = "defaults" if defaults else "values"
        raise InvalidQueryError(f"Property .{name} goes with the columns of a file; these rows have none")
    chosen_defaults = _by_title("defaults", defaults, source.header, action_type)
    for title in chosen_defaults:
        if normal_title(title) in map(normal_title, action_type.key_columns):
            raise InvalidQueryError(f"Property .defaults cannot give {title!r}: it tells the rows apart")
    chosen_values = _by_title("values", values, source.header, action_type)
    copied = {title: dict(texts) for title, texts in chosen_values.items()}
    return replace(source, defaults=chosen_defaults, values=copied)


def _by_title(
    name: str, rules: Mapping[str, _Option], header: list[str], action_type: ActionType
) -> dict[str, _Option]:
    chosen: dict[str, _Option] = {}
    indexes = {normal_title(title): at for at, title in reversed(list(enumerate(header)))}
    known = {normal_title(title): titles for titles in reversed(action_type.columns) for title in titles}
    for field, rule in rules.items():
        title = _title(name, field, header, action_type, indexes, known)
        if title in chosen:
            raise InvalidQueryError(f"Property .{name} names the column {title!r} twice")
        chosen[title] = rule
    return chosen


def _title(
    name: str, field: str, header: list[str], action_type: ActionType, indexes: Mapping[str, int],
    known: Mapping[str, tuple[str, ...]],
) -> str:  # fmt: skip
    """Return the file's title for this field, or ours.

    `indexes` and `known` are the titles of both as they are compared.

    Raises InvalidQueryError for a field that neither knows.
    """
    same = known.get(normal_title(field), (field,))
    there = [indexes[normal] for title in same if (normal := normal_title(title)) in indexes]
    if there:
        return header[min(there)]
    if normal_title(field) not in known:
        hint = _hint(field, header, action_type) if len(field) <= _MAX_ALIKE_LENGTH else ""
        raise InvalidQueryError(f"Property .{name} names the column {field!r}, which is not known{hint}")
    return next(title for title in same if normal_title(title) == normal_title(field))


def _hint(field: str, header: list[str], action_type: ActionType) -> str:
    titles = (*header, *(title for titles in action_type.columns for title in titles))
    known = {normal_title(title): title for title in titles if len(title) <= _MAX_ALIKE_LENGTH}
    close = get_close_matches(normal_title(field), known, n=1, cutoff=_ALIKE)
    if close:
        return f"; perhaps {known[close[0]]!r} is meant"
    return f"; known are {', '.join(titles[0] for titles in action_type.columns)}" if action_type.columns else ""


def filled_header(source: Source) -> list[str]:
    """Return the titles of filled rows: the file's, and those that only a default gives."""
    known = set(map(normal_title, source.header))
    return [*source.header, *(title for title in source.defaults if normal_title(title) not in known)]


def read_filled(batch: Batch, source: Source, action_type: ActionType) -> Sequence[Row]:
    """Read the batch's rows as they are to be applied, under the titles of filled_header."""
    rows = read_rows(batch, source)
    if may_repeat_header(batch.body, source):
        rows = refuse_repeated_header(rows, source)
    rows = fill(rows, source, action_type)
    if source.format == "csv" and may_hold_errors(batch.body):
        return refuse_errors(rows, filled_header(source))
    return rows


def read_replaced(batch: Batch, source: Source) -> Sequence[Row]:
    """Read the batch's rows with the other texts for their cells, and without defaults, which say the same of each."""
    rows = read_rows(batch, source)
    return _filled(rows, replace(source, defaults={}), [], []) if source.values else rows


def fill(rows: Sequence[Row], source: Source, action_type: ActionType) -> Sequence[Row]:
    """Fill these rows with other texts and defaults for their cells; without any such rule, return them as they are.

    A default does not stand in a row in which a symbol in another cell says something else.
    """
    if not source.defaults and not source.values:
        return rows
    added = [source.defaults[title] for title in filled_header(source)[len(source.header) :]]
    return _filled(rows, source, added, _yielding(source, action_type))


def _filled(rows: Sequence[Row], source: Source, added: list[str], yielding: list[_Yielding]) -> Sequence[Row]:
    fills = _fills(source)
    if isinstance(rows, Table):
        return _filled_table(rows, fills, added, yielding)
    return [_filled_row(row, fills, added, yielding, len(source.header)) for row in rows]


def _yielding(source: Source, action_type: ActionType) -> list[_Yielding]:
    indexes = {normal_title(title): at for at, title in enumerate(filled_header(source))}
    defaults = set(map(normal_title, source.defaults))
    related = [
        (normal_title(title), normal_title(relation.beside), relation.symbol_of)
        for title, relation in action_type.implied_by_symbol.items()
    ]
    return [
        (indexes[title], indexes[beside], symbol_of) for title, beside, symbol_of in related
        if title in defaults and beside in indexes
    ]  # fmt: skip


class _Fill(dict[str, str]):
    """The replaced texts of a column's cells, by their texts in the file."""

    def __init__(self, default: str | None, values: Mapping[str, str]) -> None:
        super().__init__()
        self._default = default
        self._values = {text.strip().casefold(): meant for text, meant in values.items()}

    def __missing__(self, cell: str) -> str:
        text = self._values.get(cell.strip().casefold(), cell)
        filled = self._default if self._default is not None and not text.strip() else text
        self[cell] = filled
        return filled


def _fills(source: Source) -> dict[int, _Fill]:
    defaults = {normal_title(title): text for title, text in source.defaults.items()}
    values = {normal_title(title): texts for title, texts in source.values.items()}
    with_rules = defaults.keys() | values.keys()
    titles = [normal_title(title) for title in source.header]
    return {
        at: _Fill(defaults.get(title), values.get(title, {})) for at, title in enumerate(titles) if title in with_rules
    }


def _filled_table(rows: Table, fills: dict[int, _Fill], added: list[str], yielding: list[_Yielding]) -> Sequence[Row]:
    """Return another table where no text holds the delimiter, so that filled files are read as quickly as others."""
    columns = rows.columns()
    originals = [columns[at] if at < len(columns) else [""] * len(rows) for at, *_ in yielding]
    for at, column_fill in fills.items():
        columns[at] = list(map(column_fill.__getitem__, columns[at]))
    columns += [[text] * len(rows) for text in added]
    for (at, beside, symbol_of), cells in zip(yielding, originals, strict=True):
        columns[at] = list(map(_yielded, columns[at], cells, map(symbol_of, columns[beside])))
    texts = {text for column_fill in fills.values() for text in column_fill.values()}.union(added)
    if any(rows.delimiter in text for text in texts):
        filled = map(list, zip(*columns, strict=True))
        return [Row(number, cells) for number, cells in zip(rows.numbers, filled, strict=True)]
    lines = list(map(rows.delimiter.join, zip(*columns, strict=True)))
    width = len(columns)
    return Table(rows.numbers, lines, delimiter=rows.delimiter, width=width, kept=range(width))


def _yielded(filled: str, original: str, character: str | None) -> str:
    return original if character and not original.strip() else filled


def _filled_row(row: Row, fills: dict[int, _Fill], added: list[str], yielding: list[_Yielding], width: int) -> Row:
    if row.value is None or row.problem is not None:
        return row
    cells, surplus = row.value[:width], row.value[width:]
    if any(cell.strip() for cell in surplus):
        return Row(row.number, row.value, wrong_width(len(row.value), width))
    cells += [""] * (width - len(cells))
    filled = [*(fills[at][cell] if at in fills else cell for at, cell in enumerate(cells)), *added]
    for at, beside, symbol_of in yielding:
        filled[at] = _yielded(filled[at], cells[at] if at < width else "", symbol_of(filled[beside]))
    return Row(row.number, filled)
