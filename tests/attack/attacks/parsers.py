"""Files that are hard to read: for whoever finds rows and columns, and for whoever reads cells."""

from tests.attack.attack import Attack, Plan
from tests.attack.lab import CSV, JSON, Lab
from tests.attack.wire import Piece, Shot

VOUCHERS = "/v1/vouchers/importCSV"
PREVIEW = "/v1/imports/preview"
HEADER = b"Code,Voucher Type,Value,Discount Type\n"
NDJSON = "application/x-ndjson"


def posted(path: str, unit: bytes, count: int, media_type: str = CSV, before: bytes = b"", after: bytes = b"") -> Plan:
    """A body of one unit many times, between a beginning and an end."""
    return lambda lab: [lab.post(path, before + unit * lab.many(count) + after, media_type)]


def _failing(column: int, cell: bytes, rows: int) -> Plan:
    """Rows whose cell has to be looked at each by itself; «{n}» in it is the row's number."""

    def plan(lab: Lab) -> list[Shot]:
        lines = []
        for number in range(lab.many(rows)):
            cells = [b"ODD-%d" % number, b"GIFT_VOUCHER", b"5", b""]
            cells[column] = cell.replace(b"{n}", b"%d" % number)
            lines.append(b",".join(cells))
        return [lab.post(VOUCHERS, HEADER + b"\n".join(lines), CSV)]

    return plan


def _preview_cells(title: bytes, cell: bytes, rows: int) -> Plan:
    return lambda lab: [lab.post(PREVIEW, b"Key," + title + b"\n" + b"".join(
        b"k-%d,%s\n" % (at, cell) for at in range(lab.many(rows))), CSV)]  # fmt: skip


def _short_rows_of_quotes(lab: Lab) -> list[Shot]:
    return [lab.post(VOUCHERS, b"Code,Voucher Type\n" + b'"x"y\n' * lab.many(8_000), CSV)]


def _one_by_one(before: bytes, unit: bytes, count: int) -> Plan:
    """A body whose bytes come one by one, as fast as they can."""
    return lambda lab: [lab.request("POST", VOUCHERS, Piece(before), Piece(unit, lab.many(count)), media_type=CSV)]


def _attributes(unit: bytes, count: int) -> Plan:
    """One SKU with attributes that are hard to take apart."""

    def plan(lab: Lab) -> list[Shot]:
        lab.mine.http.post("/v1/products", json={"name": "Attacked", "source_id": "attacked"})
        cell = b"{'a': '" + unit * lab.many(count)
        rows = b"source_id,product_id,sku,price,attributes\n" + b's-1,attacked,x,5,"' + cell + b'"\n'
        return [lab.post("/v1/skus/importCSV", rows, CSV)]

    return plan


def _product_attributes(unit: bytes, count: int) -> Plan:
    def plan(lab: Lab) -> list[Shot]:
        cell = b"['" + unit * lab.many(count)
        return [lab.post("/v1/products/importCSV", b'source_id,name,attributes\np-1,x,"' + cell + b'"\n', CSV)]

    return plan


def _array_of_metadata(unit: bytes, count: int) -> Plan:
    """A cell whose metadata definition is an array."""

    def plan(lab: Lab) -> list[Shot]:
        keys = lab.mine.keys
        lab.mine.http.post(
            f"/management/v1/projects/{keys.project}/metadata-schemas",
            headers={"X-Management-Id": keys.management_id, "X-Management-Token": keys.management_token},
            json={"related_object": "customer", "properties": {"tags": {"type": "string", "array": True}}},
        )
        cell = b"['" + unit * lab.many(count)
        return [lab.post("/v1/customers/importCSV", b'Source_id,tags\nc-1,"' + cell + b'"\n', CSV)]

    return plan


def _wide(path: str, columns: int, rows: int) -> Plan:
    def plan(lab: Lab) -> list[Shot]:
        wide = lab.many(columns)
        titles = b",".join(b"Column %d" % at for at in range(wide))
        lines = b"".join(b"W-%d,GIFT_VOUCHER,5" % at + b",x" * wide + b"\n" for at in range(rows))
        return [lab.post(path, b"Code,Voucher Type,Value," + titles + b"\n" + lines, CSV)]

    return plan


def _orders(items: int, orders: int) -> Plan:
    def plan(lab: Lab) -> list[Shot]:
        item = b'{"product_id": "attacked", "quantity": 1, "price": 1}'
        order = b'{"source_id": "big-%d", "items": [' + b",".join([item] * lab.many(items)) + b"]}"
        return [lab.post("/v1/orders/import", b"[" + b",".join(order % at for at in range(orders)) + b"]")]

    return plan


def _large_values(lab: Lab) -> list[Shot]:
    value = b'{"code": "LARGE-%d", "type": "GIFT_VOUCHER", "gift": {"amount": 5}, "metadata": {"k": ' + b"[" * 200
    value += b'"' + b"x" * lab.many(500_000) + b'"' + b"]" * 200 + b"}}\n"
    return [lab.post("/v1/vouchers/import", b"".join(value % at for at in range(40)), NDJSON)]


ATTACKS = (
    Attack(
        "preview: header of (",
        "preview of a CSV header of 30,000 (",
        posted(PREVIEW, b"(", 30_000, before=b"Code,", after=b"\nA,b\n"),
    ),
    Attack(
        "preview: header of digits",
        "a header of 30,000 digits",
        posted(PREVIEW, b"1", 30_000, before=b"Code,", after=b"\nA,b\n"),
    ),
    Attack(
        "preview: header of blanks",
        "a header of 200,000 blanks within a title",
        posted(PREVIEW, b" ", 200_000, before=b"a", after=b"b\nx\n"),
    ),
    Attack("preview: cells of dots", "cells of 30,000 1.1.1.1", _preview_cells(b"Value", b"1." * 60, 2_000)),
    Attack(
        "preview: cells of letters", "cells that nearly are dates", _preview_cells(b"Birthdate", b"abc " * 29, 2_000)
    ),
    Attack(
        "preview: cells of addresses",
        "cells that nearly are email addresses",
        _preview_cells(b"Email", b"a@" + b"a." * 58, 2_000),
    ),
    Attack("preview: long cells", "a cell of 900,000 a@", _preview_cells(b"Email", b"a@a." * 200_000, 1)),
    Attack("preview: quotes", "a file of 200,000 quotes", posted(PREVIEW, b'"', 200_000, before=b"Code\n")),
    Attack("preview: newlines", "131,072 newlines", posted(PREVIEW, b"\n", 131_072)),
    Attack("preview: columns", "100,000 columns", _wide(PREVIEW, 100_000, 2)),
    Attack("import: newlines", "131,072 newlines to importCSV", posted(VOUCHERS, b"\n", 131_072)),
    Attack(
        "import: newlines below a header", "20 million newlines", posted(VOUCHERS, b"\n", 20_000_000, before=HEADER)
    ),
    Attack("import: returns", "2 million carriage returns", posted(VOUCHERS, b"\r", 2_000_000, before=HEADER)),
    Attack("import: separators", "1 million lines of separators", posted(VOUCHERS, b",;\n", 1_000_000, before=HEADER)),
    Attack("import: broken quotes", '8,000 lines "x"y', _short_rows_of_quotes),
    Attack("import: newlines one by one", "131,072 newlines, each sent by itself", _one_by_one(b"", b"\n", 131_072)),
    Attack(
        "import: a quote one by one",
        "100,000 bytes of an open cell, each sent by itself",
        _one_by_one(HEADER + b'"', b"\n", 100_000),
    ),
    Attack("import: quotes only", "2 million quotes", posted(VOUCHERS, b'"', 2_000_000, before=HEADER)),
    Attack("import: quotes and lines", "500,000 lines of one quote", posted(VOUCHERS, b'"\n', 500_000, before=HEADER)),
    Attack("import: one line", "30 MB without a line's end", posted(VOUCHERS, b"x", 30_000_000, before=HEADER)),
    Attack("import: zeros", "5 MB of zero bytes", posted(VOUCHERS, b"\0", 5_000_000)),
    Attack(
        "import: UTF-16",
        "5 MB of half surrogates in UTF-16",
        posted(VOUCHERS, b"\x00\xd8", 2_500_000, before=b"\xff\xfeC\0o\0d\0e\0\n\0"),
    ),
    Attack("import: columns", "20,000 columns, 40 rows", _wide(VOUCHERS, 20_000, 40)),
    Attack("import: short rows", "4 million rows of one letter", posted(VOUCHERS, b"a\n", 4_000_000, before=b"Code\n")),
    Attack("import: odd values", "20,000 rows of which each fails in its own words", _failing(2, b"ten {n}", 20_000)),
    Attack("import: long numbers", "5,000 rows of numbers of 1,000 digits", _failing(2, b"1" * 1_000 + b"{n}", 5_000)),
    Attack("import: points", "2,000 rows of 20,000 points", _failing(2, b"1." * 10_000, 2_000)),
    Attack("import: dates", "2,000 rows of values like dates", _failing(2, b"1/" * 10_000, 2_000)),
    Attack("SKU: attributes", r"one SKU row, attributes of 40,000 \'", _attributes(rb"\'", 40_000)),
    Attack("SKU: quotes in attributes", "attributes of 40,000 ','", _attributes(b"','", 40_000)),
    Attack("product: attributes", r"attributes of 400,000 \'", _product_attributes(rb"\'", 400_000)),
    Attack("customer: array", r"an array of metadata of 400,000 \'", _array_of_metadata(rb"\'", 400_000)),
    Attack("JSON: nesting", "1 million [ as rows", posted("/v1/vouchers/import", b"[", 1_000_000, JSON)),
    Attack(
        "JSON: nesting in a row", "a row of 900,000 [", posted("/v1/vouchers/import", b"[", 900_000, JSON, b'[{"code":')
    ),
    Attack(
        "JSON: objects", "2 million {} as rows", posted("/v1/vouchers/import", b"{},", 2_000_000, JSON, b"[", b"{}]")
    ),
    Attack("JSON: blanks", "20 MB of blanks", posted("/v1/vouchers/import", b" ", 20_000_000, JSON, b"[", b"]")),
    Attack(
        "JSON: one text", "30 MB of a text without end", posted("/v1/vouchers/import", b"x", 30_000_000, JSON, b'["')
    ),
    Attack(
        "JSON: escapes",
        "a row of 900,000 backslashes",
        posted("/v1/vouchers/import", b"\\", 900_000, JSON, b'[{"code":"', b'"}]'),
    ),
    Attack("NDJSON: lines", "2 million lines of 1", posted("/v1/vouchers/import", b"1\n", 2_000_000, NDJSON)),
    Attack("NDJSON: empty lines", "20 million empty lines", posted("/v1/vouchers/import", b"\n", 20_000_000, NDJSON)),
    Attack("NDJSON: large values", "40 vouchers with metadata of 500 kB, deep", _large_values),
    Attack("orders: items", "20 orders of 10,000 items", _orders(10_000, 20)),
    Attack(
        "ids: many",
        "2.5 million ids to metadata/async",
        posted(
            "/v1/vouchers/metadata/async",
            b'"code-000001",',
            2_500_000,
            JSON,
            b'{"codes":[',
            b'"x"],"metadata":{"a":1}}',
        ),
    ),
    Attack(
        "ids: other values",
        "10 million numbers to metadata/async",
        posted("/v1/customers/metadata/async", b"1,", 10_000_000, JSON, b'{"source_ids":[', b'1],"metadata":{"a":1}}'),
    ),
    Attack(
        "ids: metadata",
        "metadata/async with 60 MB of metadata",
        posted(
            "/v1/products/metadata/async",
            b'"k":[[]],',
            6_000_000,
            JSON,
            b'{"source_ids":["a"],"metadata":{',
            b'"k":1}}',
        ),
    ),
)
