"""Work that holds what others of the same project wait for."""

import json
import time

from tests.attack.attack import Attack
from tests.attack.attacks.parsers import HEADER, VOUCHERS
from tests.attack.lab import CSV, JSON, Lab
from tests.attack.wire import Piece, Shot

_HELD = 300_000
_TIMEOUT = 60.0  # seconds until the import that holds them has begun to


def _held(lab: Lab, value: int = 5) -> bytes:
    return HEADER + b"".join(b"HELD-%d,GIFT_VOUCHER,%d,\n" % (at, value) for at in range(lab.many(_HELD)))


def _hold(lab: Lab) -> None:
    """Begin a reject import of codes that exist, and wait until it holds the first of them."""
    lab.mine.imported(VOUCHERS, _held(lab))
    lab.mine.post(VOUCHERS, _held(lab, 6), CSV, on_error="reject")
    deadline = time.monotonic() + _TIMEOUT
    while lab.books.unended() and not lab.books.is_locked("HELD-1") and time.monotonic() < deadline:
        time.sleep(0.02)


def _puts(lab: Lab) -> list[Shot]:
    body = Piece(b'{"additional_info": "x"}')
    puts = lab.request("PUT", "/v1/vouchers/HELD-1", body, connections=10, requests=3)
    _hold(lab)
    return [puts]


def _imports(lab: Lab) -> list[Shot]:
    small = HEADER + b"HELD-1,GIFT_VOUCHER,7,\nHELD-2,GIFT_VOUCHER,7,\n"
    _hold(lab)
    return [lab.post(VOUCHERS, small, CSV, connections=5)]


def _more(lab: Lab) -> list[Shot]:
    """Every other way to what is held."""
    _hold(lab)
    return [
        lab.request("DELETE", "/v1/vouchers/HELD-2", connections=10),
        lab.post("/v1/vouchers/HELD-3/disable", b"", connections=10),
        lab.post("/v1/vouchers/bulk/async", b'[{"code": "HELD-4", "metadata": {"a": 1}}]', connections=3),
        lab.post("/v1/vouchers/metadata/async", b'{"codes": ["HELD-5"], "metadata": {"a": 1}}', connections=3),
        lab.post(f"{VOUCHERS}?on_error=reject", HEADER + b"HELD-6,GIFT_VOUCHER,7,\n", CSV, connections=3),
        lab.post(f"{VOUCHERS}?dry_run=true", HEADER + b"HELD-7,GIFT_VOUCHER,7,\n", CSV, connections=3),
        lab.post("/v1/imports/preview", HEADER + b"HELD-8,GIFT_VOUCHER,7,\n", CSV, connections=10),
    ]


def _schemas(lab: Lab) -> list[Shot]:
    """Changes of schemas and categories, which wait for the batches in hand."""
    keys = lab.mine.keys
    headers = (("X-Management-Id", keys.management_id), ("X-Management-Token", keys.management_token))
    schema = Piece(b'{"related_object": "voucher", "properties": {"k": {"type": "string"}}}')
    path = f"/management/v1/projects/{keys.project}/metadata-schemas"
    _hold(lab)
    return [
        lab.request("POST", path, schema, keys=False, headers=headers, connections=5),
        lab.post("/v1/categories", b'{"name": "held", "hierarchy": 1}', connections=5),
        lab.post("/v1/vouchers", b'{"type": "GIFT_VOUCHER", "gift": {"amount": 5}}', connections=10),
    ]  # fmt: skip


def _campaign(lab: Lab) -> str:
    body = {"name": f"Attacked {lab.books.now()}", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5}},
            "vouchers_count": lab.many(300_000)}  # fmt: skip
    return str(lab.mine.post("/v1/campaigns", json.dumps(body).encode())["id"])


def _deletes(lab: Lab) -> list[Shot]:
    """A campaign that is filled, changed and deleted at once."""
    campaign = _campaign(lab)
    path = f"/v1/campaigns/{campaign}"
    return [
        lab.post(f"{path}/vouchers?vouchers_count=20000", b"{}", connections=5),
        lab.request("PUT", path, Piece(b'{"description": "x", "metadata": {"a": 1}}'), connections=5, after=0.5),
        lab.post(f"{path}/disable", b"", connections=3, after=0.5),
        lab.request("DELETE", path, connections=10, after=1),
    ]


def _purges(lab: Lab) -> list[Shot]:
    lines = b"".join(b"PURGE-%d,GIFT_VOUCHER,5,x\n" % at for at in range(lab.many(200_000)))
    lab.mine.imported(VOUCHERS, b"Code,Voucher Type,Value,k\n" + lines)
    return [
        lab.post("/v1/metadata-schemas/voucher/definitions/k/purge", b"", JSON, connections=5),
        lab.post(VOUCHERS, b"Code,Voucher Type,Value,k\n" + lines, CSV, connections=2),
    ]


def _giants(lab: Lab) -> list[Shot]:
    """Ten imports of many rows at once, each of them holding nothing of anybody."""
    body = HEADER + b"".join(b"GIANT-%d,GIFT_VOUCHER,5,\n" % at for at in range(lab.many(200_000)))
    return [
        lab.post(VOUCHERS, body, CSV, connections=3),
        lab.post(f"{VOUCHERS}?on_error=reject", body, CSV, connections=3),
    ]


ATTACKS = (
    Attack("held codes: PUTs", "PUTs on a voucher that a reject import holds, ten at once", _puts),
    Attack("held codes: imports", "five small imports on codes that a reject import holds", _imports),
    Attack("held codes: everything else", "every other way to codes that a reject import holds", _more),
    Attack("held codes: schemas", "changes of schemas and categories meanwhile", _schemas),
    Attack("campaign: deletes", "a campaign that is filled, changed and deleted at once", _deletes),
    Attack("purges", "five purges of a key that two imports write", _purges, delays_own_imports=True),
    Attack("giants", "three imports and three reject imports of the same 200,000 codes", _giants),
)
