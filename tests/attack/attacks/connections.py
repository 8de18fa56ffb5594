"""What can be done with connections, before and after a request is whole."""

from tests.attack.attack import Attack, Plan
from tests.attack.attacks.parsers import HEADER, PREVIEW, VOUCHERS
from tests.attack.lab import CSV, JSON, Lab
from tests.attack.wire import Piece, Shot, head

_FOREVER = 1 << 40  # pieces
_UPLOAD = 1 << 30  # bytes that a slow upload announces
_FILE = "multipart/form-data; boundary=part"


def _endless(*pieces: Piece, connections: int = 4) -> Plan:
    return lambda lab: [Shot(pieces, connections=connections, answered=False)]


def _rows(count: int) -> bytes:
    return HEADER + b"".join(b"SLOW-%d,GIFT_VOUCHER,5,\n" % at for at in range(count))


def _slow_uploads(
    connections: int, path: str = VOUCHERS, media_type: str = CSV, before: bytes = b"", pause: float = 1
) -> Plan:
    """Uploads that begin well and then go on by one byte a second."""

    def plan(lab: Lab) -> list[Shot]:
        head = Piece(before + (_rows(lab.many(25_000)) if media_type != JSON else b"[" + b"{}, " * lab.many(25_000)))
        trickle = Piece(b" ", _FOREVER, pause)
        return [lab.request("POST", path, head, trickle, media_type=media_type, length=_UPLOAD,
                            connections=connections, answered=False)]  # fmt: skip

    return plan


def _small_slow_bodies(lab: Lab) -> list[Shot]:
    slow = (Piece(b"{"), Piece(b" ", _FOREVER, 1))
    paths = ("/v1/vouchers", "/v1/campaigns", "/v1/vouchers/metadata/async", "/sign-in", PREVIEW)
    return [
        lab.request("POST", path, *slow, length=100_000, connections=lab.many(20), answered=False) for path in paths
    ]


def _no_bodies(lab: Lab) -> list[Shot]:
    """Bodies that are announced and never come."""
    return [
        lab.request("POST", path, length=1_000, connections=lab.many(50), answered=False)
        for path in (VOUCHERS, "/v1/vouchers")
    ]


def _slow_headers(lab: Lab) -> list[Shot]:
    pieces = (Piece(b"GET /v1/vouchers HTTP/1.1\r\nHost: x\r\n"), Piece(b"X: y\r\n", _FOREVER, 1))
    return [Shot(pieces, connections=lab.many(200), answered=False)]


def _idle(count: int, data: bytes) -> Plan:
    return lambda lab: [Shot((Piece(data),), connections=lab.many(count), reads="nothing", answered=False)]


def _chunked(chunk: bytes, times: int, *, end: bool = True, pause: float = 0) -> Plan:
    def plan(lab: Lab) -> list[Shot]:
        headers = [*lab.mine.headers, ("Content-Type", CSV), ("Transfer-Encoding", "chunked")]
        last = (Piece(b"0\r\n\r\n"),) if end else ()
        front = Piece(head("POST", VOUCHERS, headers) + b"%x\r\n%s\r\n" % (len(HEADER), HEADER))
        return [Shot((front, Piece(chunk, lab.many(times), pause), *last), answered=end)]

    return plan


def _pipelined(lab: Lab) -> list[Shot]:
    one = head("GET", "/v1/vouchers?limit=100", lab.mine.headers)
    return [Shot((Piece(one * 100, lab.many(1_000)),), connections=4, reads="nothing", answered=False)]


def _unread(lab: Lab) -> list[Shot]:
    """Downloads that nobody reads."""
    lines = b"".join(b"UNREAD-%d,GIFT_VOUCHER,ten,\n" % at for at in range(lab.many(300_000)))
    action = lab.mine.imported(VOUCHERS, HEADER + lines)
    paths = (f"/v1/async-actions/{action}/file", f"/v1/async-actions/{action}/failures.csv",
             f"/v1/async-actions/{action}/failures.ndjson", "/v1/lists/csv/vouchers")  # fmt: skip
    return [lab.get(path, reads="nothing", answered=False, connections=lab.many(20)) for path in paths]


def _read_and_left(lab: Lab) -> list[Shot]:
    """Uploads that break off."""
    return [
        lab.request("POST", VOUCHERS, Piece(_rows(lab.many(50_000))), media_type=CSV, length=1_000_000, connections=4)
    ]


_GET = b"GET /v1/vouchers HTTP/1.1\r\nHost: x\r\n"

ATTACKS = (
    Attack(
        "headers without end",
        "request headers that never end",
        _endless(Piece(_GET), Piece(b"X-A: " + b"a" * 1_000 + b"\r\n", _FOREVER)),
        seconds=20,
    ),
    Attack(
        "one header without end",
        "a header that never ends",
        _endless(Piece(_GET + b"X-A: "), Piece(b"a" * (1 << 16), _FOREVER)),
        seconds=20,
    ),
    Attack(
        "URL of 60 MB",
        "a URL of 60 MB, no sign-in",
        lambda lab: [
            Shot((Piece(b"GET /"), Piece(b"a" * 1_000_000, lab.many(60)), Piece(b" HTTP/1.1\r\nHost: x\r\n\r\n")))
        ],
    ),
    Attack(
        "URL without end",
        "a URL that never ends",
        _endless(Piece(b"GET /"), Piece(b"%41" * 20_000, _FOREVER)),
        seconds=20,
    ),
    Attack("method without end", "a method that never ends", _endless(Piece(b"A" * (1 << 16), _FOREVER)), seconds=20),
    Attack(
        "chunk extension without end",
        "a chunk whose extension never ends",
        _chunked(b"1;" + b"a" * 60_000, 10_000, end=False),
        seconds=20,
    ),
    Attack("chunks of one byte", "1 million chunks of one byte", _chunked(b"1\r\n\n\r\n" * 1_000, 1_000)),
    Attack(
        "trailers without end",
        "trailers that never end",
        _chunked(b"0\r\n" + b"X-A: b\r\n" * 5_000, 10_000, end=False),
        seconds=20,
    ),
    Attack("slow uploads", "ten slow uploads of 25,000 rows", _slow_uploads(10)),
    Attack("slow uploads, many", "100 slow uploads", _slow_uploads(100)),
    Attack("slow uploads, JSON", "ten slow uploads of JSON", _slow_uploads(10, "/v1/vouchers/import", JSON)),
    Attack("slow previews", "30 slow previews", _slow_uploads(30, PREVIEW)),
    Attack("slow workbooks", "ten slow workbooks", _slow_uploads(10, before=b"PK\x03\x04")),
    Attack(
        "slow forms",
        "ten slow forms",
        _slow_uploads(
            10,
            media_type=_FILE,
            before=(b'--part\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n'),
        ),
    ),
    Attack("slow small bodies", "100 small bodies, one byte a second", _small_slow_bodies),
    Attack("bodies that never come", "100 announced bodies", _no_bodies),
    Attack("slow headers", "200 connections, one header a second", _slow_headers),
    Attack("idle connections", "500 connections that say nothing", _idle(500, b"")),
    Attack("half requests", "500 connections that stop in the middle of a header", _idle(500, _GET)),
    Attack(
        "kept connections",
        "500 connections that have asked once",
        _idle(500, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"),
    ),
    Attack("pipelined", "400,000 requests in a row, answers unread", _pipelined, seconds=20),
    Attack("unread downloads", "80 downloads that nobody reads", _unread),
    Attack("broken uploads", "4 uploads that say one length and have another", _read_and_left),
)
