"""Fixing failed rows in place: their cells are edited in the browser, and just these rows are imported again."""

import csv
import io
import json
import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from tallykeep.dashboard import words
from tallykeep.dashboard.api import RefusedError, segment
from tallykeep.dashboard.faults import columns_at_fault
from tallykeep.dashboard.pages import page, redirect
from tallykeep.dashboard.task import path_of
from tallykeep.dashboard.visit import FromVisit, Visit

router = APIRouter(prefix="/tasks/{action_id}")

_MOST_REASONS = 20
_MOST_ROWS, _MOST_CELLS = 50, 2_000  # on a page
_AT_A_TIME = 100
_NOTHING_CHANGED = "Nothing was changed. Edit the cells that are wrong; only rows that you changed are imported again."


@dataclass(slots=True)
class Sheet:
    """Failed rows as they are edited: what the API says of them, and by row and place what somebody has typed."""

    columns: list[str]
    failures: list[dict[str, Any]]
    has_more: bool
    typed: dict[int, list[str]] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)

    @property
    def of_cells(self) -> bool:
        """Whether the rows came in a file; else each is one text of JSON."""
        return bool(self.columns)

    @property
    def width(self) -> int:
        """Cells of the widest row: some have more than the header."""
        return max([len(self.columns), *(len(failure.get("cells", ())) for failure in self.failures)])

    def sent(self, failure: dict[str, Any]) -> list[str]:
        """What the row held, with a cell for each column; of a line that could not be read, nothing."""
        if not self.of_cells:
            return [failure.get("text", "")]
        cells: list[str] = failure.get("cells", [])
        return cells + [""] * (self.width - len(cells))

    def shown(self, failure: dict[str, Any]) -> list[str]:
        """What stands in the row now."""
        return self.typed.get(failure["row"]) or self.sent(failure)

    def at_fault(self, failure: dict[str, Any]) -> set[int]:
        """The cells that the reason speaks of."""
        surplus = range(len(self.columns), len(failure.get("cells", ())))
        return columns_at_fault(failure["reason"], self.columns) | set(surplus)

    def changed(self) -> list[list[str]]:
        """The rows in which something was typed."""
        return [self.shown(failure) for failure in self.failures if self.shown(failure) != self.sent(failure)]


async def _read(visit: Visit, action_id: str, reason: str, after_row: int) -> Sheet:
    asked: dict[str, Any] = {"sent": "true", "reason": reason, "after_row": after_row, "limit": _MOST_ROWS}
    found = await visit.api.get(f"{path_of(action_id)}/failures", **asked)
    most = max(1, min(_MOST_ROWS, _MOST_CELLS // max(len(found["columns"]), 1)))
    failures = found["failures"]
    return Sheet(found["columns"], failures[:most], found["has_more"] or len(failures) > most)


@router.get("/fix")
async def edit_rows(
    request: Request, visit: FromVisit, action_id: str, reason: str = "", after_row: int = 0
) -> Response:
    """The failed rows as a sheet to be edited: those with one `reason`, or all."""
    sheet = await _read(visit, action_id, reason, after_row)
    return await _show(request, visit, action_id, sheet, reason, after_row)


async def _show(
    request: Request, visit: Visit, action_id: str, sheet: Sheet, reason: str, after_row: int, problem: str = ""
) -> Response:
    action = await visit.api.get(path_of(action_id))
    groups = await visit.api.get(f"{path_of(action_id)}/failures", group_by="reason", limit=_MOST_REASONS)
    if len(groups["reasons"]) == 1:
        reason = groups["reasons"][0]["reason"]
    marked = columns_at_fault(reason, sheet.columns)
    return page(
        request, "fix.html", status=422 if problem else 200, action=action, sheet=sheet, groups=groups["reasons"],
        reason=reason, after_row=after_row, problem=problem, suspect=min(marked, default=None),
        once=secrets.token_urlsafe(), fixable=words.fixable(action),
    )  # fmt: skip


@router.post("/fix")
async def import_again(
    request: Request, visit: FromVisit, action_id: str, reason: str = "", after_row: int = 0
) -> Response:
    """Import the rows that were changed, as a task linked to this one."""
    form = await request.form()
    sheet = await _read(visit, action_id, reason, after_row)
    _type(sheet, form)
    rows = sheet.changed()
    problem = "" if rows else _NOTHING_CHANGED
    if rows and not sheet.of_cells:
        problem = _check_json(sheet)
    if problem:
        return await _show(request, visit, action_id, sheet, reason, after_row, problem)
    try:
        started = await _send(visit, action_id, sheet, rows, once=str(form.get("once", "")))
    except RefusedError as error:
        return await _show(request, visit, action_id, sheet, reason, after_row, str(error))
    return redirect(request, f"/tasks/{segment(started)}", f"{words.counted(len(rows), 'corrected row')} sent.")


def _type(sheet: Sheet, form: FormData) -> None:
    """Take over what was typed; rows that the form does not have are as they were sent."""
    for failure in sheet.failures:
        given = [text for text in form.getlist(f"row-{failure['row']}") if isinstance(text, str)]
        if len(given) == len(sheet.sent(failure)):
            # Browsers send line breaks as \r\n, whatever the cell had.
            sheet.typed[failure["row"]] = [
                old if _same(text, old) else text for text, old in zip(given, sheet.sent(failure), strict=True)
            ]


def _same(text: str, old: str) -> bool:
    return " ".join(text.splitlines()) == " ".join(old.splitlines())


def _check_json(sheet: Sheet) -> str:
    """Note which of the typed texts are not JSON; what to say of them, empty where all are."""
    for failure in sheet.failures:
        (text,) = sheet.shown(failure)
        try:
            json.loads(text)
        except ValueError as error:
            if [text] != sheet.sent(failure):
                sheet.problems[failure["row"]] = f"This is not JSON: {error}"
    return "Some rows are not JSON. Nothing was sent." if sheet.problems else ""


async def _send(visit: Visit, action_id: str, sheet: Sheet, rows: list[list[str]], *, once: str) -> str:
    if not sheet.of_cells:
        body = "[" + ",".join(text for (text,) in rows) + "]"
        return await _retry(visit, action_id, "application/json", once, body)
    width = len(sheet.columns)
    lines = [_line(sheet.columns, csv.QUOTE_ALL), *(_line(_without_empty_surplus(cells, width)) for cells in rows)]
    return await _retry(visit, action_id, "text/csv", once, "".join(lines))


def _without_empty_surplus(cells: list[str], width: int) -> list[str]:
    """The cells without those behind the last column, as far as they are empty."""
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _line(cells: Iterable[str], quoting: Any = csv.QUOTE_MINIMAL) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n", quoting=quoting).writerow(cells)
    return line.getvalue()


async def _retry(visit: Visit, action_id: str, media_type: str, once: str, content: Any) -> str:
    headers = {"Content-Type": media_type} | ({"Idempotency-Key": once} if once else {})
    body = content.encode() if isinstance(content, str) else content
    started = await visit.api.ask("POST", f"{path_of(action_id)}/retry", headers=headers, content=body)
    return str(started["async_action_id"])


@router.post("/replace")
async def replace_everywhere(
    request: Request,
    visit: FromVisit,
    action_id: str,
    reason: Annotated[str, Form()],
    column: Annotated[int, Form(ge=0)],
    value: Annotated[str, Form()] = "",
    once: Annotated[str, Form()] = "",
) -> Response:
    """Put the same value into one column of all rows with the reason, however many, and import them."""
    rows = _replaced(visit, action_id, reason, column, value)
    started = await _retry(visit, action_id, "text/csv", once, rows)
    return redirect(request, f"/tasks/{segment(started)}", f"All rows were sent with «{value}» in that column.")


async def _replaced(visit: Visit, action_id: str, reason: str, column: int, value: str) -> AsyncIterator[bytes]:
    """A file of the rows, a page after the other; lines that could not be read are left out."""
    after_row, has_more, head = 0, True, True
    while has_more:
        asked = {"sent": "true", "reason": reason, "after_row": after_row, "limit": _AT_A_TIME}
        found = await visit.api.get(f"{path_of(action_id)}/failures", **asked)
        has_more, failures = found["has_more"], found["failures"]
        lines = [_line(found["columns"], csv.QUOTE_ALL)] if head else []
        lines += [_line(_with(failure["cells"], column, value)) for failure in failures if "cells" in failure]
        yield "".join(lines).encode()
        head, after_row = False, failures[-1]["row"] if failures else after_row


def _with(cells: list[str], column: int, value: str) -> list[str]:
    padded = cells + [""] * (column + 1 - len(cells))
    return [*padded[:column], value, *padded[column + 1 :]]
