"""Row types that can be imported, and the preview of a file."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject
from tallykeep.engine.applying.dry_run_rows import Checked
from tallykeep.formats.xlsx.workbook import SheetSize
from tallykeep.preview.file_warnings import FileWarning
from tallykeep.preview.missing_fields import Needed
from tallykeep.preview.previewed_columns import Column
from tallykeep.preview.previewed_rows import Outcome
from tallykeep.preview.problems import Problem


class ImportLimits(TypedDict):
    """How large things may be, in bytes."""

    body_bytes: int
    expanded_bytes: int
    workbook_bytes: int
    row_bytes: int


class ImportField(TypedDict):
    """A column that rows of this type may have."""

    title: str
    required: bool
    others: Annotated[list[str], Field(description="Other titles that are taken for it.")]
    choices: Annotated[list[str], Field(description="What its cells may hold, where not anything.")]


class RowType(TypedDict):
    """A row type, and where files and JSON of it go."""

    row_type: str
    path: Annotated[str | None, Field(description="Where files go.")]
    json_path: Annotated[str | None, Field(description="Where JSON goes.")]
    template: str | None
    required_columns: Annotated[list[list[str]], Field(description="One of each group has to be there.")]
    fields: list[ImportField]
    properties: Annotated[list[str], Field(description="The fields of a row in JSON.")]


class RowTypeList(TypedDict):
    """Everything that can be imported."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[RowType]
    total: int
    limits: ImportLimits


class LikelyRowType(TypedDict):
    """A row type that the rows may be of."""

    row_type: str
    confidence: float
    reason: str


class PreviewedRowShown(TypedDict):
    """One of the first rows, and what would become of it."""

    row: int
    line: int | None
    outcome: Outcome
    cells: list[str]
    problems: list[Problem]


class ImportPreview(TypedDict):
    """How a file would be read, and what would become of its first rows."""

    object: Literal["import_preview"]
    file_name: str | None
    format: str
    compression: str | None
    encoding: str
    encodings: Annotated[list[str], Field(description="Others that it may be in, too.")]
    delimiter: str | None
    sheets: list[SheetSize]
    sheet: str | None
    header_row: int | None
    skipped_rows: int
    complete: Annotated[bool, Field(description="Whether the file was read to its end.")]
    row_count: int
    row_type: str
    row_types: list[LikelyRowType]
    path: Annotated[str, Field(description="Where to send it.")]
    columns: list[Column]
    fields: list[ImportField]
    mapping: dict[str, str | None]
    defaults: dict[str, str]
    values: dict[str, dict[str, str]]
    missing: Annotated[list[str], Field(description="Required fields that neither a column nor a default is.")]
    needed: list[Needed]
    refusal: Annotated[str | None, Field(description="What an import of it would be answered with.")]
    checked: Checked
    not_checked: str
    rows: list[PreviewedRowShown]
    warnings: list[FileWarning]
    limits: ImportLimits
