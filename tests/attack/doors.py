"""Every place at which a client may put a text of any length: fields, cells, titles, parameters, paths."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.attack.lab import CSV, JSON, Lab
from tests.attack.wire import Piece, Shot
from tests.http.hostile import CAMPAIGN, CUSTOMER, DEFINITION, ORDER, PRODUCT, VOUCHER, paths_in, replaced

UNITS = (
    "(", "[", "{", '"', "'", "\\", "\\'", ",", ";", " ", "\n", "\r", "\t", "1", "0", "1.", "1,", "1/", "1 ", "+1", "a@",
    "a.", "-", "a-", "%", "#", "e", "T1:", "é", "\u0301", "\u200d", "/", "ab ", "€ ", "['", "','", '","', "=", "a\n",
    "null,",
)  # fmt: skip
_FORM = "multipart/form-data; boundary=part"
_HEADER = "Code,Voucher Type,Value\n"
_ROW = "DOOR-1,GIFT_VOUCHER,5\n"
_MAX_LINE_LENGTH = 60_000  # of a URL or a header: servers refuse longer ones


@dataclass(frozen=True, slots=True)
class Door:
    """A place for a text, the request that has it there, and whether the answer is an action that has to end."""

    name: str
    shot: Callable[[Lab, str], Shot]
    max_length: int = 900_000


def all_doors(lab: Lab) -> list[Door]:
    """The doors of the server as it describes itself."""
    row_types = lab.mine.http.get("/v1/imports").json()["data"]
    return [*_fields(), *_cells(row_types), *_titles(), *_parameters(), *_lines()]


def _fields() -> Iterator[Door]:
    """Every value of every JSON body."""
    rule = {"length": 4, "charset": "ab", "pattern": "#", "prefix": "x", "postfix": "y"}
    voucher = {**VOUCHER, "code_config": rule}
    bodies: list[tuple[str, str, Any, bool]] = [
        ("POST", "/v1/vouchers", {"type": "GIFT_VOUCHER", "gift": {"amount": 5}, "code_config": rule}, False),
        ("PUT", "/v1/vouchers/bystander", voucher, False), ("POST", "/v1/campaigns", CAMPAIGN, False),
        ("POST", "/v1/customers", CUSTOMER, False), ("POST", "/v1/products", PRODUCT, False),
        ("POST", "/v1/orders", ORDER, False), ("POST", "/v1/categories", {"name": "x", "hierarchy": 1}, False),
        ("POST", "/v1/keys", {"name": "x", "kind": "app", "role": "reader"}, False),
        ("POST", "/v1/vouchers/import", voucher, True), ("POST", "/v1/vouchers/bulk/async", voucher, True),
        ("POST", "/v1/customers/bulk/async", CUSTOMER, True), ("POST", "/v1/products/bulk/async", PRODUCT, True),
        ("POST", "/v1/orders/import", ORDER, True),
    ]  # fmt: skip
    for method, path, sample, rows in bodies:
        for steps in paths_in(sample):
            name = f"{method} {path} .{'.'.join(map(str, steps))}"
            yield Door(name, _field(method, path, sample, steps, rows))
    for name, body in (("voucher", "codes"), ("customer", "source_ids"), ("product", "source_ids")):
        for key in (body, "metadata"):
            sample = {body: ["a"], "metadata": {"k": "x"}}
            steps = (body, 0) if key == body else ("metadata", "k")
            yield Door(
                f"POST /v1/{name}s/metadata/async .{key}",
                _field("POST", f"/v1/{name}s/metadata/async", sample, steps, False),
            )
    for name in DEFINITION:
        yield Door(f"schema .{name}", _definition(name))


def _field(method: str, path: str, sample: Any, steps: tuple[Any, ...], rows: bool) -> Callable[[Lab, str], Shot]:
    def shot(lab: Lab, text: str) -> Shot:
        body = replaced(sample, steps, text)
        return lab.request(method, path, Piece(json.dumps([body] if rows else body).encode()))

    return shot


def _definition(name: str) -> Callable[[Lab, str], Shot]:
    def shot(lab: Lab, text: str) -> Shot:
        keys = lab.mine.keys
        headers = (("X-Management-Id", keys.management_id), ("X-Management-Token", keys.management_token))
        body = {"related_object": "sku", "properties": {"k": {**DEFINITION, name: text}}}
        path = f"/management/v1/projects/{keys.project}/metadata-schemas"
        return lab.request("POST", path, Piece(json.dumps(body).encode()), keys=False, headers=headers)

    return shot


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _cells(row_types: list[dict[str, Any]]) -> Iterator[Door]:
    """Every column of every kind of file, imported and looked at."""
    for row_type in row_types:
        titles = [field["title"] for field in row_type["fields"]]
        for title in (*titles, "anything else"):
            if row_type["path"] and "{" not in row_type["path"]:
                yield Door(f"{row_type['path']} {title}", _cell(row_type["path"], titles, title))
            yield Door(
                f"preview {row_type['row_type']} {title}",
                _cell(f"/v1/imports/preview?row_type={row_type['row_type']}", titles, title),
            )


def _cell(path: str, titles: list[str], title: str) -> Callable[[Lab, str], Shot]:
    def shot(lab: Lab, text: str) -> Shot:
        columns = list(dict.fromkeys([*titles, title]))
        cells = [_quoted(text) if each == title else "1" for each in columns]
        return lab.post(path, f"{','.join(columns)}\n{','.join(cells)}\n".encode(), CSV)

    return shot


def _titles() -> Iterator[Door]:
    """What stands above the rows, between them, or instead of them."""
    for path, rows in (
        ("/v1/vouchers/importCSV", "/v1/vouchers/import"),
        ("/v1/imports/preview", "/v1/imports/preview"),
    ):
        yield Door(f"{path} a title", _body(path, lambda text: f"Code,{_quoted(text)}\nDOOR,1\n"))
        yield Door(f"{path} the header", _body(path, lambda text: f"{text}\n1,2\n"))
        yield Door(f"{path} above the header", _body(path, lambda text: f"{text}\n{_HEADER}{_ROW}"))
        yield Door(f"{path} below the header", _body(path, lambda text: f"{_HEADER}{text}\n{_ROW}"))
        yield Door(f"{path} lines", _body(path, lambda text: _HEADER + (text[:8] + "\n") * (len(text) // 9)))
        yield Door(f"{path} alone", _body(path, lambda text: text))
        yield Door(f"{rows} as JSON", _body(rows, lambda text: f"[{text}", JSON))
        yield Door(f"{rows} as NDJSON", _body(rows, lambda text: text, "application/x-ndjson"))


def _body(path: str, content: Callable[[str], str], media_type: str = CSV) -> Callable[[Lab, str], Shot]:
    def shot(lab: Lab, text: str) -> Shot:
        return lab.post(path, content(text).encode(), media_type)

    return shot


def _form(path: str, name: str, value: str) -> Callable[[Lab, str], Shot]:
    def shot(lab: Lab, text: str) -> Shot:
        field = f'--part\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value.replace("…", text)}\r\n'
        file = '--part\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n'
        return lab.post(path, f"{field}{file}{_HEADER}{_ROW}\r\n--part--\r\n".encode(), _FORM)

    return shot


def _parameters() -> Iterator[Door]:
    """Every field of the forms of files."""
    for path in ("/v1/vouchers/importCSV", "/v1/imports/preview"):
        for name in ("charset", "delimiter", "sheet", "header_row", "max_failures", "on_error", "row_type", "limit"):
            yield Door(f"{path} {name}", _form(path, name, "…"))
        for name, value in (
            ("mapping", '{"…": "Code"}'), ("mapping", '{"Code": "…"}'), ("mapping", "…"),
            ("defaults", '{"Value": "…"}'), ("defaults", '{"…": "1"}'), ("values", "…"),
            ("values", '{"Voucher Type": {"…": "GIFT_VOUCHER"}}'), ("values", '{"Voucher Type": {"a": "…"}}'),
        ):  # fmt: skip
            yield Door(f"{path} {name} {value}", _form(path, name, value))


def _lines() -> Iterator[Door]:
    """What may stand in the first line of a request, or in its headers."""
    queries = (
        "/v1/vouchers?filters[code][conditions][$contains]=…", "/v1/vouchers?…=1", "/v1/vouchers?filters[…][x]=1",
        "/v1/vouchers?[filters]…=1", "/v1/vouchers?order=…", "/v1/vouchers?created_at[before]=…",
        "/v1/vouchers?limit=…", "/v1/vouchers?category=…", "/v1/vouchers?filters[metadata.k][conditions][$in]=…",
        "/v1/vouchers/…", "/v1/customers?starting_after=…", "/v1/customers?email=…",
        "/v1/async-actions?file_name=…", "/v1/async-actions?status=…", "/v1/async-actions?start_date=…",
        "/v1/async-actions?starting_after_id=…", "/v1/async-actions/…", "/v1/campaigns/…",
        "/v1/orders?filters[amount][conditions][$more_than]=…", "/v1/throughput?start_date=…", "/v1/reports/…",
        "/sign-in?next=…", "/v1/…", "/…",
    )  # fmt: skip
    for query in queries:
        yield Door(f"GET {query}", _line(query), _MAX_LINE_LENGTH // 3)
    for name in ("X-App-Id", "Idempotency-Key", "Cookie", "Content-Type", "Content-Encoding", "Accept", "Range"):
        yield Door(f"header {name}", _header(name), _MAX_LINE_LENGTH)


def _line(query: str) -> Callable[[Lab, str], Shot]:
    def shot(lab: Lab, text: str) -> Shot:
        return lab.get(query.replace("…", quote(text)))

    return shot


def _header(name: str) -> Callable[[Lab, str], Shot]:
    def shot(lab: Lab, text: str) -> Shot:
        value = text.replace("\n", "n").replace("\r", "r")
        headers = ((name, value),) if name != "Cookie" else ((name, f"tallykeep={value}"),)
        return lab.request("POST", "/v1/vouchers/importCSV", Piece(b"x\n"), media_type=CSV, headers=headers)

    return shot
