"""Small bodies that expand beyond reason."""

import gzip
import zlib
from functools import cache

from backports import zstd

from tests.attack.attack import Attack, Plan
from tests.attack.attacks.parsers import HEADER, PREVIEW, VOUCHERS
from tests.attack.lab import CSV, JSON, Lab
from tests.attack.wire import Piece, Shot

_MEBIBYTE = 1 << 20


@cache
def _packed(coding: str, before: bytes, unit: bytes, mebibytes: int) -> bytes:
    block = unit * (_MEBIBYTE // len(unit))
    packer = zlib.compressobj(9, wbits=31) if coding == "gzip" else zstd.ZstdCompressor(level=3)
    parts = [packer.compress(before), *(packer.compress(block) for _ in range(mebibytes)), packer.flush()]
    return b"".join(parts)


def _expanding(
    coding: str, path: str, unit: bytes, mebibytes: int, media_type: str = CSV, before: bytes = HEADER,
    *, keys: bool = True,
) -> Plan:  # fmt: skip
    def plan(lab: Lab) -> list[Shot]:
        body = Piece(_packed(coding, before, unit, lab.many(mebibytes)))
        headers = (("Content-Encoding", coding),)
        return [lab.request("POST", path, body, media_type=media_type, headers=headers, keys=keys)]

    return plan


def _nested(lab: Lab) -> list[Shot]:
    body = _packed("gzip", HEADER, b"\n", lab.many(1_000))
    for _ in range(2):
        body = gzip.compress(body)
    return [lab.request("POST", VOUCHERS, Piece(body), media_type=CSV, headers=(("Content-Encoding", "gzip, gzip"),))]


def _in_form(lab: Lab) -> list[Shot]:
    file = b'--part\r\nContent-Disposition: form-data; name="file"; filename="f.gz"\r\n\r\n'
    body = file + _packed("gzip", HEADER, b"\n", lab.many(1_000)) + b"\r\n--part--\r\n"
    return [lab.post(path, body, "multipart/form-data; boundary=part") for path in (VOUCHERS, PREVIEW)]


ATTACKS = (
    Attack("gzip: newlines", "1 GiB of newlines as gzip", _expanding("gzip", VOUCHERS, b"\n", 1_000)),
    Attack(
        "gzip: newlines, no header", "1 GiB of newlines as gzip", _expanding("gzip", VOUCHERS, b"\n", 1_000, before=b"")
    ),
    Attack("zstd: blanks", "2 GiB of blanks as zstd", _expanding("zstd", VOUCHERS, b" ", 2_000)),
    Attack("gzip: broken quotes", '16 MiB of x","y" as gzip', _expanding("gzip", VOUCHERS, b'x","y"\n\n', 16)),
    Attack("gzip: preview", "1 GiB of newlines", _expanding("gzip", PREVIEW, b"\n", 1_000)),
    Attack(
        "gzip: rows",
        "64 MiB of rows of one voucher as gzip",
        _expanding("gzip", VOUCHERS, b"A,GIFT_VOUCHER,1,\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", 64),
    ),
    Attack(
        "gzip: array", "1 GiB of blanks in an array", _expanding("gzip", "/v1/vouchers/import", b" ", 1_000, JSON, b"[")
    ),
    Attack(
        "gzip: ids",
        "60 MiB of ids",
        _expanding("gzip", "/v1/vouchers/metadata/async", b'"a",', 60, JSON, b'{"codes":['),
    ),
    Attack(
        "zstd: one voucher",
        "1 GiB of blanks as one voucher",
        _expanding("zstd", "/v1/vouchers", b" ", 1_000, JSON, b"{"),
    ),
    Attack(
        "gzip: sign-in",
        "1 GiB as a form, no sign-in",
        _expanding("gzip", "/sign-in", b"a=b&", 1_000, "application/x-www-form-urlencoded", b"", keys=False),
    ),
    Attack("gzip: nested", "gzip within gzip within gzip", _nested),
    Attack("gzip: in a form", "1 GiB of newlines as a form's file", _in_form),
)
