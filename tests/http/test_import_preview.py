"""A look at a file before it is imported: what it is taken for, and how its first rows would fare."""

import gzip
import json
import os
from typing import Any

import psycopg
import pytest

from tallykeep.catalog.templates import CSV_TEMPLATES
from tests.http.test_errors import check
from tests.http.test_inputs import FILES, OBJECTS, csv_of, form_of, ndjson_of, xlsx_of
from tests.server import Api

PREVIEW = "/v1/imports/preview"
TARGETS = {"campaign": "campaign-vouchers"}
GERMAN = (
    "Gutschein-Code;Art;Wert;Rabatttyp;gültig bis;Notiz;Filiale\n"
    "H-1;GIFT_VOUCHER;14.5;;2026-12-31;x;Berlin\n"
    "H-2;DISCOUNT_VOUCHER;ten;AMOUNT;31.02.2026;;Bonn\n"
    "H-3;;5;;;;\n"
)


def previewed(api: Api, content: bytes, **fields: str) -> dict[str, Any]:
    answer = api.http.post(PREVIEW, files={"file": ("rows.bin", content)}, data=fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refused(api: Api, content: bytes, code: int, key: str, *words: str, **fields: str) -> None:
    check(api.http.post(PREVIEW, files={"file": content}, data=fields), code, key, *words)


def uses(seen: dict[str, Any]) -> dict[str, tuple[str, str | None, str | None]]:
    return {column["title"]: (column["use"], column["target"], column["by"]) for column in seen["columns"]}


def test_foreign_titles_are_recognized_and_problems_stand_in_their_cells(api: Api) -> None:
    seen = previewed(api, GERMAN.encode("cp1252"))
    assert (seen["row_type"], seen["path"], seen["format"]) == ("vouchers", "/v1/vouchers/importCSV", "csv")
    assert (seen["encoding"], seen["delimiter"], seen["complete"], seen["row_count"]) == ("cp1252", ";", True, 3)
    assert seen["mapping"] == {
        "Gutschein-Code": "Code", "Art": "Voucher Type", "Wert": "Value", "Rabatttyp": "Discount Type",
        "gültig bis": "Expiration Date", "Notiz": "Additional Info",
    }  # fmt: skip
    assert uses(seen)["Wert"] == ("field", "Value", "synonym")
    assert uses(seen)["Filiale"] == ("metadata", "Filiale", None)
    assert seen["columns"][0]["samples"] == ["H-1", "H-2", "H-3"]
    first, second, third = seen["rows"]
    assert (first["outcome"], first["problems"]) == ("created", [])
    assert second["cells"] == ["H-2", "DISCOUNT_VOUCHER", "ten", "AMOUNT", "31.02.2026", "", "Bonn"]
    assert {problem["column"]: problem["reason"][:16] for problem in second["problems"]} == {
        2: "Value: must be a", 4: "Expiration Date:",
    }  # fmt: skip
    assert third["problems"] == [{"column": 1, "reason": "Voucher Type is required"}]
    assert api.get("/v1/vouchers")["vouchers"] == []


def test_other_charsets_are_offered_where_they_read_better(api: Api) -> None:
    rows = "Code;Voucher Type;Value;Ort\nA-1;GIFT_VOUCHER;1;Łódź\nA-2;GIFT_VOUCHER;1;Żywiec\n"
    seen = previewed(api, rows.encode("windows-1250"))
    assert (seen["encoding"], seen["encodings"]) == ("cp1252", ["windows-1250"])
    seen = previewed(api, rows.encode("windows-1250"), charset=seen["encodings"][0])
    assert (seen["encodings"], seen["rows"][0]["cells"][3]) == ([], "Łódź")
    seen = previewed(api, rows.replace("Łódź", "Žďár").encode("windows-1250") + b"A-3;GIF", partial="true")
    assert (seen["encodings"][0], seen["row_count"]) == ("windows-1250", 2)
    assert previewed(api, GERMAN.encode("cp1252"))["encodings"] == []
    assert previewed(api, b'[{"code":"\xc5\x81"}]')["encodings"] == []


def test_the_suggested_mapping_imports_the_file(api: Api) -> None:
    mapping = json.dumps(previewed(api, GERMAN.encode())["mapping"])
    answer = api.http.post("/v1/vouchers/importCSV", files={"file": GERMAN.encode()}, data={"mapping": mapping})
    action = api.ended(answer.json()["async_action_id"])
    assert (action["done_count"], action["failed_count"]) == (1, 2)
    assert api.get("/v1/vouchers/H-1")["metadata"] == {"Filiale": "Berlin"}


@pytest.mark.parametrize(
    ("header", "row_type", "mapping"),
    [
        ("E-mail address,Full name,Date of birth,ZIP code,Loyalty tier", "customers",
         {"E-mail address": "Email", "Full name": "Name", "Date of birth": "Birthdate", "ZIP code": "Postal_Code"}),
        ("customer_email,customer_name,Phone number", "customers",
         {"customer_email": "Email", "customer_name": "Name", "Phone number": "Phone"}),
        ("Kundennummer;Name;Straße;PLZ;Ort;Land", "customers",
         {"Kundennummer": "Source_id", "Straße": "Address_line_1", "PLZ": "Postal_Code", "Ort": "City",
          "Land": "Country"}),
        ("voucher_code,Vouchr Type,amount off,Expires at", "vouchers",
         {"voucher_code": "Code", "Vouchr Type": "Voucher Type", "amount off": "Value",
          "Expires at": "Expiration Date"}),
        ("Coupon,Balance (EUR),Valid until", "campaign-vouchers",
         {"Coupon": "Code", "Balance (EUR)": "Gift Amount", "Valid until": "Expiration Date"}),
        ("Nazwa produktu;Kod produktu;Cena", "products",
         {"Nazwa produktu": "name", "Kod produktu": "source_id", "Cena": "price"}),
        ("Référence;Désignation;Prix unitaire", "products",
         {"Référence": "source_id", "Désignation": "name", "Prix unitaire": "price"}),
        ("SKU code,Product id,Variant,Precio,Moneda", "skus",
         {"SKU code": "source_id", "Variant": "sku", "Precio": "price", "Moneda": "currency"}),
    ],
)  # fmt: skip
def test_kinds_and_titles_of_foreign_files(api: Api, header: str, row_type: str, mapping: dict[str, str]) -> None:
    seen = previewed(api, f"{header}\n".encode())
    assert seen["row_type"] == row_type, seen["row_types"]
    assert seen["mapping"] == mapping
    assert (seen["rows"], seen["row_count"], seen["missing"]) == ([], 0, [])


@pytest.mark.parametrize("row_type", CSV_TEMPLATES)
def test_templates_are_known_for_what_they_are(api: Api, row_type: str) -> None:
    seen = previewed(api, api.http.get(f"/v1/templates/csv/{row_type}").content)
    assert (seen["row_type"], seen["mapping"], seen["missing"], seen["refusal"]) == (row_type, {}, [], None)
    assert {column["by"] for column in seen["columns"]} == {"title"}
    assert seen["row_types"][0]["confidence"] == 1
    assert [field["title"] for field in seen["fields"]][: len(CSV_TEMPLATES[row_type])] == list(CSV_TEMPLATES[row_type])


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("made", [csv_of, xlsx_of, lambda rows: gzip.compress(csv_of(rows))])
def test_reasons_are_those_of_the_import(api: Api, name: str, made: Any) -> None:
    file = FILES[name]
    file.prepare(api)
    seen = previewed(api, made(file.rows), campaign="Fall", row_type=TARGETS.get(name, name))
    assert seen["checked"] == "everything"
    assert [row["outcome"] for row in seen["rows"]] == ["created", "failed", "created"]
    assert "; ".join(problem["reason"] for problem in seen["rows"][1]["problems"]) == file.reason
    action = api.ended(api.http.post(file.path, files={"file": made(file.rows)}).json()["async_action_id"])
    assert [failed["reason"] for failed in action["result"]["failed"]] == [file.reason]
    again = previewed(api, made(file.rows), campaign="Fall", row_type=TARGETS.get(name, name))
    assert [row["outcome"] for row in again["rows"]] == ["updated", "failed", "updated"]


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("made", [lambda rows: json.dumps(rows).encode(), ndjson_of])
def test_json_rows_are_looked_at_too(api: Api, name: str, made: Any) -> None:
    file = OBJECTS[name]
    seen = previewed(api, made(file.rows))
    assert (seen["row_type"], seen["path"]) == (name, file.path)
    assert seen["rows"][1]["problems"][0]["reason"] in file.reason
    assert seen["rows"][1]["outcome"] == "failed"
    assert api.get(f"/v1/{name}")[name] == []


def test_a_json_file_that_would_be_refused_as_a_whole_says_so(api: Api) -> None:
    seen = previewed(
        api,
        b'[{"code": "A", "gift": {"amount": 1}}, {"code": "A", "gift": {"amount": 1}}]',
        row_type="campaign-vouchers",
    )
    assert seen["refusal"] == "Row 2 repeats the code A"


def test_a_mapping_is_taken_at_its_word(api: Api) -> None:
    mapping = {"Wert": "Value", "Art": "Voucher Type", "Notiz": None, "Filiale": "Store"}
    seen = previewed(api, GERMAN.encode(), mapping=json.dumps(mapping))
    assert seen["mapping"] == mapping
    assert uses(seen)["Gutschein-Code"] == ("metadata", "Gutschein-Code", None)
    assert uses(seen)["Notiz"] == ("left_out", None, "mapping")
    assert uses(seen)["Filiale"] == ("metadata", "Store", "mapping")
    assert seen["missing"] == ["Code"]
    assert "needs one" in seen["refusal"]
    assert {"column": None, "reason": "Code is required"} in seen["rows"][0]["problems"]
    assert uses(previewed(api, GERMAN.encode(), mapping="{}"))["Wert"] == ("metadata", "Wert", None)
    refused(api, GERMAN.encode(), 400, "invalid_query_params", "which the file does not have", mapping='{"X": "Code"}')


def test_a_foreign_id_is_not_taken_for_ours(api: Api) -> None:
    assert previewed(api, b"ID,Name\n4711,Ann\n")["mapping"] == {"ID": "Source_id"}
    ours = previewed(api, b"ID,Name\ncust_0123,Ann\n")
    assert ours["mapping"] == {}
    assert ours["rows"][0]["problems"] == [{"column": None, "reason": "Cannot find customer with id cust_0123"}]


def test_metadata_is_held_to_the_schema_of_the_project(api: Api) -> None:
    api.define_schema("customer", {"Tier": {"type": "number"}})
    seen = previewed(api, b"Source_id,Tier\na,gold\nb,2\n")
    (problem,) = seen["rows"][0]["problems"]
    assert (problem["column"], problem["reason"]) == (1, "Tier: must be a number (actual value is 'gold')")
    assert seen["rows"][1]["problems"] == []


def test_only_the_beginning_of_a_file_may_come(api: Api) -> None:
    content = ("Code,Voucher Type,Value,Note\n" + 'A,GIFT_VOUCHER,1,"two\nlines"\n' * 30).encode()
    for cut in (content[:-2], content[:-8], content[: -len('lines"\n')]):
        seen = previewed(api, cut, partial="true", limit="100")
        assert (seen["complete"], seen["row_count"], len(seen["rows"])) == (False, 29, 29)
        assert not any(row["problems"] for row in seen["rows"])
    assert previewed(api, gzip.compress(content)[:-20], partial="true")["row_type"] == "vouchers"
    rows = json.dumps([{"source_id": str(n), "items": []} for n in range(9)]).encode()
    for array in (rows[:-3], ndjson_of([{"source_id": str(n), "items": []} for n in range(9)])[:-5]):
        assert (previewed(api, array, partial="true")["row_count"], previewed(api, array, partial="1")["row_type"]) == (
            8, "orders",
        )  # fmt: skip
    refused(api, xlsx_of([["Code"], ["A"]]), 400, "invalid_payload", "as a whole", partial="true")
    refused(api, b"Code,Value", 400, "invalid_payload", "header", partial="true")


def test_what_has_to_be_known_before_the_rows_may_not_come_behind_them(api: Api) -> None:
    form = form_of(b"Code\n" + b"A\n" * 500_000)
    mark = b"--" + form["headers"]["Content-Type"].partition("boundary=")[2].encode()
    for name, path in (("partial", PREVIEW), ("delimiter", "/v1/vouchers/importCSV")):
        field = mark + f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n;\r\n'.encode() + mark + b"--\r\n"
        late = {**form, "content": form["content"].replace(mark + b"--\r\n", field)}
        check(api.http.post(path, **late), 400, "invalid_query_params", "before the form's file")


def test_as_many_rows_as_wanted_are_shown_with_their_numbers(api: Api) -> None:
    rows = b"Code,Voucher Type,Value\n" + b"".join(b"A%d,GIFT_VOUCHER,1\n" % n for n in range(250))
    assert len(previewed(api, rows)["rows"]) == 20
    seen = previewed(api, rows, limit="100")
    assert [row["row"] for row in seen["rows"]] == list(range(1, 101))
    assert seen["row_count"] == 250
    for limit in ("0", "101", "ten", "-1"):
        refused(api, rows, 400, "invalid_query_params", "limit", limit=limit)


def test_bare_bodies_and_the_query(api: Api) -> None:
    headers = {"Content-Type": "text/csv; charset=cp1252"}
    query = {"limit": "1", "row_type": "vouchers", "delimiter": ";"}
    answer = api.http.post(PREVIEW, content=GERMAN.encode("cp1252"), headers=headers, params=query)
    assert (answer.json()["encoding"], len(answer.json()["rows"])) == ("cp1252", 1)
    check(api.http.post(PREVIEW, content="x", headers={"Content-Type": "image/png"}), 415, "unsupported_media_type")


def test_the_delimiter_that_was_chosen_is_taken_by_the_import_too(api: Api) -> None:
    content = b"Code;Voucher Type;Value;Note, or, a, long, remark\nA;GIFT_VOUCHER;5;x\n"
    assert previewed(api, content)["delimiter"] == ";"  # more of the titles are known so than with commas
    assert previewed(api, content, delimiter=",")["delimiter"] == ","
    path = "/v1/vouchers/importCSV"
    as_commas = api.http.post(path, files={"file": content}, params={"delimiter": ","})
    check(as_commas, 400, "invalid_payload", "no column Code")
    check(api.http.post(path, files={"file": content}, params={"delimiter": "x"}), 400, "invalid_query_params")
    for request in ({"params": {"delimiter": ";"}}, {"data": {"delimiter": "semicolon"}}):
        action = api.ended(api.http.post(path, files={"file": content}, **request).json()["async_action_id"])
        assert action["done_count"] == 1
    tabbed = content.replace(b";", b"\t")
    assert previewed(api, tabbed, delimiter="tab")["delimiter"] == "\t"


def test_the_charset_that_was_chosen_is_taken_by_the_import_too(api: Api) -> None:
    content = "Source_id,Name\nK1,Łódź\n".encode("cp1250")
    path = "/v1/customers/importCSV"
    assert previewed(api, content, charset="windows-1250")["rows"][0]["cells"] == ["K1", "Łódź"]
    for request in ({"params": {"charset": "windows-1250"}}, {"data": {"charset": "cp1250"}}):
        api.ended(api.http.post(path, files={"file": content}, **request).json()["async_action_id"])
        assert api.get("/v1/customers/K1")["name"] == "Łódź"
        assert api.http.delete("/v1/customers/K1").status_code == 204
    check(api.http.post(path, files={"file": content}, params={"charset": "klingon"}), 415, "unsupported_media_type")
    check(api.http.post(path, files={"file": content}, params={"charsett": "cp1250"}), 400, "invalid_query_params")


def test_lines_whose_quotes_do_not_match_up_are_shown_as_they_are(api: Api) -> None:
    seen = previewed(api, b'Code,Voucher Type,Value\nA,"GIFT_VOUCHER,1\nB,GIFT_VOUCHER,1\n')
    assert seen["rows"][0]["cells"] == ['A,"GIFT_VOUCHER,1']
    assert seen["rows"][0]["problems"] == [{"column": None, "reason": "the quotes in this line do not match up"}]
    assert seen["rows"][1]["outcome"] == "created"


def test_vouchers_of_a_campaign_are_checked_against_it(api: Api) -> None:
    FILES["campaign"].prepare(api)
    content = csv_of(FILES["campaign"].rows)
    unchecked = previewed(api, content)
    assert (unchecked["row_type"], unchecked["checked"]) == ("campaign-vouchers", "nothing")
    assert "campaign" in unchecked["not_checked"]
    assert {row["outcome"] for row in unchecked["rows"]} == {"unknown"}
    ignored = previewed(api, b"Code,Value\nA,x\n", row_type="campaign-vouchers", campaign="Fall")
    assert uses(ignored)["Value"] == ("left_out", None, None)
    refused(api, content, 404, "not_found", "Nowhere", campaign="Nowhere", row_type="campaign-vouchers")


def test_a_preview_does_not_wait_for_an_import_that_runs(api: Api, served_database: str) -> None:
    assert api.http.post("/v1/customers", json={"source_id": "held", "name": "Ann"}).status_code == 200
    with psycopg.connect(served_database) as connection:
        connection.execute("SELECT FROM customers WHERE source_id = 'held' FOR UPDATE")
        seen = previewed(api, b"Source_id,Email\nheld,a@example.com\nb,x\n")
    assert seen["checked"] == "fields"
    assert "What exists already" in seen["not_checked"]
    assert [row["outcome"] for row in seen["rows"]] == ["unknown", "failed"]


def test_columns_of_one_title_are_shown_with_what_an_import_would_say(api: Api) -> None:
    seen = previewed(api, b"Code,code\nA,B\n")
    assert [column["title"] for column in seen["columns"]] == ["Code", "code (2)"]
    assert "more than once" in seen["refusal"]


def test_files_that_are_none(api: Api) -> None:
    refused(api, b"", 400, "invalid_payload", "empty")
    refused(api, b"\0\1\2\3" * 1_000, 400, "invalid_payload", "U+0000")
    refused(api, b"\xd0\xcf\x11\xe0" * 10, 400, "invalid_payload", "old Excel")
    refused(api, b"PK\x03\x04" + bytes(100), 400, "invalid_payload", "workbook")
    refused(api, b"\x1f\x8b" + bytes(100), 400, "invalid_payload", "gzip")
    refused(api, b'"Code' + b"\n" * 10, 400, "invalid_payload", "never closes")
    refused(api, b",".join(b"c%d" % n for n in range(1_001)), 400, "invalid_payload", "1001 columns")
    refused(api, b"x" * (2 << 20), 400, "invalid_payload", "longer than")
    refused(api, b"[1, 2", 400, "invalid_payload", "cut off")
    refused(api, b"Code\nA\n", 400, "invalid_query_params", "row_type", row_type="planets")
    refused(api, b"Code\nA\n", 400, "invalid_payload", "orders come as a JSON array", row_type="orders")
    refused(api, b"[]", 400, "invalid_payload", "skus come as a CSV file", row_type="skus")
    refused(api, b"Code\nA\n", 400, "invalid_query_params", "mapping", mapping="[]")
    refused(api, b"Code\nA\n", 415, "unsupported_media_type", "klingon", charset="klingon")
    check(api.http.post(PREVIEW, data={"row_type": "vouchers"}, files={"data": b"x"}), 400, "invalid_payload", "'file'")


def test_what_expands_without_end_is_looked_at_only_so_far(api: Api) -> None:
    blank = gzip.compress(b"Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n" + b" \n" * (32 << 20))
    seen = previewed(api, blank)
    assert (seen["complete"], seen["row_count"]) == (False, 1)
    refused(api, gzip.compress(b"A" * (64 << 20)), 400, "invalid_payload", "longer than")


def test_wide_files_are_answered_in_time(api: Api) -> None:
    titles = [f"column of some longer name {n}" for n in range(1_000)]
    rows = [titles, *[["x"] * 1_000] * 20]
    answer = api.http.post(PREVIEW, files={"file": csv_of(rows)}, timeout=60)
    assert {column["use"] for column in answer.json()["columns"]} == {"metadata"}


def test_what_can_be_imported_is_listed_with_its_limits(api: Api) -> None:
    list_spec = api.get("/v1/imports")
    row_types = {each["row_type"]: each for each in list_spec["data"]}
    assert list(row_types) == ["vouchers", "campaign-vouchers", "customers", "products", "skus", "orders"]
    assert row_types["vouchers"]["required_columns"] == [["Code"]]
    assert [field["title"] for field in row_types["vouchers"]["fields"] if field["required"]] == [
        "Code",
        "Voucher Type",
    ]
    assert (row_types["orders"]["path"], row_types["orders"]["json_path"]) == (None, "/v1/orders/import")
    for row_type in row_types.values():
        assert row_type["template"] is None or api.http.get(row_type["template"]).status_code == 200
    assert list_spec["limits"]["workbook_bytes"] == 100 << 20


@pytest.mark.parametrize("name", ["limit", "header_row"])
@pytest.mark.parametrize("number", ["0", "000000001000000000", "000000001" + "0" * 5_000, "9" * 5_000, "-1", "1.0"])
def test_numbers_that_are_none_are_refused(api: Api, name: str, number: str) -> None:
    words = f".{name} should be a whole number from 1 to"
    refused(api, b"Code\nA\n", 400, "invalid_query_params", words, **{name: number})


def test_no_more_of_a_compressed_body_is_expanded_than_is_looked_at(api: Api) -> None:
    rows = b"".join(b"A%d,GIFT_VOUCHER,5,%s\n" % (number, os.urandom(600).hex().encode()) for number in range(6_000))
    body = gzip.compress(b"Code,Voucher Type,Value,Note\n" + rows, 1)
    corrupt = body[:-2_000] + b"x" * 2_000
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    seen, expected = (
        api.http.post("/v1/imports/preview", content=content, headers=headers) for content in (corrupt, body)
    )
    assert (seen.status_code, seen.json()) == (200, expected.json())
    field = b'--x\r\nContent-Disposition: form-data; name="limit"\r\n\r\n0\r\n--x--\r\n'
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f.csv.gz"\r\n\r\n' + body + b"\r\n" + field
    behind = api.http.post(
        "/v1/imports/preview",
        content=gzip.compress(form, 1),
        headers={"Content-Type": "multipart/form-data; boundary=x", "Content-Encoding": "gzip"},
    )
    assert behind.status_code == 400, "the field behind the file was read"
