"""Fixing failed rows in place, without JavaScript."""

import re
from html import unescape

import httpx
import pytest

from tallykeep.dashboard.pages.task.cell_faults import columns_at_fault
from tests.dashboard.browser import Browser
from tests.http.test_control import accepted, counts, run, submit
from tests.server import Api

BROKEN = ['A;GIFT_VOUCHER;x;"semi;colon"', '"B;GIFT_VOUCHER', "C;GIFT_VOUCHER;1;n;surplus", "D;GIFT_VOUCHER;1;", ""]


def _sheet(page: httpx.Response) -> dict[str, list[str]]:
    """What stands in the sheet, by the row's field."""
    cells: dict[str, list[str]] = {}
    inputs = re.findall(
        r'<(?:input|textarea|select) name="(row-\d+)"(?: value="([^"]*)")?[^>]*>'
        r"(?:\n([^<]*)</textarea>|\s*((?:<option.*?)</select>))?",
        page.text,
        re.DOTALL,
    )
    for name, value, text, options in inputs:
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        cells.setdefault(name, []).append(unescape(chosen[1] if chosen else value or text))
    return cells


def _send(visitor: Browser, page: httpx.Response, **rows: list[str]) -> httpx.Response:
    """Send the page's sheet, with other cells in these rows."""
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text.partition('id="sheet"')[2])
    (action,) = re.findall(r'action="([^"]*)" class="stack" id="sheet"', page.text)
    edited = {name.replace("_", "-"): cells for name, cells in rows.items()}
    fields = {**dict(hidden), **(_sheet(page) | edited)}
    return visitor.http.post(unescape(action), data=fields, headers={"Origin": visitor.url})


def _child(api: Api, page: httpx.Response) -> dict[str, object]:
    assert "/fix" not in page.url.path, page.text
    return api.ended(page.url.path.rpartition("/")[2])


def test_only_changed_rows_are_sent_with_what_was_typed(visitor: Browser, api: Api) -> None:
    action = run(api, "\n".join(["Code;Voucher Type;Value;Note", *BROKEN]))
    assert action["failed_count"] == 3
    page = visitor.get(f"/tasks/{action['id']}/fix")
    sheet = _sheet(page)
    assert sheet["row-1"] == ["A", "GIFT_VOUCHER", "x", "semi;colon", ""]
    assert sheet["row-2"] == [""] * 5
    assert "&#34;B;GIFT_VOUCHER" in page.text
    assert sheet["row-3"] == ["C", "GIFT_VOUCHER", "1", "n", "surplus"]
    unchanged = _send(visitor, page)
    assert unchanged.status_code == 422
    assert "Nothing was changed" in unchanged.text
    fixed = _send(
        visitor, page, row_1=["A", "GIFT_VOUCHER", "1", 'semi;"colon"', ""], row_3=["C", "GIFT_VOUCHER", "1", "n", ""]
    )
    child = _child(api, fixed)
    assert (counts(child), child["parent_id"]) == ((2, 0, 0), action["id"])
    assert api.get("/v1/vouchers/A")["metadata"] == {"Note": 'semi;"colon"'}


def test_a_double_click_imports_once(visitor: Browser, api: Api) -> None:
    action = run(api, "Code,Voucher Type,Value\nA,GIFT_VOUCHER,x\n")
    page = visitor.get(f"/tasks/{action['id']}/fix")
    paths = {_send(visitor, page, row_1=["A", "GIFT_VOUCHER", "1"]).url.path for _ in range(2)}
    assert len(paths) == 1


def test_json_rows_are_edited_as_json(visitor: Browser, api: Api) -> None:
    action = api.ended(api.import_json([{"code": "A", "gift": {"amount": "ten"}}, {"code": "B"}]))
    page = visitor.get(f"/tasks/{action['id']}/fix")
    assert _sheet(page)["row-1"] == ['{"code":"A","gift":{"amount":"ten"}}']
    broken = _send(visitor, page, row_1=['{"code":"A","gift":{"amount":10}'])
    assert broken.status_code == 422
    assert "This is not JSON" in broken.text
    assert _sheet(broken)["row-1"] == ['{"code":"A","gift":{"amount":10}']
    child = _child(api, _send(visitor, broken, row_1=['{"code":"A","gift":{"amount":10}}']))
    assert counts(child) == (1, 0, 0)
    assert api.get("/v1/vouchers/A")["gift"]["amount"] == 10


def test_what_the_api_refuses_comes_back_with_what_was_typed(visitor: Browser, api: Api) -> None:
    made = api.http.post("/v1/campaigns", json={"name": "C", "voucher": {"gift": {"amount": 1}}}).json()
    rows = [{"code": "A", "active": "maybe"}]
    action = api.ended(accepted(api.http.post(f"/v1/campaigns/{made['id']}/import", json=rows)))
    typed = '{"active":true}'
    refused = _send(visitor, visitor.get(f"/tasks/{action['id']}/fix"), row_1=[typed])
    assert refused.status_code == 422
    assert "code" in re.findall(r'class="problem"[^>]*>([^<]*)', refused.text)[0]
    assert _sheet(refused)["row-1"] == [typed]


def test_cells_of_several_lines_are_the_same_if_nobody_touches_them(visitor: Browser, api: Api) -> None:
    action = run(api, 'Code,Voucher Type,Value,Note\nA,GIFT_VOUCHER,x,"one\ntwo"\nB,GIFT_VOUCHER,x,"one\r\ntwo"\n')
    page = visitor.get(f"/tasks/{action['id']}/fix")
    crlf = {f"row_{row}": [*"AB"[row - 1], "GIFT_VOUCHER", "x", "one\r\ntwo"] for row in (1, 2)}
    assert _send(visitor, page, **crlf).status_code == 422
    child = _child(api, _send(visitor, page, **(crlf | {"row_1": ["A", "GIFT_VOUCHER", "1", "one\r\ntwo"]})))
    assert counts(child) == (1, 0, 0)
    assert api.get("/v1/vouchers/A")["metadata"] == {"Note": "one\ntwo"}


def test_one_value_is_put_into_all_rows_with_a_reason_however_many(visitor: Browser, api: Api) -> None:
    rows = "".join(f"V{number},{'GIFT_VOUCHER' if number % 2 else ''},{number % 3 or 'x'},n\n" for number in range(900))
    action = run(api, "Code,Voucher Type,Value,Note\n" + rows)
    reason = "Value: must be a number (actual value is 'x')"
    page = visitor.get(f"/tasks/{action['id']}/fix", reason=reason)
    assert '<option value="2" selected>Value</option>' in page.text
    child = _child(api, visitor.send(page, f"/tasks/{action['id']}/replace", column="2", value="7"))
    assert counts(child) == (150, 0, 0)
    assert api.get("/v1/vouchers/V3")["gift"]["amount"] == 700


@pytest.mark.parametrize("columns", [3, 120])
def test_wide_sheets_have_fewer_rows(visitor: Browser, api: Api, columns: int) -> None:
    titles = ["Code", "Voucher Type", *(f"c{number}" for number in range(columns - 2))]
    content = ",".join(titles) + "\n" + "".join(f"V{number},,{',' * (columns - 3)}\n" for number in range(60))
    action = run(api, content)
    page = visitor.get(f"/tasks/{action['id']}/fix")
    assert len(_sheet(page)) == (50 if columns == 3 else 2_000 // 120)
    (further,) = re.findall(r'id="more-rows"\s+href="([^"]*)"', page.text)
    last = len(_sheet(page))
    assert min(int(name[4:]) for name in _sheet(visitor.get(unescape(further)))) == last + 1
    fixed = _send(visitor, page, row_1=["V0", "GIFT_VOUCHER", *[""] * (columns - 2)])
    assert _child(api, fixed)["total_count"] == 1


def test_rows_of_a_campaign_go_into_it_again(visitor: Browser, api: Api) -> None:
    made = api.http.post("/v1/campaigns", json={"name": "C", "voucher": {"gift": {"amount": 1}}}).json()
    file = {"file": ("c.csv", "Code,Active\nA,maybe\n")}
    action = api.ended(accepted(api.http.post(f"/v1/campaigns/{made['id']}/importCSV", files=file)))
    page = visitor.get(f"/tasks/{action['id']}/fix")
    assert counts(_child(api, _send(visitor, page, row_1=["A", "true"]))) == (1, 0, 0)
    assert api.get("/v1/vouchers/A")["campaign"] == "C"


def test_what_has_no_rows_to_edit_says_so(visitor: Browser, api: Api) -> None:
    edited = {"codes": ["NONE"], "metadata": {"k": 1}}
    action = api.ended(accepted(api.http.post("/v1/vouchers/metadata/async", json=edited)))
    for action_id in (action["id"], api.ended(accepted(submit(api, "Code\n")))["id"]):
        page = visitor.get(f"/tasks/{action_id}/fix")
        assert "There is nothing to edit" in page.text
        assert _sheet(page) == {}


@pytest.mark.parametrize(
    ("reason", "columns", "at_fault"),
    [
        ("Value: must be a number (actual value is 'ten')", ["Code", "value"], {1}),
        ("Voucher Type is required; Value: must be a number", ["Code", "Voucher Type", "Value"], {1, 2}),
        ("Valuefoo: is wrong", ["Value", ""], set()),
        ("Voucher with code A already exists", ["Code", "Voucher Type"], set()),
    ],
)
def test_a_reason_speaks_of_columns_by_their_titles(reason: str, columns: list[str], at_fault: set[int]) -> None:
    assert columns_at_fault(reason, columns) == at_fault


LACKING = "Code;Voucher Type;Value;Note\n" + "".join(f"L{n};DISCOUNT_VOUCHER;10;n\n" for n in range(3))


def test_fields_that_reasons_name_become_columns_that_are_imported(visitor: Browser, api: Api) -> None:
    action = run(api, LACKING + 'L9;DISCOUNT_VOUCHER;10;n;"surplus"\n')
    assert action["failed_count"] == 4
    page = visitor.get(f"/tasks/{action['id']}/fix")
    assert _sheet(page)["row-1"] == ["L0", "", "DISCOUNT_VOUCHER", "10", "n", ""]
    cell = page.text.partition('data-title="Discount Type" class="at-fault"')[2].partition("</td>")[0]
    assert re.findall(r'<option value="(\w*)"', cell)[:3] == ["", "AMOUNT", "PERCENT"]
    fixed = {
        "row_1": ["L0", "PERCENT", "DISCOUNT_VOUCHER", "10", "n", ""],
        "row_4": ["L9", "AMOUNT", "DISCOUNT_VOUCHER", "10", "n", ""],
    }
    child = _child(api, _send(visitor, page, **fixed))
    assert counts(child) == (2, 0, 0)
    assert api.get("/v1/vouchers/L0")["discount"] == {"type": "PERCENT", "percent_off": 10.0}
    assert api.get("/v1/vouchers/L9")["discount"]["amount_off"] == 1000
    assert api.get("/v1/vouchers/L9")["metadata"] == {"Note": "n"}


def test_any_other_field_can_be_added_as_a_column(visitor: Browser, api: Api) -> None:
    action = run(api, LACKING)
    page = visitor.get(f"/tasks/{action['id']}/fix", add="Category")
    assert _sheet(page)["row-1"] == ["L0", "", "", "DISCOUNT_VOUCHER", "10", "n"]
    child = _child(api, _send(visitor, page, row_1=["L0", "PERCENT", "Fall", "DISCOUNT_VOUCHER", "10", "n"]))
    assert counts(child) == (1, 0, 0)
    assert api.get("/v1/vouchers/L0")["category"] == "Fall"


def test_the_largest_reason_can_be_fixed_at_once_by_a_column_that_the_file_does_not_have(
    visitor: Browser, api: Api
) -> None:
    action = run(api, LACKING + "X;GIFT_VOUCHER;ten;n\n")
    page = visitor.get(f"/tasks/{action['id']}/fix")
    form = page.text.partition('id="replace"')[2].partition("</form>")[0]
    assert re.findall(r'<option value="([^"]*)" selected', form) == ["+Discount Type"]
    assert 'value="0"' not in form, "the key, one for all rows"
    fixed = visitor.send(page, f"/tasks/{action['id']}/replace", column="+Discount Type", value="PERCENT")
    assert counts(_child(api, fixed)) == (3, 0, 0)
    assert api.get("/v1/vouchers/L2")["discount"]["percent_off"] == 10.0


def test_rows_that_fail_again_tell_their_lines_in_the_first_file(visitor: Browser, api: Api) -> None:
    action = run(api, "A list\n\nCode,Voucher Type,Value\nA,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,x\nC,GIFT_VOUCHER,y\n")
    page = visitor.get(f"/tasks/{action['id']}/fix")
    fixed = _child(api, _send(visitor, page, row_3=["C", "GIFT_VOUCHER", "z"]))
    (failure,) = api.get(f"/v1/async-actions/{fixed['id']}/failures")["failures"]
    assert (failure["row"], failure["line"]) == (1, 6)
    again = _child(api, visitor.send(page, f"/tasks/{action['id']}/replace", column="2", value="!"))
    failures = api.get(f"/v1/async-actions/{again['id']}/failures")["failures"]
    assert [(failure["row"], failure["line"]) for failure in failures] == [(1, 5), (2, 6)]


def test_a_row_that_is_fixed_twice_is_one(visitor: Browser, api: Api) -> None:
    action = run(api, "Code,Voucher Type,Value\nA,GIFT_VOUCHER,x\nB,GIFT_VOUCHER,x\n")
    for value in ("1", "2"):
        page = visitor.get(f"/tasks/{action['id']}/fix")
        fixed = _child(api, _send(visitor, page, row_1=["A", "GIFT_VOUCHER", value]))
    assert "1 of 2 rows was fixed by later tasks, 1 is left." in visitor.get(f"/tasks/{action['id']}").text
    assert 'id="all-in"' not in visitor.get(f"/tasks/{fixed['id']}").text


def test_nothing_is_sent_before_a_column_is_chosen(visitor: Browser, api: Api) -> None:
    made = "Code,Voucher Type,Value\nA,GIFT_VOUCHER,1,x\nB,GIFT_VOUCHER,1,x\n"
    action = run(api, made)
    page = visitor.get(f"/tasks/{action['id']}/fix")
    assert '<option value="">Choose the column' in page.text
    refused = visitor.send(page, f"/tasks/{action['id']}/replace", column="", value="1")
    assert refused.status_code == 422
    assert "Choose the column that the value goes into" in refused.text
    assert len(api.get("/v1/async-actions")["async_actions"]) == 1


def test_a_task_tells_what_later_tasks_have_fixed(visitor: Browser, api: Api) -> None:
    action = run(api, LACKING)
    page = visitor.get(f"/tasks/{action['id']}/fix")
    first = _child(api, _send(visitor, page, row_1=["L0", "PERCENT", "DISCOUNT_VOUCHER", "10", "n"]))
    assert "2 rows of mixed.csv are left." in visitor.get(f"/tasks/{first['id']}").text
    task = visitor.get(f"/tasks/{action['id']}").text
    assert "1 of 3 rows was fixed by later tasks, 2 are left." in task
    assert f'href="/tasks/{first["id"]}"' in task
    others = {f"row_{n + 1}": [f"L{n}", "PERCENT", "DISCOUNT_VOUCHER", "x" if n == 1 else "10", "n"] for n in (1, 2)}
    second = _child(api, _send(visitor, visitor.get(f"/tasks/{action['id']}/fix"), **others))
    task = visitor.get(f"/tasks/{action['id']}").text
    assert "2 of 3 rows were fixed by later tasks, 1 is left." in task
    assert re.search(rf'href="/tasks/{second["id"]}/fix"[^>]*>Fix 1 row</a>', task)
    assert re.search(r'<a class="button" id="fix"', task), "what is left failed again, and is fixed there"
    again = visitor.get(f"/tasks/{second['id']}/fix")
    _child(api, _send(visitor, again, row_1=["L1", "PERCENT", "DISCOUNT_VOUCHER", "10", "n"]))
    task = visitor.get(f"/tasks/{action['id']}").text
    assert "Later tasks imported 3 rows, as many as had failed here." in task
    list_spec = visitor.get("/tasks").text
    assert list_spec.count('<span class="state good">Fixed</span>') == 2
    assert list_spec.count("retry of <a") == 3
