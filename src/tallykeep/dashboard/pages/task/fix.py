"""Fixing failed rows in place: their cells are edited in the browser, and only these rows are imported again."""

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints
from starlette.datastructures import FormData

from tallykeep.dashboard.kit import labels
from tallykeep.dashboard.kit.api_client import RefusedError, segment
from tallykeep.dashboard.kit.render import page, redirect
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit
from tallykeep.dashboard.pages.task.cell_faults import titles_at_fault
from tallykeep.dashboard.pages.task.fields import Fields, fields_of
from tallykeep.dashboard.pages.task.routes import path_of
from tallykeep.dashboard.pages.task.rows_sheet import Sheet
from tallykeep.formats.csv.writer import csv_line, csv_lines

router = APIRouter(prefix="/tasks/{action_id}")

_MAX_REASONS = 20
_MAX_ROWS, _MAX_CELLS = 50, 2_000  # on a page
_AT_A_TIME = 100
_NOTHING_CHANGED = "Nothing was changed. Edit the cells that are wrong; only rows that you changed are imported again."


@dataclass(frozen=True, slots=True)
class Work:
    """The fix sheet: the task, the fields of its rows, and which of its failed rows are shown."""

    action: dict[str, Any]
    fields: Fields
    reason: str
    after_row: int


async def _work(visit: FromVisit, action_id: str, reason: str = "", after_row: int = 0) -> Work:
    action = await visit.api.get(path_of(action_id))
    return Work(action, await fields_of(visit, action), reason, after_row)


FromWork = Annotated[Work, Depends(_work)]


async def _read(visit: Visit, work: Work, added: list[str]) -> Sheet:
    """Return the sheet; adds columns for fields that reasons name and the file lacks, and for `added`."""
    query: dict[str, Any] = {
        "source_rows": "true",
        "reason": work.reason,
        "after_row": work.after_row,
        "limit": _MAX_ROWS,
    }
    answer = await visit.api.get(f"{path_of(work.action['id'])}/failures", **query)
    failures, columns = answer["failures"], answer["columns"]
    besides = work.fields.besides(columns) if columns else []
    lacking = {title for failure in failures for title in titles_at_fault(failure["reason"], besides)}
    lacking.update(added)
    extra = [title for title in besides if title in lacking]
    maximum = max(1, min(_MAX_ROWS, _MAX_CELLS // max(len(columns) + len(extra), 1)))
    return Sheet(columns, failures[:maximum], answer["has_more"] or len(failures) > maximum, extra)


@router.get("/fix")
async def edit_rows(
    request: Request, visit: FromVisit, work: FromWork, add: Annotated[list[str] | None, Query()] = None
) -> Response:
    """Show the failed rows as a sheet to edit: those with one `reason`, or all; `add` names columns to add."""
    return await _show(request, visit, work, await _read(visit, work, add or []))


async def _show(request: Request, visit: Visit, work: Work, sheet: Sheet, problem: str = "") -> Response:
    path = f"{path_of(work.action['id'])}/failures"
    groups = (await visit.api.get(path, group_by="reason", limit=_MAX_REASONS))["reasons"]
    reason = groups[0]["reason"] if len(groups) == 1 else work.reason
    # Where none is chosen, the largest.
    group = next((group for group in groups if group["reason"] == (reason or groups[0]["reason"])), None)
    besides = work.fields.besides(sheet.of_file) if sheet.of_cells else []
    return page(
        request, "pages/task/fix.html", status=422 if problem else 200, action=work.action, sheet=sheet, groups=groups,
        reason=reason, after_row=work.after_row, problem=problem, fields=work.fields, besides=besides, group=group,
        suspects=_suspects(work.fields, sheet.of_file, besides, group["reason"]) if group else [],
        idempotency_key=secrets.token_urlsafe(), fixable=visit.catalog.fixable(work.action),
    )  # fmt: skip


def _suspects(fields: Fields, columns: list[str], besides: list[str], reason: str) -> list[str]:
    """Return the columns in which one value may fix all rows with this reason, as `Sheet.index_of` takes them.

    Only "" where nobody can tell. Never the key's column: one key for many rows fixes nothing.
    """
    named = {title for title in titles_at_fault(reason, [*columns, *besides]) if not fields.is_key(title)}
    there = [str(number) for number, title in enumerate(columns) if title in named]
    return [*there, *(f"+{title}" for title in besides if title in named)] or [""]


@router.post("/fix")
async def import_again(request: Request, visit: FromVisit, work: FromWork) -> Response:
    """Import the rows that were changed, as a task linked to this one."""
    form = await request.form()
    sheet = await _read(visit, work, _texts(form, "added"))
    _type(sheet, form)
    rows = sheet.changed()
    problem = "" if rows else _NOTHING_CHANGED
    if rows and not sheet.of_cells:
        problem = _check_json(sheet)
    if problem:
        return await _show(request, visit, work, sheet, problem)
    try:
        started = await _send(
            visit, work.action["id"], sheet, rows, idempotency_key=str(form.get("idempotency_key", ""))
        )
    except RefusedError as error:
        return await _show(request, visit, work, sheet, str(error))
    return redirect(request, f"/tasks/{segment(started)}", f"{labels.counted(len(rows), 'fixed row')} sent.")


def _texts(form: FormData, name: str) -> list[str]:
    return [text for text in form.getlist(name) if isinstance(text, str)]


def _type(sheet: Sheet, form: FormData) -> None:
    """Store the typed texts in the sheet; rows that the form lacks stay as they were sent."""
    for failure in sheet.failures:
        texts = _texts(form, f"row-{failure['row']}")
        if len(texts) == len(sheet.original(failure)):
            # Browsers send line breaks as \r\n, whatever the cell had.
            sheet.typed[failure["row"]] = [
                old if _same(text, old) else text for text, old in zip(texts, sheet.original(failure), strict=True)
            ]


def _same(text: str, old: str) -> bool:
    return " ".join(text.splitlines()) == " ".join(old.splitlines())


def _check_json(sheet: Sheet) -> str:
    """Note which of the typed texts are not JSON; return a message, empty where all are."""
    for failure in sheet.failures:
        (text,) = sheet.shown(failure)
        try:
            json.loads(text)
        except ValueError as error:
            if [text] != sheet.original(failure):
                sheet.problems[failure["row"]] = f"This is not JSON: {error}"
    return "Some rows are not JSON. Nothing was sent." if sheet.problems else ""


async def _send(visit: Visit, action_id: str, sheet: Sheet, rows: list[dict[str, Any]], *, idempotency_key: str) -> str:
    if not sheet.of_cells:
        body = "[" + ",".join(sheet.shown(failure)[0] for failure in rows) + "]"
        return await _retry(visit, action_id, "application/json", idempotency_key, body)
    width = len(sheet.columns)
    lines = csv_lines(_without_empty_surplus(sheet.shown(failure), width) + sheet.origin(failure) for failure in rows)
    file = csv_line(sheet.titles, quoted=True) + lines
    return await _retry(visit, action_id, "text/csv", idempotency_key, file)


def _without_empty_surplus(cells: list[str], width: int) -> list[str]:
    """Return the cells without empty ones behind the last column."""
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


async def _retry(visit: Visit, action_id: str, media_type: str, idempotency_key: str, content: Any) -> str:
    headers = {"Content-Type": media_type} | ({"Idempotency-Key": idempotency_key} if idempotency_key else {})
    body = content.encode() if isinstance(content, str) else content
    started = await visit.api.ask("POST", f"{path_of(action_id)}/retry", headers=headers, content=body)
    return str(started["async_action_id"])


@router.post("/replace")
async def replace_everywhere(
    request: Request,
    visit: FromVisit,
    work: FromWork,
    reason: Annotated[str, Form()],
    column: Annotated[list[Annotated[str, StringConstraints(pattern=r"^(\d*|\+.+)$")]], Form()],
    value: Annotated[list[str] | None, Form()] = None,
    idempotency_key: Annotated[str, Form()] = "",
) -> Response:
    """Put the same values into columns of all rows with the reason, however many, and import them."""
    values = dict(zip(column, value or [""] * len(column), strict=False))
    values.pop("", None)
    if not values:
        work = replace(work, reason=reason)
        sheet = await _read(visit, work, [])
        return await _show(request, visit, work, sheet, "Choose the column that the value goes into. Nothing was sent.")
    rows = _replaced(visit, work.action["id"], reason, values)
    started = await _retry(visit, work.action["id"], "text/csv", idempotency_key, rows)
    inserted = " and ".join(f"«{text}»" if text else "nothing" for text in values.values())
    return redirect(
        request, f"/tasks/{segment(started)}", f"All rows with that reason were sent with {inserted} instead."
    )


async def _replaced(visit: Visit, action_id: str, reason: str, values: dict[str, str]) -> AsyncIterator[bytes]:
    """Yield a file of the rows, page by page; lines that could not be read are left out."""
    after_row, has_more, head, has_lines = 0, True, True, None
    added = [column[1:] for column in values if column.startswith("+")]
    while has_more:
        query = {"source_rows": "true", "reason": reason, "after_row": after_row, "limit": _AT_A_TIME}
        answer = await visit.api.get(f"{path_of(action_id)}/failures", **query)
        has_more, failures = answer["has_more"], answer["failures"]
        sheet = Sheet(answer["columns"], failures, has_more, added, has_lines=has_lines)
        header = csv_line(sheet.titles, quoted=True) if head else ""
        lines = csv_lines(_with(sheet, failure, values) for failure in failures if "cells" in failure)
        yield (header + lines).encode()
        head, has_lines, after_row = False, sheet.has_lines, failures[-1]["row"] if failures else after_row


def _with(sheet: Sheet, failure: dict[str, Any], values: dict[str, str]) -> list[str]:
    cells = sheet.original(failure)
    for column, value in values.items():
        cells[sheet.index_of(column)] = value
    return _without_empty_surplus(cells, len(sheet.columns)) + sheet.origin(failure)
