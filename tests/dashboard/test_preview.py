"""How the wizard shows what a preview answers, and what its form asks the next one for; without a server."""

import re
from typing import Any

from starlette.datastructures import FormData

from tallykeep.catalog.row_types import ROW_TYPES
from tallykeep.dashboard.kit.render import fragment
from tallykeep.dashboard.kit.rights import Rights
from tallykeep.dashboard.pages.import_wizard.preview import how_it_is_read, preview_query, shown

LABELS = {name: row_type.label for name, row_type in ROW_TYPES.items()}
MAY_IMPORT = Rights(frozenset({"vouchers.write"}))
FIELD = {"required": False, "others": [], "choices": []}


def seen(**known: Any) -> dict[str, Any]:
    """A preview's answer for a file of two columns."""
    column = {"samples": ["x"], "by": None, "choices": [], "unknown_values": []}
    return {
        "file_name": "codes.csv", "format": "csv", "compression": None, "encoding": "cp1252", "delimiter": ";",
        "complete": True, "row_count": 1, "row_type": "vouchers", "mapping": {"Ends": "Expiration Date"},
        "defaults": {}, "row_types": [{"row_type": "vouchers", "confidence": 1.0, "reason": "it has a Code"}],
        "values": {}, "missing": [],
        "columns": [
            {**column, "index": 0, "title": "Code", "use": "field", "target": "Code"},
            {**column, "index": 1, "title": "Ends", "use": "field", "target": "Expiration Date"},
        ],
        "fields": [{**FIELD, "title": "Code"}, {**FIELD, "title": "Expiration Date"}],
        "needed": [], "refusal": None, "checked": "everything", "not_checked": "Rows behind these.",
        "rows": [{"row": 1, "outcome": "created", "cells": ["A", "2026-12-31"], "problems": []}],
        **known,
    }  # fmt: skip


def drawn(answer: dict[str, Any], rights: Rights = MAY_IMPORT, **form: str) -> str:
    values = {"row_types": LABELS, "rights": rights, "permission": "vouchers.write"}
    return fragment("pages/import_wizard/preview.html", **values, **shown(answer, FormData(form), []))


def test_who_may_not_import_is_told_so_in_place_of_the_buttons() -> None:
    assert drawn(seen()).count("data-start=") == 2
    refused = drawn(seen(), Rights(frozenset({"imports.preview"}), {"vouchers.write": "It lacks vouchers.write"}))
    assert "data-start=" not in refused
    assert "It lacks vouchers.write." in refused


def test_what_an_answer_does_not_tell_is_not_shown() -> None:
    part = drawn(seen())
    for absent in ('name="sheet"', 'name="header_row"', 'id="warnings"', "(line ", "above the header", 'id="ignored"'):
        assert absent not in part
    assert "row 7 is line 8" in part


def test_sheets_and_the_header_are_offered_with_what_was_found_by_itself() -> None:
    sheets = [{"name": "Read me", "rows": 1, "columns": 1}, {"name": "Codes", "rows": 1200, "columns": 2}]
    answer = seen(format="xlsx", delimiter=None, sheets=sheets, sheet="Codes", header_row=4, skipped_rows=2)
    part = drawn(answer)
    assert '<select name="sheet" data-detected="Codes">' in part
    assert '<option value="Codes" selected>Codes (1,200 rows)</option>' in part
    assert re.search(r'name="header_row"[^>]* value="4" data-detected="4"', part)
    assert "2 rows above the header are not read" in part
    chosen = drawn(answer, sheet="Codes", header_row="4")
    assert '<select name="sheet" data-detected="">' in chosen
    assert 'value="4" data-detected=""' in chosen
    one = drawn(seen(format="xlsx", delimiter=None, sheets=sheets[1:], sheet="Codes"))
    assert 'name="sheet"' not in one
    assert "sheet Codes" in one


def test_encodings_that_read_better_are_offered_first() -> None:
    part = drawn(seen(encodings=["windows-1250", "mac_latin2"]))
    offered = re.search(r'<select name="charset">(.*?)</select>', part, re.DOTALL)
    assert offered
    names = re.findall(r'value="([^"]+)"( selected)?', offered[1])
    assert names[:3] == [("cp1252", " selected"), ("cp1250", ""), ("mac-latin2", "")]
    assert len({name for name, _ in names}) == len(names)


def test_warnings_stand_above_the_rows_and_lines_beside_their_numbers() -> None:
    warning = {"type": "hidden_rows", "column": None, "message": "3 rows are hidden & not read."}
    row = {"row": 1, "line": 5, "outcome": "created", "cells": ["A", ""], "problems": []}
    part = drawn(seen(warnings=[warning], rows=[row]))
    assert part.index("3 rows are hidden &amp; not read.") < part.index('id="first-rows"')
    assert '1 <span class="line">(line 5)</span>' in part
    assert "row 7 is line 8" not in part
    how = how_it_is_read(seen(warnings=[warning]), FormData())
    unknown = fragment("pages/import_wizard/unknown.html", row_types=LABELS, **how)
    assert "3 rows are hidden" in unknown
    assert 'name="charset"' in unknown


def test_the_last_day_is_asked_about_where_there_is_one() -> None:
    part = drawn(seen())
    assert re.search(r'<input type="checkbox" name="last_day_counts" value="true">', part)
    assert "the day itself is not included" in " ".join(part.split())
    assert 'value="true" checked>' in drawn(seen(), last_day_counts="true")
    elsewhere = seen(rows=[])
    elsewhere["columns"].pop()
    assert "last_day_counts" not in drawn(elsewhere)


def test_what_is_sent_is_made_of_what_the_selects_show() -> None:
    answer = seen()
    assert shown(answer, FormData(), [])["mapping"] == '{"Ends":"Expiration Date"}'
    part = drawn(answer)
    titles = dict(re.findall(r'name="title-(\d+)" value="([^"]+)"', part))
    uses = {
        number: re.search(rf'name="column-{number}".*?value="([^"]*)" selected', part, re.DOTALL) for number in titles
    }
    form = {f"title-{number}": title for number, title in titles.items()}
    form |= {f"column-{number}": use[1] for number, use in uses.items() if use}
    assert preview_query(FormData(form))["mapping"] == '{"Ends":"Expiration Date"}'


def test_the_form_asks_for_what_was_chosen() -> None:
    form = {
        "sheet": "2",
        "header_row": "3",
        "last_day_counts": "true",
        "charset": "cp1250",
        "delimiter": "|",
        "row_type": "",
    }
    assert preview_query(FormData(form)) == {name: value for name, value in form.items() if value}


def test_columns_that_do_not_count_for_the_kind_are_named_unless_the_preview_does() -> None:
    column = {"samples": [], "by": None, "choices": [], "unknown_values": [], "target": None}
    columns = [
        {**column, "index": 0, "title": "Code", "use": "field", "target": "Code"},
        {**column, "index": 1, "title": "Value", "use": "left_out"},
        {**column, "index": 2, "title": "Notiz", "use": "left_out"},
    ]
    answer = seen(row_type="campaign-vouchers", columns=columns, rows=[], mapping={"Notiz": None})
    answer["row_types"] = [{"row_type": "campaign-vouchers", "confidence": 1.0, "reason": "it has a Code"}]
    part = drawn(answer)
    assert "<strong>Not read: Value.</strong>" in part
    assert '<option value="" selected>Nothing: not read for these rows</option>' in part
    assert shown(answer, FormData(), [])["mapping"] == '{"Notiz":null}'
    warned = seen(
        **{**answer, "warnings": [{"type": "ignored_columns", "column": 1, "message": "Value does not count."}]}
    )
    assert 'id="ignored"' not in drawn(warned)


def test_a_kind_that_nobody_chose_is_not_said_to_be_chosen() -> None:
    assert "By its columns: it has a Code." in drawn(seen(), row_type="vouchers", row_type_by="columns")
    assert "As you chose: it has a Code." in drawn(seen(), row_type="vouchers", row_type_by="choice")
