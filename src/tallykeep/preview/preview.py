"""A preview of a file to be imported: what it is, what its columns are taken for, and how its first rows fare."""

import asyncio
from dataclasses import dataclass, field, replace
from functools import cache

from tallykeep.catalog.row_types import ROW_TYPES, ImportedRowType
from tallykeep.core.action_type import ActionType
from tallykeep.core.batch import Source
from tallykeep.core.errors import InvalidPayloadError, InvalidQueryError
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.core.rows import Row
from tallykeep.db.connections.pool import Connections
from tallykeep.engine.applying.dry_run_rows import Checked, RowsDryRun, dry_run_rows
from tallykeep.engine.file_rules.cell_rules import choose_cell_rules, fill
from tallykeep.engine.file_rules.column_mapping import Mapping, choose_columns
from tallykeep.engine.intake.sample import FileSample, Sample, read_sample
from tallykeep.engine.intake.unique_keys import UniqueKeys
from tallykeep.formats.csv.decimal_marks import with_marks
from tallykeep.formats.csv.header import HeaderHints
from tallykeep.formats.csv.titles import normal_title
from tallykeep.formats.xlsx.workbook import SheetSize
from tallykeep.preview.file_warnings import FileWarning, charset_warnings, file_warnings
from tallykeep.preview.missing_fields import Needed, needed
from tallykeep.preview.previewed_columns import (
    Column,
    as_called,
    columns_of,
    held_by,
    kept_indexes,
    missing_fields,
    seen_columns,
    suggested_mapping,
    with_choices,
)
from tallykeep.preview.previewed_rows import PreviewedRow, previewed_rows
from tallykeep.preview.recognition import Candidate, SeenColumn, candidates, doubt
from tallykeep.resources.fields.numerals import decimal_marks


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewQuery:
    """The options of a preview; without a row type or a mapping, the likeliest are taken.

    `options` are what the file would be submitted with; `is_mapped`, whether a mapping is said there, be it empty.
    """

    row_type: str | None = None
    limit: int = 20
    target: str | None = None
    options: SubmissionOptions = field(default_factory=SubmissionOptions)
    is_mapped: bool = False

    @property
    def mapping(self) -> Mapping | None:
        """The mapping that was said, None where one is to be suggested."""
        return self.options.mapping if self.is_mapped else None


@dataclass(frozen=True, slots=True)
class TakenOfFile:
    """The part of a file that is read: which of its `sheets`, from which row, and how many rows above are skipped."""

    sheets: list[SheetSize]
    sheet: str | None
    header_row: int | None
    skipped_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Everything that is known of a file by its sample.

    `refusal` is what an import of it would be answered with, `missing` the required fields that neither a column nor a
    default is, and `needed` those for want of which rows fail. `warnings` are of what goes in, but likely not as meant.
    """

    format: str
    compression: str | None
    encoding: str
    encodings: list[str]
    delimiter: str | None
    complete: bool
    row_count: int
    row_type: ImportedRowType
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inspection:
    """How a file is recognized, before its rows are tried; `source` reads them as an import would."""

    file_sample: FileSample
    rows: list[Row]
    seen: list[SeenColumn]
    possible: list[Candidate]
    chosen: Candidate
    action_type: ActionType
    mapping: Mapping
    source: Source
    columns: list[Column]


async def preview(
    pool: Connections, project_id: int, sample: Sample, query: PreviewQuery, file_name: str | None, max_row_bytes: int
) -> Preview:
    """Inspect a sample of a file, and try its first rows; nothing is written.

    Raises InvalidPayloadError and InvalidQueryError for what cannot be understood, NotFoundError for a target that
    does not exist.
    """
    inspection = await asyncio.to_thread(_inspect, sample, query, file_name, max_row_bytes)
    tried = await asyncio.to_thread(inspection.file_sample.rows, inspection.source)
    tried = tried[: query.limit]
    rows_dry_run = await dry_run_rows(pool, project_id, inspection.action_type, inspection.source, tried, query.target)
    return await asyncio.to_thread(_preview, sample, query, inspection, len(tried), rows_dry_run)


def _inspect(sample: Sample, query: PreviewQuery, file_name: str | None, max_row_bytes: int) -> _Inspection:
    options = query.options
    hints = HeaderHints(options.delimiter, options.header_row, known_titles(query.mapping))
    file_sample = read_sample(sample, options.charset, hints, max_row_bytes, decimal_marks)
    rows = file_sample.rows(file_sample.source)
    seen = seen_columns(file_sample.source, rows)
    possible = candidates(as_called(seen, query.mapping or {}), sample.format, file_name, options.defaults)
    chosen = _chosen(possible, query.row_type, sample.format)
    action_type = chosen.row_type.action_type(sample.format)
    if action_type is None:
        raise ValueError(f"{chosen.row_type.name} do not come as {sample.format}")
    is_file = file_sample.source.format == "csv"
    mapping = suggested_mapping(chosen, seen) if query.mapping is None and is_file else query.mapping or {}
    source = choose_columns(replace(file_sample.source, repeated=[]), mapping, ())
    source = choose_cell_rules(source, options.defaults, options.values, action_type)
    source = with_marks(source, file_sample.decimal_marks, None)
    source = replace(source, last_day_counts=bool(options.last_day_counts))
    return _Inspection(
        file_sample=file_sample,
        rows=rows,
        seen=seen,
        possible=possible,
        chosen=chosen,
        action_type=action_type,
        mapping=mapping,
        source=source,
        columns=columns_of(chosen, seen, source, mapping, is_mapped=query.mapping is not None),
    )


def _preview(
    sample: Sample, query: PreviewQuery, inspection: _Inspection, tried: int, rows_dry_run: RowsDryRun
) -> Preview:
    file_sample, source, row_type, columns = (
        inspection.file_sample,
        inspection.source,
        inspection.chosen.row_type,
        inspection.columns,
    )
    is_file = source.format == "csv"
    missing = missing_fields(row_type, columns, source) if is_file else []
    kept = kept_indexes(source, inspection.seen)
    return Preview(
        format=sample.format,
        compression=sample.compression,
        encoding=file_sample.encoding,
        encodings=file_sample.encodings,
        delimiter=file_sample.source.delimiter if sample.format == "csv" else None,
        complete=file_sample.complete,
        row_count=file_sample.row_count,
        row_type=row_type,
        action_type=inspection.action_type,
        candidates=inspection.possible,
        columns=with_choices(columns, row_type, fill(file_sample.rows(source), source, inspection.action_type), kept),
        mapping=inspection.mapping,
        defaults=source.defaults,
        values=source.values,
        missing=missing,
        needed=needed(row_type, missing, rows_dry_run.failures, tried) if is_file else [],
        refusal=_refusal(file_sample, inspection.action_type, inspection.mapping, query.options.defaults),
        taken=_taken(file_sample, sample),
        checked=rows_dry_run.checked,
        rows=previewed_rows(inspection.rows[: query.limit], file_sample, columns, row_type, kept, rows_dry_run),
        warnings=_warnings(inspection, sample.format, is_row_type_named=query.row_type is not None),
    )


def _warnings(inspection: _Inspection, source_format: str, *, is_row_type_named: bool) -> list[FileWarning]:
    held = held_by(
        inspection.columns, inspection.seen, inspection.source, inspection.mapping, inspection.chosen.row_type
    )
    unclear = None if is_row_type_named else doubt(inspection.possible, source_format)
    return [
        *charset_warnings(inspection.file_sample.encoding, inspection.file_sample.encodings),
        *file_warnings(inspection.chosen.row_type, held, len(inspection.rows), unclear),
    ]


def known_titles(mapping: Mapping | None) -> frozenset[str]:
    """Return every title by which a header is known, of whatever row type, and those that a mapping names."""
    return _titles_of_row_types().union(map(normal_title, mapping or {}))


@cache
def _titles_of_row_types() -> frozenset[str]:
    own = {normal for row_type in ROW_TYPES.values() for normal, _ in row_type.titles()}
    words = {word for row_type in ROW_TYPES.values() for field in row_type.fields for word in field.synonyms}
    return frozenset(own.union(map(normal_title, words)))


def _taken(file_sample: FileSample, sample: Sample) -> TakenOfFile:
    source, workbook = file_sample.source, sample.workbook
    return TakenOfFile(workbook.sheets if workbook else [], source.sheet, source.header_row, source.skipped_rows)


def _chosen(possible: list[Candidate], wanted: str | None, source_format: str) -> Candidate:
    if wanted is None:
        return possible[0]
    if wanted not in ROW_TYPES:
        raise InvalidQueryError(f"Property .row_type should be one of {', '.join(ROW_TYPES)}, not {wanted!r}")
    for candidate in possible:
        if candidate.row_type.name == wanted:
            return candidate
    forms = "a CSV file or an XLSX workbook" if ROW_TYPES[wanted].json is None else "a JSON array or NDJSON"
    raise InvalidPayloadError(f"{wanted} come as {forms}, not as {source_format}")


def _refusal(
    file_sample: FileSample, action_type: ActionType, mapping: Mapping, defaults: dict[str, str]
) -> str | None:
    """Return the reason why an import would be refused, as far as the sample shows."""
    try:
        choose_columns(file_sample.source, mapping, action_type.required_columns, defaults)
        if action_type.unique_key:
            keys = UniqueKeys(action_type.unique_key)
            for batch in file_sample.batches:
                keys.checked(batch, file_sample.source)
    except InvalidPayloadError as refused:
        return refused.details
    return None
