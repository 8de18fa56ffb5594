"""Many requests, each of them harmless."""

from tests.attack.attack import Attack, Plan
from tests.attack.attacks.parsers import HEADER, PREVIEW, VOUCHERS
from tests.attack.lab import CSV, Lab
from tests.attack.wire import Piece, Shot, head


def _tiny_actions(count: int, query: str = "") -> Plan:
    return lambda lab: [_numbered(lab, count, query)]


def _numbered(lab: Lab, count: int, query: str = "") -> Shot:
    """So many imports of one row over eight connections."""
    headers = [*lab.mine.headers, ("Content-Type", "application/x-ndjson")]
    row = b'{"code": "FLOOD-{n}", "type": "GIFT_VOUCHER", "gift": {"amount": 5}}\n'
    request = head("POST", f"/v1/vouchers/import{query}", headers, len(row) + 3)
    return Shot((Piece(request + row),), connections=8, requests=max(1, lab.many(count) // 8))


def _gets(path: str, connections: int, requests: int) -> Plan:
    return lambda lab: [lab.get(path, connections=connections, requests=lab.many(requests))]


def _group_by(lab: Lab) -> list[Shot]:
    action = lab.mine.imported(
        VOUCHERS, HEADER + b"".join(b"GROUP-%d,GIFT_VOUCHER,ten %d,\n" % (at, at) for at in range(lab.many(100_000)))
    )
    path = f"/v1/async-actions/{action}/failures?group_by=reason"
    return [lab.get(path, connections=20, requests=lab.many(5))]


def _heavy_lists(lab: Lab) -> list[Shot]:
    lines = b"".join(b"HEAVY-%d,GIFT_VOUCHER,5,\n" % at for at in range(lab.many(200_000)))
    lab.mine.imported(VOUCHERS, HEADER + lines)
    path = (
        "/v1/vouchers?limit=100&filters[metadata.k][conditions][$contains]=zzz&filters[code][conditions][$contains]=zz"
    )
    return [lab.get(path, connections=20, requests=lab.many(10))]


def _downloads(lab: Lab) -> list[Shot]:
    lines = b"".join(b"DOWN-%d,GIFT_VOUCHER,5,\n" % at for at in range(lab.many(200_000)))
    action = lab.mine.imported(VOUCHERS, HEADER + lines)
    paths = ("/v1/lists/csv/vouchers", f"/v1/async-actions/{action}/file")
    return [lab.get(path, connections=8, requests=2, answered=False) for path in paths]


def _long_running(lab: Lab) -> str:
    """An action that goes on for a while."""
    lines = b"".join(b"LONG-%d,GIFT_VOUCHER,ten %d,\n" % (at, at) for at in range(lab.many(500_000)))
    return str(lab.mine.post(VOUCHERS, HEADER + lines, CSV)["async_action_id"])


def _polls(lab: Lab) -> list[Shot]:
    path = f"/v1/async-actions/{_long_running(lab)}?wait=60"
    return [lab.get(path, connections=lab.many(200), answered=False)]


def _streams(lab: Lab) -> list[Shot]:
    path = f"/v1/async-actions/{_long_running(lab)}/events"
    return [lab.get(path, connections=lab.many(200), answered=False, reads="nothing")]


def _previews(lab: Lab) -> list[Shot]:
    body = HEADER + b"".join(b"PRE-%d,GIFT_VOUCHER,ten %d,PERCENT\n" % (at, at) for at in range(8_000))
    return [lab.post(PREVIEW, body, CSV, connections=20, requests=lab.many(3))]


def _uploads(lab: Lab) -> list[Shot]:
    body = HEADER + b"".join(b"UP-%d,GIFT_VOUCHER,5,\n" % at for at in range(lab.many(100_000)))
    return [lab.post(VOUCHERS, body, CSV, connections=10, requests=2)]


def _dry_giants(lab: Lab) -> list[Shot]:
    body = HEADER + b"".join(b"DRY-%d,GIFT_VOUCHER,ten %d,\n" % (at, at) for at in range(lab.many(500_000)))
    return [lab.post(f"{VOUCHERS}?dry_run=true", body, CSV, connections=2)]


def _retries(lab: Lab) -> list[Shot]:
    action = lab.mine.imported(
        VOUCHERS, HEADER + b"".join(b"RETRY-%d,GIFT_VOUCHER,ten,\n" % at for at in range(lab.many(1_000)))
    )
    path = f"/v1/async-actions/{action}"
    return [
        lab.post(f"{path}/retry", b"", connections=8, requests=lab.many(50)),
        lab.post("/v1/async-actions/cancel?status=ENQUEUED,IN_PROGRESS", b"", connections=4, requests=lab.many(30)),
        lab.post("/v1/async-actions/retry?failures=some", b"", connections=2, requests=lab.many(10)),
    ]


def _wrong_sign_ins(lab: Lab) -> list[Shot]:
    body = Piece(b"app_id=wrong&app_token=wrong")
    return [lab.request("POST", "/sign-in", body, media_type="application/x-www-form-urlencoded", keys=False,
                        connections=20, requests=lab.many(50))]  # fmt: skip


def _wrong_keys(lab: Lab) -> list[Shot]:
    request = head("GET", "/v1/vouchers", [("X-App-Id", "a{n}"), ("X-App-Token", "wrong")])
    return [Shot((Piece(request),), connections=20, requests=lab.many(500))]


def _singles(lab: Lab) -> list[Shot]:
    body = b'{"type": "GIFT_VOUCHER", "gift": {"amount": 5}}'
    return [lab.post("/v1/vouchers", body, connections=20, requests=lab.many(100))]


ATTACKS = (
    Attack("group_by", "20 group_by over 100,000 failures", _group_by),
    Attack(
        "flood of GET",
        "20 connections that get one voucher again and again",
        _gets("/v1/vouchers/bystander", 20, 1_000),
    ),
    Attack("flood of lists", "20 connections that list", _gets("/v1/vouchers?limit=100", 20, 200)),
    Attack("flood of /readyz", "20 connections", _gets("/readyz", 20, 500)),
    Attack("flood of documents", "20 connections that read /openapi.json", _gets("/openapi.json", 20, 100)),
    Attack("heavy filters", "20 lists with filters that find nothing", _heavy_lists),
    Attack("downloads", "16 downloads of 200,000 vouchers", _downloads),
    Attack("tiny actions", "1,000 imports of one row", _tiny_actions(1_000)),
    Attack(
        "tiny dry runs", "1,000 dry runs of one row", _tiny_actions(1_000, "?dry_run=true"), delays_own_imports=True
    ),
    Attack("single vouchers", "2,000 vouchers created one by one", _singles),
    Attack("uploads", "20 uploads of 100,000 rows, ten at once", _uploads),
    Attack("previews", "60 previews, 20 at once", _previews),
    Attack("dry runs of giants", "two dry runs of 500,000 rows that fail", _dry_giants),
    Attack("long polls", "200 long polls", _polls),
    Attack("streams", "200 streams that nobody reads", _streams),
    Attack("cancels and retries", "400 retries, 120 cancels of all", _retries, delays_own_imports=True),
    Attack("wrong sign-ins", "1,000 wrong sign-ins", _wrong_sign_ins),
    Attack("wrong keys", "10,000 requests with wrong keys", _wrong_keys),
)
