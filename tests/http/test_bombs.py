"""Small files that expand beyond reason: refused or read in memory that stays flat, with others served meanwhile."""

import io
import struct
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import xlsxwriter

from tests.http.test_errors import check
from tests.http.test_inputs import FILES, PACK, XLSX, body_of, form_of, packed, submitted, xlsx_of
from tests.server import Api, ApiOnly, Server, new_project, serving

CSV = "/v1/vouchers/importCSV"
HEADER = b"Code,Voucher Type,Value\n"
BLANK = (b" " * 65_535 + b"\n") * 16  # lines that are no rows, 1 MiB of them
GIBIBYTE = 1 << 30
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def narrow(session_dir: Path, server: Server, served_database: str) -> Iterator[Api]:
    """A server that allows little."""
    limits = {
        "EXPANDED_BYTES": 100_000, "XLSX_BYTES": 1_000_000, "XLSX_MEMORY_BYTES": 400_000_000,
        "ROW_BYTES": 5_000,
    }  # fmt: skip
    variables = {f"TALLYKEEP_MAX_{name}": str(value) for name, value in limits.items()}
    with serving(session_dir / "narrow", ApiOnly, database_url=served_database, **variables) as running:
        client = Api(running.url, new_project(served_database))
        yield client
        client.http.close()


@pytest.mark.parametrize("coding", PACK)
def test_what_expands_beyond_the_setting_is_refused(narrow: Api, coding: str) -> None:
    rows = HEADER + b"A,GIFT_VOUCHER,1\n" * 10_000
    for request in (
        packed(body_of(rows, "text/csv"), coding),
        packed(form_of(rows), coding),
        form_of(PACK[coding](rows)),
    ):
        check(narrow.http.post(CSV, **request), 413, "payload_too_large", "TALLYKEEP_MAX_EXPANDED_BYTES", coding)
    array = packed(body_of(b"[" + b" " * 200_000 + b"]", "application/json"), coding)
    check(narrow.http.post("/v1/vouchers/import", **array), 413, "payload_too_large", "TALLYKEEP_MAX_EXPANDED_BYTES")
    one = packed(body_of(b"{" + b" " * 6_000 + b"}", "application/json"), coding)
    check(narrow.http.post("/v1/vouchers/A", **one), 413, "payload_too_large", "TALLYKEEP_MAX_ROW_BYTES")
    assert narrow.get("/v1/async-actions")["async_actions"] == []


def test_what_a_body_of_ids_says_beside_them_is_as_large_as_a_row(narrow: Api) -> None:
    body = {"codes": ["A" * 100] * 200, "metadata": {"note": "x" * 6_000}}
    answer = narrow.http.post("/v1/vouchers/metadata/async", json=body)
    check(answer, 413, "payload_too_large", "TALLYKEEP_MAX_ROW_BYTES", "metadata")


def test_workbooks_have_limits_of_their_own(narrow: Api) -> None:
    large = b"PK\x03\x04" + bytes(1_000_000)
    check(narrow.http.post(CSV, **form_of(large)), 413, "payload_too_large", "TALLYKEEP_MAX_XLSX_BYTES")
    expands = xlsx_of([["Code"], *(["A"] for _ in range(3_000))])
    check(narrow.http.post(CSV, **form_of(expands)), 413, "payload_too_large", "TALLYKEEP_MAX_EXPANDED_BYTES")


def _far_apart() -> bytes:
    """A workbook of 5 kB with values in its first and its very last cell."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "Code")
        sheet.write(1_048_575, 16_383, "far")
    return file.getvalue()


def _understated() -> bytes:
    """A workbook with a cell of half a gigabyte, and a directory that says it is small."""
    file, size = io.BytesIO(), 0
    sheet1 = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(xlsx_of([["Code"], ["A"]]))) as book, zipfile.ZipFile(file, "w") as bomb:
        for name in book.namelist():
            if name != sheet1:
                bomb.writestr(name, book.read(name))
        entry = zipfile.ZipInfo(sheet1)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with bomb.open(entry, "w") as sheet:
            size += sheet.write(b'<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>')
            for _ in range(512):
                size += sheet.write(b"x" * MEBIBYTE)
    return file.getvalue().replace(struct.pack("<I", size), struct.pack("<I", 1_000))


@contextmanager
def watched(api: Api, process: psutil.Process) -> Iterator[list[int]]:
    """By how many bytes the process grows, and how many others it answers meanwhile."""
    before, ended = process.memory_info().rss, threading.Event()
    seen = [0, 0]

    def watch() -> None:
        with httpx.Client(base_url=api.url, trust_env=False) as other:
            while not ended.is_set():
                seen[1] += other.get("/livez").status_code == 200
                seen[0] = max(seen[0], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def test_a_workbook_that_asks_for_all_memory_ends_its_reader_only(api: Api, server: Server) -> None:
    role = server.role("api")
    with watched(api, role) as seen:
        answer = api.http.post(CSV, **body_of(_far_apart(), XLSX))
    check(answer, 400, "invalid_payload", "The workbook cannot be read", "far from the others")
    assert seen[0] < 100 * MEBIBYTE
    assert seen[1] > 1
    assert server.role("api").pid == role.pid
    assert submitted(api, CSV, form_of(xlsx_of(FILES["vouchers"].rows)))["done_count"] == 2


def test_a_workbook_that_understates_its_size_is_refused(narrow: Api) -> None:
    answer = narrow.http.post(CSV, **body_of(_understated(), XLSX))
    check(answer, 400, "invalid_payload", "The workbook cannot be read")
    assert submitted(narrow, CSV, form_of(xlsx_of(FILES["vouchers"].rows)))["done_count"] == 2


@pytest.mark.parametrize(("coding", "way"), [("gzip", "body"), ("zstd", "file")])
@pytest.mark.parametrize(("size", "code"), [(100 * MEBIBYTE, 202), (GIBIBYTE, 400)])
def test_memory_stays_flat_whatever_a_stream_expands_to(
    api: Api, server: Server, coding: str, way: str, size: int, code: int
) -> None:
    pack = PACK[coding]
    bomb = pack(HEADER) + pack(BLANK) * (size // len(BLANK)) + pack(b"A,GIFT_VOUCHER,1\n")
    assert len(bomb) < 16 * MEBIBYTE
    request = form_of(bomb) if way == "file" else body_of(bomb, "text/csv")
    if way == "body":
        request["headers"]["Content-Encoding"] = coding
    with watched(api, server.role("api")) as seen:
        answer = api.http.post(CSV, timeout=300, **request)
    if code == 202:
        assert api.ended(answer.json()["async_action_id"])["done_count"] == 1
    else:
        check(answer, code, "invalid_payload", "128 MiB", "before row 1 together")
        assert api.get("/v1/async-actions")["async_actions"] == []
    assert seen[0] < 100 * MEBIBYTE
    assert seen[1] > 1
