"""Endpoints for an import wizard: the row types that can be imported, and a preview of a file."""

from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter, Request

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers
from tallykeep.api.requests.submission_options import parameter, read_options_for
from tallykeep.api.requests.upload import RequestUpload
from tallykeep.api.responses.answers import Json
from tallykeep.api.routes.submissions import PREVIEW_BODY
from tallykeep.api.schemas.imports import ImportPreview, RowTypeList
from tallykeep.catalog.row_types import ROW_TYPES, ImportedRowType
from tallykeep.catalog.templates import CSV_TEMPLATES
from tallykeep.core.compatibility import OURS
from tallykeep.core.concurrency.side_thread import Aside
from tallykeep.core.options import parsers
from tallykeep.core.options.declaration import Option, Scope
from tallykeep.core.options.submission_options import options_for
from tallykeep.core.settings import Settings
from tallykeep.engine.intake.sample import MAX_ROWS
from tallykeep.formats.compression import peeked
from tallykeep.preview.preview import Preview, PreviewQuery, known_titles, preview
from tallykeep.preview.previewed_rows import PreviewedRow
from tallykeep.preview.recognition import Candidate
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/imports", tags=["Submissions"], default_response_class=Json)

_DEFAULT_ROWS = 20
_LIMIT = parsers.integer(MAX_ROWS)
_SCOPES = (Scope.FILE, Scope.ENDS)  # of the options that a preview goes by
_NOT_CHECKED = {
    "everything": "Rows behind these; and what others change before the import.",
    "fields": "What exists already, and what rows refer to: an import that is running holds some of it just now.",
    "nothing": "The rows: name the campaign that they go into.",
}


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _option(option: Option) -> dict[str, Any]:
    more = " Left out, a mapping is suggested; {} is none." if option.name == "mapping" else ""
    return {**parameter(option), "description": option.description + more}


_PARAMETERS = [
    _query(
        "row_type", {"type": "string", "enum": list(ROW_TYPES)}, "What the rows are; left out, the likeliest row type."
    ),
    _query("campaign", {"type": "string"}, "Where campaign vouchers go, by name or id; without it they go unchecked."),
    *map(_option, options_for(*_SCOPES)),
    _query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_ROWS, "default": _DEFAULT_ROWS},
        "How many rows to show at most.",
    ),
    _query(
        "partial",
        {"type": "boolean", "default": False},
        "The body is only the beginning of the file: its last line is ignored unless it is complete.",
    ),
]


@router.get("", summary="List row types", openapi_extra=needs(Permission.CATALOG_READ) | OURS | answers(RowTypeList))
async def list_imports(context: FromContext, caller: FromCaller) -> Json:
    """List what can be imported: endpoints and fields of each row type, and how large files may be."""
    data = [_row_type(row_type) for row_type in ROW_TYPES.values()]
    return Json({"object": "list", "data_ref": "data", "data": data, "total": len(data),
                 "limits": _limits(context.settings)})  # fmt: skip


@router.post(
    "/preview",
    summary="Preview import",
    openapi_extra={
        **needs(Permission.IMPORTS_PREVIEW),
        **OURS,
        "parameters": _PARAMETERS,
        "requestBody": PREVIEW_BODY,
        **answers(ImportPreview),
    },
)
async def preview_import(request: Request, context: FromContext, caller: FromCaller) -> Json:
    """Preview a file before it is imported; nothing is written.

    Tells what its rows are, what its columns are taken for, and how its first rows would fare: they are
    validated and looked up as an import would, and taken back. The parameters may be fields of the form as well.
    """
    aside = context.aside.of(caller.project_id)
    upload = RequestUpload(request, tuple(PREVIEW_BODY["content"]), context.settings, aside)
    async with context.slot(caller, context.shares.previews):
        return Json(await _previewed(context, caller, upload, aside))


async def _previewed(context: Context, caller: Caller, upload: RequestUpload, aside: Aside) -> dict[str, Any]:
    body = upload.chunks()
    _, content = await peeked(body, 1)  # by then the form's fields in front of its file have come
    partial = parsers.boolean("partial", upload.early("partial") or "false")
    titles = known_titles(dict.fromkeys(upload.mapped_columns))
    sheet = upload.early_option("sheet")
    sample = await context.samples.take(content, caller.who, aside, partial=partial, sheet=sheet, titles=titles)
    await upload.read_rest(body)
    upload.refuse_late()
    query = _preview_query(upload)
    seen = await preview(
        context.trying(caller), caller.project_id, sample, query, upload.file_name, context.settings.max_row_bytes
    )
    return _shown(seen, context.settings, upload.file_name)


def _preview_query(upload: RequestUpload) -> PreviewQuery:
    parameters = upload.parameters()
    options = read_options_for(parameters, *_SCOPES)
    return PreviewQuery(
        row_type=parameters.get("row_type") or None,
        is_mapped=bool(parameters.get("mapping")),
        limit=_LIMIT("limit", parameters.get("limit") or str(_DEFAULT_ROWS)),
        target=parameters.get("campaign") or None,
        options=replace(options, charset=upload.early_option("charset")),
    )


def _limits(settings: Settings) -> dict[str, int]:
    return {
        "body_bytes": settings.max_body_bytes,
        "expanded_bytes": settings.max_expanded_bytes,
        "workbook_bytes": settings.max_xlsx_bytes,
        "row_bytes": settings.max_row_bytes,
    }


def _row_type(row_type: ImportedRowType) -> dict[str, Any]:
    return {
        "row_type": row_type.name,
        "path": row_type.csv.path if row_type.csv else None,
        "json_path": row_type.json.path if row_type.json else None,
        "template": f"/v1/templates/csv/{row_type.name}" if row_type.name in CSV_TEMPLATES else None,
        "required_columns": [list(choice) for choice in row_type.csv.required_columns] if row_type.csv else [],
        "fields": _fields(row_type),
        "properties": list(row_type.properties),
    }


def _fields(row_type: ImportedRowType) -> list[dict[str, Any]]:
    return [
        {"title": each.title, "required": each.required, "others": list(each.others), "choices": list(each.choices)}
        for each in row_type.fields
    ]


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {"row_type": candidate.row_type.name, "confidence": candidate.confidence, "reason": candidate.reason}


def _shown(seen: Preview, settings: Settings, file_name: str | None) -> dict[str, Any]:
    return {
        "object": "import_preview",
        "file_name": file_name,
        "format": seen.format,
        "compression": seen.compression,
        "encoding": seen.encoding,
        "encodings": seen.encodings,
        "delimiter": seen.delimiter,
        **asdict(seen.taken),
        "complete": seen.complete,
        "row_count": seen.row_count,
        "row_type": seen.row_type.name,
        "row_types": [_candidate(candidate) for candidate in seen.candidates],
        "path": seen.action_type.path,
        "columns": [asdict(column) for column in seen.columns],
        "fields": _fields(seen.row_type),
        "mapping": seen.mapping,
        "defaults": seen.defaults,
        "values": seen.values,
        "missing": seen.missing,
        "needed": [asdict(each) for each in seen.needed],
        "refusal": seen.refusal,
        "checked": seen.checked,
        "not_checked": _NOT_CHECKED[seen.checked],
        "rows": [_row(row) for row in seen.rows],
        "warnings": [asdict(each) for each in seen.warnings],
        "limits": _limits(settings),
    }


def _row(row: PreviewedRow) -> dict[str, Any]:
    return {
        "row": row.number,
        "line": row.line,
        "outcome": row.outcome,
        "cells": list(row.cells),
        "problems": [asdict(problem) for problem in row.problems],
    }
