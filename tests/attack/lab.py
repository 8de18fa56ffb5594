"""A server of its own with two projects in it: the attacker's, and the bystander's."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tallykeep.db.embedded import prepare_embedded
from tallykeep.tenants.projects import Keys
from tests.attack.memory import Held, at_rest
from tests.attack.tallies import Books
from tests.attack.wire import Address, Piece, Shot, head
from tests.server import Server, new_project

CSV = "text/csv"
JSON = "application/json"
_BYSTANDER = {"type": "GIFT_VOUCHER", "gift": {"amount": 5}}
_FORGIVEN = 15  # MiB above rest that may stay before a server is replaced


class Project:
    """One project's keys, and a client that prepares what an attack needs."""

    def __init__(self, url: str, keys: Keys) -> None:
        self.keys = keys
        self.headers = [("X-App-Id", keys.app_id), ("X-App-Token", keys.app_token)]
        self.http = httpx.Client(base_url=url, headers=dict(self.headers), timeout=120, trust_env=False)

    def post(self, path: str, body: bytes = b"", media_type: str = JSON, **query: str) -> dict[str, Any]:
        """The answer to a request that has to be taken."""
        answer = self.http.post(path, content=body, headers={"Content-Type": media_type}, params=query)
        assert answer.status_code < 300, answer.text
        return dict(answer.json())

    def imported(self, path: str, body: bytes, media_type: str = CSV, **query: str) -> str:
        """Import and wait for the end; the action's id."""
        action = str(self.post(path, body, media_type, **query)["async_action_id"])
        while self.http.get(f"/v1/async-actions/{action}", params={"wait": 30}).json()["status"] not in (
            "DONE",
            "FAILED",
        ):
            time.sleep(0.05)
        return action


@dataclass
class Lab:
    """What an attack is planned with; `scale` makes everything smaller, for a quick look."""

    server: Server
    books: Books
    mine: Project
    other: Project
    rest: Held
    scale: float = 1

    @property
    def address(self) -> Address:
        where = urlsplit(self.server.url)
        return Address(where.hostname or "", where.port or 0)

    def many(self, count: int) -> int:
        """So many, or as many as the scale leaves of them."""
        return max(1, round(count * self.scale))

    def post(self, path: str, body: bytes, media_type: str = JSON, *, times: int = 1, **more: Any) -> Shot:
        """A POST with the attacker's keys; the body so many times in a row."""
        return self.request("POST", path, Piece(body, times), media_type=media_type, **more)

    def get(self, path: str, headers: tuple[tuple[str, str], ...] = (), **more: Any) -> Shot:
        """A GET with the attacker's keys."""
        return Shot((Piece(head("GET", path, [*self.mine.headers, *headers])),), **more)

    def request(
        self, method: str, path: str, *body: Piece, media_type: str = JSON, keys: bool = True,
        headers: tuple[tuple[str, str], ...] = (), length: int | None = None, **more: Any,
    ) -> Shot:  # fmt: skip
        """Any request with a body of these pieces; `length` says another length than theirs."""
        all_headers = [*(self.mine.headers if keys else ()), ("Content-Type", media_type), *headers]
        real = sum(len(piece.data) * piece.times for piece in body)
        front = Piece(head(method, path, all_headers, real if length is None else length))
        return Shot((front, *body), **more)

    def renew(self) -> bool:
        """Start the server anew where the last attack has left a trace in its processes; whether it did."""
        now = at_rest(self.server, 0.3)
        grown = any(size - self.rest.resident.get(name, 0) > _FORGIVEN
                    for name, size in now.resident.items() if not name.startswith("child"))  # fmt: skip
        left = now.children > self.rest.children
        if not grown and not left and self.books.unended() == 0:
            return False
        self.restart()
        return True

    def restart(self) -> None:
        """Stop and start the roles; what is at rest is measured anew."""
        for project in (self.mine, self.other):
            project.http.close()
        self.books.close()
        self.server.stop()
        self.server.start()
        self.server.wait_ready()
        self.books.open()
        self.mine, self.other = Project(self.server.url, self.mine.keys), Project(self.server.url, self.other.keys)
        warm_up(self)


def warm_up(lab: Lab) -> None:
    """Let every kind of work be done once, so that what it needs is there; then measure what is held at rest."""
    for project in (lab.mine, lab.other):
        project.http.post("/v1/vouchers/bystander", json=_BYSTANDER)
    for project in (lab.mine, lab.other):
        lines = b"".join(b"WARM-%d,GIFT_VOUCHER,5,note %d\n" % (at, at) for at in range(20_000))
        project.imported("/v1/vouchers/importCSV", b"Code,Voucher Type,Value,Note\n" + lines)
        project.post("/v1/imports/preview", b"Code,Voucher Type,Value\nA,GIFT_VOUCHER,5\n", CSV)
        project.imported("/v1/orders/import", b'[{"source_id": "warm"}]', JSON)
        project.imported("/v1/customers/importCSV", b"Source_id,Name\nwarm,Warm\n")
        for path in ("/v1/vouchers", "/v1/async-actions", "/v1/campaigns", "/v1/imports", "/openapi.json", "/sign-in"):
            project.http.get(path)
    lab.rest = at_rest(lab.server)


@contextmanager
def running_lab(directory: Path, scale: float, database_url: str | None = None) -> Iterator[Lab]:
    """A lab on a server of its own, with an embedded database unless one is given."""
    server = Server(directory, database_url=database_url).start()
    url = database_url or prepare_embedded(directory / "data" / "postgres").url
    books = Books(url)
    try:
        mine, other = (Project(server.url, new_project(url, name)) for name in ("Attacker", "Bystander"))
        lab = Lab(server, books, mine, other, Held(), scale)
        warm_up(lab)
        yield lab
    finally:
        books.close()
        server.stop()
