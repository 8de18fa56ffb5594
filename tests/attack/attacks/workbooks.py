"""Workbooks that are small and ask for much."""

import io
import zipfile
from functools import cache

from tests.attack.attack import Attack, Plan
from tests.attack.attacks.parsers import PREVIEW, VOUCHERS
from tests.attack.lab import Lab
from tests.attack.wire import Shot

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEADER = (
    "<row>"
    + "".join(f'<c t="inlineStr"><is><t>{title}</t></is></c>' for title in ("Code", "Voucher Type", "Value"))
    + "</row>"
)
_ROW = _HEADER.replace("Code", "X-1").replace("Voucher Type", "GIFT_VOUCHER").replace("Value", "5")


@cache
def workbook(rows: int, row: str = _ROW, sheets: int = 1, end: str = "", end_times: int = 0, strings: int = 0) -> bytes:
    """A workbook whose sheets have a header and the same row again and again, in front of something else."""
    file = io.BytesIO()
    names = range(1, sheets + 1)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{_MIME}.worksheet+xml"/>' for at in names
        )
        parts += f'<Override PartName="/xl/workbook.xml" ContentType="{_MIME}.sheet.main+xml"/>'
        parts += f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_MIME}.sharedStrings+xml"/>'
        types = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        book.writestr("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types">{types}{parts}</Types>')
        main = f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        book.writestr("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{main}</Relationships>')
        list_spec = "".join(f'<sheet name="S{at}" sheetId="{at}" r:id="r{at}"/>' for at in names)
        book.writestr(
            "xl/workbook.xml", f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>{list_spec}</sheets></workbook>'
        )
        related = "".join(
            f'<Relationship Id="r{at}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>' for at in names
        )
        related += f'<Relationship Id="rs" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        book.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>'
        )
        shared = "<si><t>a shared text</t></si>" * strings
        book.writestr("xl/sharedStrings.xml", f"<sst {_MAIN}>{shared}</sst>")
        for at in names:
            with book.open(f"xl/worksheets/sheet{at}.xml", "w") as sheet:
                sheet.write(f"<worksheet {_MAIN}><sheetData>{_HEADER}".encode())
                for start in range(0, rows, 1_000):
                    sheet.write(row.encode() * min(1_000, rows - start))
                sheet.write(b"</sheetData>" + end.encode() * end_times + b"</worksheet>")
    return file.getvalue()


def _workbooks(count: int, path: str = VOUCHERS, *, rows: int, **more: int | str) -> Plan:
    def plan(lab: Lab) -> list[Shot]:
        return [lab.post(path, workbook(lab.many(rows), **more), XLSX, connections=count)]

    return plan


def _others_wait(lab: Lab) -> list[Shot]:
    """Four of a project at once."""
    return [lab.post(VOUCHERS, workbook(lab.many(800_000)), XLSX, connections=4)]


# One of a project at a time, some 4 s each, is read to its end.
_READ = 10.0

ATTACKS = (
    Attack("XLSX: four of 430 KB", "four workbooks of 430 KB", _others_wait, answered=_READ),
    Attack("XLSX: preview", "eight previews of workbooks", _workbooks(8, PREVIEW, rows=800_000), answered=_READ),
    Attack(
        "XLSX: sheets",
        "a workbook of 2,000 sheets",
        lambda lab: [lab.post(VOUCHERS, workbook(20, sheets=lab.many(2_000)), XLSX)],
    ),
    Attack(
        "XLSX: strings",
        "2 million shared strings",
        lambda lab: [lab.post(VOUCHERS, workbook(10, strings=lab.many(2_000_000)), XLSX)],
    ),
    Attack(
        "XLSX: merged cells",
        "200,000 merged cells",
        lambda lab: [
            lab.post(
                VOUCHERS,
                workbook(
                    10, end='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>', end_times=lab.many(200_000)
                ),
                XLSX,
            )
        ],
    ),
    Attack("XLSX: empty rows", "2 million empty rows", _workbooks(2, rows=2_000_000, row="<row/>"), answered=_READ),
    Attack(
        "XLSX: far cell",
        "a cell in the last corner",
        _workbooks(4, rows=1, row='<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    ),
    Attack(
        "XLSX: no workbook",
        "100 MB behind PK",
        lambda lab: [lab.post(VOUCHERS, b"PK\x03\x04" * 25_000, XLSX, times=lab.many(1_000))],
    ),
)
