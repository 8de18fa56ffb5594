"""The columns of a file in its preview: what they hold, what they are taken for, and what that leaves open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from tallykeep.catalog.row_types import ImportedRowType
from tallykeep.core import exact_json
from tallykeep.core.batch import Source
from tallykeep.core.options.file_limits import MAX_COLUMNS
from tallykeep.core.rows import Row
from tallykeep.engine.file_rules.column_mapping import Mapping
from tallykeep.formats.csv.titles import normal_title
from tallykeep.preview.file_warnings import Held
from tallykeep.preview.missing_fields import unknown_values
from tallykeep.preview.recognition import By, Candidate, SeenColumn

_MAX_CELL_LENGTH = 200
_TOO_DEEP = "(nested too deep to be shown)"

Use = Literal["field", "metadata", "left_out"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: what it is called in the end, what it is used for, and why that is suggested.

    Where its cells are one of several `choices`, `unknown_values` are the texts that are none of them.
    """

    index: int
    title: str
    samples: tuple[str, ...]
    use: Use
    target: str | None
    by: By | None
    choices: tuple[str, ...] = ()
    unknown_values: tuple[str, ...] = ()


def seen_columns(source: Source, rows: list[Row]) -> list[SeenColumn]:
    """Return the columns of a file, or the properties of JSON rows, with what these rows hold in them."""
    if source.format == "csv":
        cells = [row.value or [] for row in rows]
        return [
            SeenColumn(title, _held(row[index] for row in cells if index < len(row)))
            for index, title in enumerate(source.header)
        ]
    objects = [row.value for row in rows if isinstance(row.value, dict)]
    names = islice(dict.fromkeys(name for each in objects for name in islice(each, MAX_COLUMNS)), MAX_COLUMNS)
    return [SeenColumn(name, _held(shown_value(each[name]) for each in objects if name in each)) for name in names]


def as_called(seen: list[SeenColumn], mapping: Mapping) -> list[SeenColumn]:
    """Return the columns by what the mapping calls them; those that it leaves out have no title."""
    called = {normal_title(column): title or "" for column, title in mapping.items()}
    return [replace(each, title=called.get(normal_title(each.title), each.title)) for each in seen]


def _held(cells: Iterable[str]) -> tuple[str, ...]:
    return tuple([shown_text(held) for held in map(str.strip, cells) if held])


def shown_text(cell: str) -> str:
    """Return a text as it is shown: not longer than people read, and without what UTF-8 cannot hold."""
    text = cell if cell.isascii() else cell.encode("utf-8", "replace").decode()
    return text if len(text) <= _MAX_CELL_LENGTH else text[:_MAX_CELL_LENGTH] + "…"


def shown_value(value: object) -> str:
    """Return a JSON value as text."""
    if isinstance(value, str):
        return value
    try:
        return exact_json.dumps(value).decode()
    except exact_json.EncodeError:
        return _TOO_DEEP


def suggested_mapping(chosen: Candidate, seen: list[SeenColumn]) -> Mapping:
    """Map the columns to what they are taken for; those that are called so need none."""
    known = dict(chosen.row_type.titles())
    return {
        seen[index].title: each.title
        for index, each in sorted(chosen.fields.items())
        if known.get(normal_title(seen[index].title)) != each.title
    }


def columns_of(
    chosen: Candidate, seen: list[SeenColumn], source: Source, mapping: Mapping, *, is_mapped: bool
) -> list[Column]:
    """Say what each column is used for; `is_mapped` where the mapping was not suggested by us."""
    if source.format != "csv":
        known = chosen.row_type.properties
        return [
            Column(at, each.title, each.samples, *(("field", each.title, "title") if each.title in known else (
                "left_out", None, None)))
            for at, each in enumerate(seen)
        ]  # fmt: skip
    targets = dict(zip(kept_indexes(source, seen), source.header, strict=True))
    fields = dict(chosen.row_type.titles())
    mapped = {normal_title(title) for title in mapping}
    return [
        Column(at, each.title, each.samples, *_use(chosen, at, targets.get(at), fields,
               is_mapped=is_mapped and normal_title(each.title) in mapped))
        for at, each in enumerate(seen)
    ]  # fmt: skip


def kept_indexes(source: Source, seen: list[SeenColumn]) -> Sequence[int]:
    """Return the indexes in the file of the columns that are read."""
    return range(len(seen)) if source.kept is None else source.kept


def _use(
    chosen: Candidate, at: int, target: str | None, fields: dict[str, str], *, is_mapped: bool
) -> tuple[Use, str | None, By | None]:
    """Say what a column is used for, what it is called for that, and how that was recognized."""
    by: By | None = "mapping" if is_mapped else None
    if target is None or not target or normal_title(target) in chosen.row_type.ignored:
        return "left_out", None, by
    field_title = fields.get(normal_title(target))
    if field_title is None:
        return "metadata", target, by
    recognized = chosen.fields.get(at)
    return "field", field_title, by or (recognized.by if recognized and recognized.title == field_title else "title")


def held_by(
    columns: list[Column], seen: list[SeenColumn], source: Source, mapping: Mapping, row_type: ImportedRowType
) -> list[Held]:
    """Return what the columns hold, and how they will be used, for warnings of what is likely not meant."""
    targets = {normal_title(title): target for title, target in mapping.items()}
    called = [targets.get(normal_title(column.title), column.title) for column in columns]
    return [
        Held(
            index=column.index,
            title=column.title,
            use=column.use,
            target=column.target,
            by=column.by,
            ignored=source.format == "csv" and title is not None and normal_title(title) in row_type.ignored,
            cells=seen[column.index].cells,
        )
        for column, title in zip(columns, called, strict=True)
    ]


def with_choices(
    columns: list[Column], row_type: ImportedRowType, filled: Sequence[Row], kept: Sequence[int]
) -> list[Column]:
    """Return the columns; those whose cells are choices with these, and with the texts that are none of them."""
    choosing = {each.title: each for each in row_type.fields if each.choices}
    positions = {index: position for position, index in enumerate(kept)}
    described = []
    for column in columns:
        each = choosing.get(column.target or "") if column.use == "field" else None
        if each is not None and column.index in positions:
            position = positions[column.index]
            cells = (
                shown_text(row.value[position])
                for row in filled
                if isinstance(row.value, list) and position < len(row.value)
            )
            described.append(replace(column, choices=each.choices, unknown_values=unknown_values(each, cells)))
        else:
            described.append(column)
    return described


def missing_fields(row_type: ImportedRowType, columns: list[Column], source: Source) -> list[str]:
    """Return the required fields that neither a column nor a default is."""
    titles = dict(row_type.titles())
    covered = {column.target for column in columns if column.use == "field"}
    covered |= {titles.get(normal_title(title)) for title in source.defaults}
    return [each.title for each in row_type.fields if each.required and each.title not in covered]
