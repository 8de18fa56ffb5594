"""Fields of JSON bodies, parameters and headers that are far larger than anybody needs."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.attack.attack import Attack, Plan
from tests.attack.attacks.parsers import HEADER, PREVIEW, VOUCHERS
from tests.attack.lab import CSV, JSON, Lab
from tests.attack.wire import Piece, Shot

_FORM = "multipart/form-data; boundary=part"
_ROWS = HEADER + b"FIELDS-1,GIFT_VOUCHER,5,\n"
_VOUCHER = {"type": "GIFT_VOUCHER", "gift": {"amount": 5}}


def _rule(of: str, name: str, unit: str, count: int) -> Plan:
    """A rule for codes, in a voucher or a campaign."""

    def plan(lab: Lab) -> list[Shot]:
        voucher = {**_VOUCHER, "code_config": {name: unit * lab.many(count)}}
        body = voucher if of == "vouchers" else {"name": f"C-{name}", "vouchers_count": 3, "voucher": voucher}
        return [lab.post(f"/v1/{of}", json.dumps(body).encode())]

    return plan


def _long_code(lab: Lab) -> list[Shot]:
    return [lab.get(f"/v1/vouchers/{'%20' * lab.many(20_000)}", connections=4, requests=5)]


def _query(path: str, text: Callable[[Lab], str], **more: Any) -> Plan:
    return lambda lab: [lab.get(f"{path}?{text(lab)}", **more)]


def _filters(lab: Lab) -> str:
    return "&".join(f"filters[metadata.k{at}][conditions][$contains][0]=(a%2B)%2B$" for at in range(lab.many(1_000)))


def form(**fields: bytes) -> bytes:
    """A form of these fields, with a small file at its end."""
    parts = [b'--part\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
             for name, value in fields.items()]  # fmt: skip
    file = b'--part\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n' + _ROWS
    return b"".join(parts) + file + b"\r\n--part--\r\n"


def _field(path: str, name: str, unit: bytes, count: int, before: bytes = b"", after: bytes = b"") -> Plan:
    def plan(lab: Lab) -> list[Shot]:
        return [lab.post(path, form(**{name: before + unit * lab.many(count) + after}), _FORM)]

    return plan


def _many_fields(path: str, part: bytes, count: int) -> Plan:
    def plan(lab: Lab) -> list[Shot]:
        one = b'--part\r\nContent-Disposition: form-data; name="' + part + b'"\r\n\r\nx\r\n'
        return [lab.post(path, one * lab.many(count) + b"--part--\r\n", _FORM)]

    return plan


def _mapping(lab: Lab) -> list[Shot]:
    mapping = json.dumps({f"Column {at}": None for at in range(lab.many(100_000))})
    values = json.dumps({"Voucher Type": {f"Word {at}": "GIFT_VOUCHER" for at in range(lab.many(100_000))}})
    body = form(mapping=mapping.encode(), values=values.encode())
    return [lab.post(path, body, _FORM) for path in (VOUCHERS, PREVIEW)]


def _sign_in(pieces: tuple[bytes, bytes, bytes], times: int) -> Plan:
    """A form for signing in, whose middle comes so many times; no keys."""

    def plan(lab: Lab) -> list[Shot]:
        before, middle, after = (Piece(piece) for piece in pieces)
        many = Piece(middle.data, lab.many(times))
        return [lab.request("POST", "/sign-in", before, many, after, media_type=_FORM, keys=False)]

    return plan


def _sign_in_urlencoded(unit: bytes, times: int) -> Plan:
    return lambda lab: [
        lab.post("/sign-in", unit * 1_000, "application/x-www-form-urlencoded", times=lab.many(times))
    ]  # fmt: skip


_FIELD = b'--part\r\nContent-Disposition: form-data; name="app_id"\r\n\r\n'
_FILE = b'--part\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
_END = b"\r\n--part--\r\n"


def _headers(lab: Lab) -> list[Shot]:
    many = tuple((f"X-Many-{at}", "x") for at in range(lab.many(500)))
    long = (("Cookie", "; ".join(f"a{at}=b" for at in range(lab.many(4_000)))),)
    keys = (("Idempotency-Key", "k" * lab.many(40_000)),)
    return [
        lab.get("/v1/vouchers", many, connections=2, requests=5), lab.get("/tasks", long, connections=2, requests=5),
        lab.request("POST", VOUCHERS, media_type=CSV, headers=keys),
    ]  # fmt: skip


def _many_values(lab: Lab) -> list[Shot]:
    body = {"code": "DEEP", **_VOUCHER, "metadata": {f"k{at}": [{"a": at}] for at in range(lab.many(50_000))}}
    return [lab.post("/v1/vouchers/DEEP", json.dumps(body).encode())]


def _schema(lab: Lab) -> list[Shot]:
    keys = lab.mine.keys
    definitions = {
        f"k{at}": {"type": "string", "eq": [str(each) for each in range(50)]} for at in range(lab.many(5_000))
    }
    headers = (("X-Management-Id", keys.management_id), ("X-Management-Token", keys.management_token))
    body = Piece(json.dumps({"related_object": "product", "properties": definitions}).encode())
    path = f"/management/v1/projects/{keys.project}/metadata-schemas"
    return [lab.request("POST", path, body, keys=False, headers=headers)]


ATTACKS = (
    Attack("rule: pattern", "code_config.pattern of 500,000 #", _rule("campaigns", "pattern", "#", 500_000)),
    Attack(
        "rule: pattern of a voucher", "code_config.pattern of 500,000 #", _rule("vouchers", "pattern", "#", 500_000)
    ),
    Attack(
        "rule: charset", "code_config.charset of 900,000 signs", _rule("campaigns", "charset", "abcdefghij", 90_000)
    ),
    Attack(
        "rule: prefix", "code_config.prefix of 900,000 signs", _rule("vouchers", "prefix", "\u200d" * 9 + "a", 90_000)
    ),
    Attack("JSON: metadata", "a voucher with 50,000 metadata keys", _many_values),
    Attack(
        "JSON: a voucher of blanks",
        "1 MB of blanks",
        lambda lab: [lab.post("/v1/vouchers", b" " * lab.many(1_000_000) + b"{}", JSON)],
    ),
    Attack(
        "JSON: a voucher of nesting",
        "1 MB of [",
        lambda lab: [lab.post("/v1/vouchers", b"[" * lab.many(1_000_000), JSON)],
    ),
    Attack(
        "JSON: a number of digits",
        "an amount of 1 MB of digits",
        lambda lab: [
            lab.post(
                "/v1/vouchers", b'{"type":"GIFT_VOUCHER","gift":{"amount":' + b"1" * lab.many(1_000_000) + b"}}", JSON
            )
        ],
    ),
    Attack("schema: definitions", "5,000 definitions of 50 values each", _schema),
    Attack("GET: long code", "a code of 60 KB", _long_code),
    Attack("GET: filters", "1,000 filters", _query("/v1/vouchers", _filters, connections=2, requests=3)),
    Attack(
        "GET: file name",
        "a file_name of 60,000 %",
        _query("/v1/async-actions", lambda lab: "file_name=" + "%25_" * lab.many(15_000), connections=2, requests=3),
    ),
    Attack(
        "GET: statuses",
        "a status of 30,000 commas",
        _query("/v1/async-actions", lambda lab: "status=" + ",DONE" * lab.many(12_000), connections=2, requests=3),
    ),
    Attack(
        "GET: order and cursor",
        "order and starting_after of 30,000 signs",
        _query(
            "/v1/customers", lambda lab: f"order={'-' * lab.many(30_000)}&starting_after={quote('é' * lab.many(5_000))}"
        ),
    ),
    Attack(
        "GET: parameters", "10,000 parameters", _query("/v1/vouchers", lambda lab: "a=&" * lab.many(20_000), requests=3)
    ),
    Attack("import: mapping", "100,000 columns mapped, 100,000 values", _mapping),
    Attack("import: mapping of nesting", "a mapping of 100,000 [", _field(VOUCHERS, "mapping", b"[", 100_000)),
    Attack("import: charset", "a charset of 1 million -", _field(VOUCHERS, "charset", b"-", 1_000_000)),
    Attack("import: sheet", "a sheet named by 10 MB of digits", _field(VOUCHERS, "sheet", b"1", 10_000_000)),
    Attack(
        "import: header_row",
        "a header_row of 4 million digits",
        _field(VOUCHERS, "header_row", b"0", 4_000_000, b"", b"1"),
    ),
    Attack(
        "import: defaults", "a default of 900,000 (", _field(VOUCHERS, "defaults", b"(", 900_000, b'{"Value": "', b'"}')
    ),
    Attack("import: fields", "200,000 fields in a form", _many_fields(VOUCHERS, b"mapping", 200_000)),
    Attack(
        "import: names of fields", "300 fields, each with a name of 20 KB", _many_fields(PREVIEW, b"x" * 20_000, 300)
    ),
    Attack(
        "sign-in: large fields",
        "400 fields of 1 MB, no sign-in",
        _sign_in((b"", _FIELD + b"x" * 1_000_000 + b"\r\n", _END), 400),
    ),
    Attack("sign-in: one field", "a field of 400 MB", _sign_in((_FIELD, b"x" * (1 << 20), _END), 400)),
    Attack("sign-in: a file", "a file of 400 MB, no sign-in", _sign_in((_FILE, b"x" * (1 << 20), _END), 400)),
    Attack("sign-in: fields", "1 million fields", _sign_in((b"", (_FIELD + b"x\r\n") * 1_000, _END), 1_000)),
    Attack("sign-in: urlencoded", "100 MB of a=&", _sign_in_urlencoded(b"a=&", 33_000)),
    Attack("sign-in: escapes", "100 MB of %41", _sign_in_urlencoded(b"%41", 33_000)),
    Attack("headers", "500 headers, a cookie of 32 KB, a key of 40 KB", _headers),
)
