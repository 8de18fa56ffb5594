"""A look at a file before it is imported: what it is, what its columns are taken for, and how its first rows fare."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from tallykeep import exact_json
from tallykeep.actions.file_warnings import FileWarning, Held, charset_warnings, file_warnings
from tallykeep.actions.imports import IMPORTS, ImportKind
from tallykeep.actions.needs import Needed, needed, unknown_values
from tallykeep.actions.problems import Places, Problem
from tallykeep.actions.recognition import By, Candidate, SeenColumn, candidates, doubt
from tallykeep.actions.synonyms import SYNONYMS
from tallykeep.db.pool import Pool
from tallykeep.engine.beginning import Beginning, Sample, read_beginning
from tallykeep.engine.columns import Mapping, choose_columns
from tallykeep.engine.decimal_marks import with_marks
from tallykeep.engine.filling import choose_filling, fill
from tallykeep.engine.header import Looked
from tallykeep.engine.kinds import ActionType
from tallykeep.engine.trial import Checked, Trial, try_out
from tallykeep.engine.unique import UniqueKeys
from tallykeep.engine.workbook import SheetSize
from tallykeep.errors import InvalidPayloadError, InvalidQueryError
from tallykeep.model import Row, Source, normal_title
from tallykeep.resources.numerals import decimal_mark

_LONGEST_CELL = 200
_TOO_DEEP = "(nested too deep to be shown)"

Use = Literal["field", "metadata", "left_out"]
Outcome = Literal["created", "updated", "failed", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a preview is asked for; without a kind or a mapping, the likeliest are taken."""

    kind: str | None = None
    mapping: Mapping | None = None
    limit: int = 20
    target: str | None = None
    charset: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    defaults: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    last_day_counts: bool = False


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


@dataclass(frozen=True, slots=True)
class PreviewedRow:
    """One row: its cells by column, what would become of it, and why it would fail; `line` is where it begins."""

    number: int
    line: int | None
    cells: tuple[str, ...]
    outcome: Outcome
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TakenOfFile:
    """What is read of a file: which of its `sheets`, from which row on, and how many rows above that are skipped."""

    sheets: list[SheetSize]
    sheet: str | None
    header_row: int | None
    skipped_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Everything that is known of a file after a look at its beginning.

    `refusal` is what an import of it would be answered with, `missing` the required fields that neither a column nor a
    default is, and `needed` those for want of which rows fail. `warnings` are of what goes in, but likely not as meant.
    """

    format: str
    compression: str | None
    encoding: str
    encodings: list[str]
    delimiter: str | None
    whole: bool
    row_count: int
    kind: ImportKind
    action_type: ActionType
    candidates: list[Candidate]
    columns: list[Column]
    mapping: Mapping
    defaults: dict[str, str]
    values: dict[str, dict[str, str]]
    missing: list[str]
    needed: list[Needed]
    refusal: str | None
    taken: TakenOfFile
    checked: Checked
    rows: list[PreviewedRow]
    warnings: list[FileWarning]


async def preview(
    pool: Pool, project_id: int, sample: Sample, asked: Asked, file_name: str | None, max_row_bytes: int
) -> Preview:
    """Look at a sample of a file, and try its first rows; nothing is written.

    Raises InvalidPayloadError and InvalidQueryError for what cannot be understood, NotFoundError for a target that
    does not exist.
    """
    looked = Looked(asked.delimiter, asked.header_row, known_titles(asked.mapping))
    beginning = await asyncio.to_thread(read_beginning, sample, asked.charset, looked, max_row_bytes, decimal_mark)
    rows = await asyncio.to_thread(beginning.rows, beginning.source)
    seen = await asyncio.to_thread(_seen_columns, beginning.source, rows)
    called = _as_called(seen, asked.mapping or {})
    possible = await asyncio.to_thread(candidates, called, sample.format, file_name, asked.defaults)
    chosen = _chosen(possible, asked.kind, sample.format)
    action_type = chosen.kind.action_type(sample.format)
    if action_type is None:
        raise ValueError(f"{chosen.kind.name} do not come as {sample.format}")
    is_file = beginning.source.format == "csv"
    mapping = _suggested(chosen, seen) if asked.mapping is None and is_file else asked.mapping or {}
    source = choose_columns(replace(beginning.source, repeated=[]), mapping, ())
    source = choose_filling(source, asked.defaults, asked.values, action_type)
    source = with_marks(source, beginning.decimal_marks, None)
    source = replace(source, last_day_counts=asked.last_day_counts)
    columns = _columns(chosen, seen, source, mapping, given=asked.mapping is not None)
    missing = _missing(chosen.kind, columns, source) if is_file else []
    tried = beginning.rows(source)[: asked.limit]
    trial = await try_out(pool, project_id, action_type, source, tried, asked.target)
    return Preview(
        format=sample.format,
        compression=sample.compression,
        encoding=beginning.encoding,
        encodings=beginning.encodings,
        delimiter=beginning.source.delimiter if sample.format == "csv" else None,
        whole=beginning.whole,
        row_count=beginning.row_count,
        kind=chosen.kind,
        action_type=action_type,
        candidates=possible,
        columns=_with_choices(
            columns, chosen.kind, fill(beginning.rows(source), source, action_type), _kept(source, seen)
        ),
        mapping=mapping,
        defaults=source.defaults,
        values=source.values,
        missing=missing,
        needed=needed(chosen.kind, missing, trial.failures, len(tried)) if is_file else [],
        refusal=_refusal(beginning, action_type, mapping, asked.defaults),
        taken=_taken(beginning, sample),
        checked=trial.checked,
        rows=await asyncio.to_thread(
            _rows, rows[: asked.limit], beginning, columns, chosen.kind, _kept(source, seen), trial
        ),
        warnings=[
            *charset_warnings(beginning.encoding, beginning.encodings),
            *file_warnings(
                chosen.kind,
                [_as_held(each, seen, source, mapping, chosen.kind) for each in columns],
                len(rows),
                doubt(possible, sample.format) if asked.kind is None else None,
            ),
        ],
    )


def known_titles(mapping: Mapping | None) -> frozenset[str]:
    """Every title by which a header is known, of whatever kind of rows, and those that a mapping names."""
    return _titles_of_kinds().union(map(normal_title, mapping or {}))


@cache
def _titles_of_kinds() -> frozenset[str]:
    own = {normal for kind in IMPORTS.values() for normal, _ in kind.titles()}
    words = {word for fields in SYNONYMS.values() for synonyms in fields.values() for word in synonyms}
    return frozenset(own.union(map(normal_title, words)))


def _taken(beginning: Beginning, sample: Sample) -> TakenOfFile:
    source, workbook = beginning.source, sample.workbook
    return TakenOfFile(workbook.sheets if workbook else [], source.sheet, source.header_row, source.skipped_rows)


def _chosen(possible: list[Candidate], wanted: str | None, source_format: str) -> Candidate:
    if wanted is None:
        return possible[0]
    if wanted not in IMPORTS:
        raise InvalidQueryError(f"Property .kind should be one of {', '.join(IMPORTS)}, not {wanted!r}")
    for candidate in possible:
        if candidate.kind.name == wanted:
            return candidate
    forms = "a CSV file or an XLSX workbook" if IMPORTS[wanted].json is None else "a JSON array or NDJSON"
    raise InvalidPayloadError(f"{wanted} come as {forms}, not as {source_format}")


def _seen_columns(source: Source, rows: list[Row]) -> list[SeenColumn]:
    if source.format == "csv":
        cells = [row.value or [] for row in rows]
        return [
            SeenColumn(title, _held(row[index] for row in cells if index < len(row)))
            for index, title in enumerate(source.header)
        ]
    objects = [row.value for row in rows if isinstance(row.value, dict)]
    names = dict.fromkeys(name for each in objects for name in each)
    return [SeenColumn(name, _held(_cell(each[name]) for each in objects if name in each)) for name in names]


def _as_called(seen: list[SeenColumn], mapping: Mapping) -> list[SeenColumn]:
    """The columns by what the mapping calls them; those that it leaves out have no title."""
    called = {normal_title(column): title or "" for column, title in mapping.items()}
    return [replace(each, title=called.get(normal_title(each.title), each.title)) for each in seen]


def _held(cells: Iterable[str]) -> tuple[str, ...]:
    return tuple(_short(cell.strip()) for cell in cells if cell.strip())


def _short(cell: str) -> str:
    text = cell.encode("utf-8", "replace").decode()
    return text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "…"


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return exact_json.dumps(value).decode()
    except exact_json.EncodeError:
        return _TOO_DEEP


def _suggested(chosen: Candidate, seen: list[SeenColumn]) -> Mapping:
    """The mapping that makes the columns what they are taken for; those that are called so need none."""
    known = dict(chosen.kind.titles())
    return {
        seen[index].title: each.title
        for index, each in sorted(chosen.fields.items())
        if known.get(normal_title(seen[index].title)) != each.title
    }


def _columns(
    chosen: Candidate, seen: list[SeenColumn], source: Source, mapping: Mapping, *, given: bool
) -> list[Column]:
    if source.format != "csv":
        known = chosen.kind.properties
        return [
            Column(at, each.title, each.samples, *(("field", each.title, "title") if each.title in known else (
                "left_out", None, None)))
            for at, each in enumerate(seen)
        ]  # fmt: skip
    targets = dict(zip(_kept(source, seen), source.header, strict=True))
    fields = dict(chosen.kind.titles())
    mapped = {normal_title(title) for title in mapping}
    return [
        Column(at, each.title, each.samples, *_use(chosen, at, each, targets.get(at), fields,
               given=given and normal_title(each.title) in mapped))
        for at, each in enumerate(seen)
    ]  # fmt: skip


def _kept(source: Source, seen: list[SeenColumn]) -> Sequence[int]:
    """The places in the file of the columns that are read."""
    return range(len(seen)) if source.kept is None else source.kept


def _use(
    chosen: Candidate, at: int, column: SeenColumn, target: str | None, fields: dict[str, str], *, given: bool
) -> tuple[Use, str | None, By | None]:
    """What a column is used for, what it is called for that, and how that was found out."""
    by: By | None = "mapping" if given else None
    if target is None or not target or normal_title(target) in chosen.kind.ignored:
        return "left_out", None, by
    field_title = fields.get(normal_title(target))
    if field_title is None:
        return "metadata", target, by
    found = chosen.fields.get(at)
    return "field", field_title, by or (found.by if found and found.title == field_title else "title")


def _as_held(column: Column, seen: list[SeenColumn], source: Source, mapping: Mapping, kind: ImportKind) -> Held:
    wished = {normal_title(title): target for title, target in mapping.items()}
    called = wished.get(normal_title(column.title), column.title)
    return Held(
        index=column.index,
        title=column.title,
        use=column.use,
        target=column.target,
        by=column.by,
        ignored=source.format == "csv" and called is not None and normal_title(called) in kind.ignored,
        cells=seen[column.index].cells,
    )


def _with_choices(columns: list[Column], kind: ImportKind, filled: Sequence[Row], kept: Sequence[int]) -> list[Column]:
    """The columns; those whose cells are choices with these, and with the texts that are none of them."""
    choosing = {each.title: each for each in kind.fields if each.choices}
    places = {index: place for place, index in enumerate(kept)}
    described = []
    for column in columns:
        each = choosing.get(column.target or "") if column.use == "field" else None
        if each is not None and column.index in places:
            place = places[column.index]
            cells = (
                _short(row.value[place]) for row in filled if isinstance(row.value, list) and place < len(row.value)
            )
            described.append(replace(column, choices=each.choices, unknown_values=unknown_values(each, cells)))
        else:
            described.append(column)
    return described


def _missing(kind: ImportKind, columns: list[Column], source: Source) -> list[str]:
    titles = dict(kind.titles())
    found = {column.target for column in columns if column.use == "field"}
    found |= {titles.get(normal_title(title)) for title in source.defaults}
    return [each.title for each in kind.fields if each.required and each.title not in found]


def _refusal(beginning: Beginning, action_type: ActionType, mapping: Mapping, defaults: dict[str, str]) -> str | None:
    """What an import would be refused with as a whole, as far as its beginning tells."""
    try:
        choose_columns(beginning.source, mapping, action_type.required_columns, defaults)
        if action_type.unique_key:
            keys = UniqueKeys(action_type.unique_key)
            for portion in beginning.portions:
                keys.checked(portion, beginning.source)
    except InvalidPayloadError as refused:
        return refused.details
    return None


def _rows(
    rows: list[Row], beginning: Beginning, columns: list[Column], kind: ImportKind, kept: Sequence[int], trial: Trial
) -> list[PreviewedRow]:
    reasons: dict[int, str] = {}
    for failure in trial.failures:
        reasons[failure.row] = "; ".join(filter(None, (reasons.get(failure.row), failure.reason)))
    places = Places({column.index: (column.title, column.target) for column in columns}, kind, kept)
    created = set(trial.created.values())
    numbers = beginning.line_numbers()
    unread = _not_taken_apart(rows, beginning)
    return [
        PreviewedRow(
            number=row.number,
            line=numbers.get(row.number),
            cells=(_short(unread[row.number]),) if row.number in unread else _cells(row.value, columns),
            outcome=_outcome(row.number, reasons, created, trial.checked),
            problems=places.problems(reasons.get(row.number, "")),
        )
        for row in rows
    ]


def _outcome(number: int, reasons: dict[int, str], created: set[int], checked: Checked) -> Outcome:
    if number in reasons:
        return "failed"
    if checked != "everything":
        return "unknown"
    return "created" if number in created else "updated"


def _not_taken_apart(rows: list[Row], beginning: Beginning) -> dict[int, str]:
    """By number, the text of the rows that have no cells: lines that cannot be read, JSON that is no object."""
    expected = list if beginning.source.format == "csv" else dict
    numbers = [row.number for row in rows if not isinstance(row.value, expected)]
    lines = beginning.lines() if numbers else []
    return {number: lines[number - 1] for number in numbers}


def _cells(value: list[str] | dict[str, object], columns: list[Column]) -> tuple[str, ...]:
    if isinstance(value, dict):
        return tuple(_short(_cell(value[each.title])) if each.title in value else "" for each in columns)
    return tuple(_short(cell) for cell in value[: len(columns)]) + ("",) * (len(columns) - len(value))
