"""`python -m benchmarks.request_cost [--against CHECKOUT]`: what a request costs the processors, by the kernel's count.

Unlike seconds, that means something on a machine that has other work to do. With `--against`, the server of another
checkout (with a `.venv` of its own) runs beside this one's, and both are asked in turns.
"""

import argparse
import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from benchmarks.children.load import SERIAL
from benchmarks.database import PROJECT_ID
from benchmarks.latency import three_rows
from benchmarks.server import HEADERS, Bench, running_bench
from tallykeep.db.queries import queries

_sql = queries(__package__, "request_cost.sql")

_CONNECTIONS = 8
_WARM_UP = 2  # rounds
_IMPORT = "/v1/vouchers/import"
_CLOCK_OF_PROCESS = 2  # with the complement of its id before these three bits: what it had of the processors
_WHOSE = ("api", "its sessions", "worker")  # that of the worker with its sessions

_Cost = dict[str, float]  # processor seconds a request
_Costs = list[_Cost]


class _Server:
    """A server with what it is asked for: an action that has ended, and one that is under way."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.ended, self._running = (self._done_action(number) for number in range(2))
        bench.database.execute(_sql.put_under_way, project_id=PROJECT_ID, id=self._running)
        self.bearer = _bearer(bench)

    def _done_action(self, number: int) -> str:
        action_id = str(self.bench.request("POST", _IMPORT, three_rows(f"ASKED-{number}"))["async_action_id"])
        self.bench.database.wait_for_end(action_id)
        return action_id

    def messages(self, case: str) -> Iterator[bytes] | None:
        """The requests of a case; None where this server knows no tokens."""
        what, _, way = case.partition(", ")
        headers: Mapping[str, str] | None = self.bearer if way == "bearer" else HEADERS
        if headers is None:
            return None
        if what == "submit":
            message = self._message("POST", _IMPORT, headers, json.dumps(three_rows(SERIAL)))
            return (message.replace(SERIAL.encode(), b"%019d" % number) for number in itertools.count(time.time_ns()))
        path = f"/v1/async-actions/{self._running if what == 'get under way' else self.ended}"
        if what == "poll":
            headers = {**headers, "If-None-Match": self._tag(path)}
        return itertools.repeat(self._message("GET", path, headers))

    def _tag(self, path: str) -> str:
        connection = HTTPConnection(urlsplit(self.bench.url).netloc)
        connection.request("GET", path, headers=HEADERS)
        tag = connection.getresponse().headers["ETag"]
        connection.close()
        return str(tag)

    def _message(self, method: str, path: str, headers: Mapping[str, str], body: str = "") -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(self.bench.url).netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
        return "\r\n".join([*lines, "", body]).encode()

    def cost(self, messages: Iterator[bytes], count: int) -> _Cost:
        """What so many requests cost, until what they have started is done."""
        before = self._used()
        asyncio.run(_send(self.bench.url, itertools.islice(messages, count)))
        while self.bench.database.one(_sql.any_other_unfinished, id=self._running):
            time.sleep(0.05)
        used = self._used()
        shares = dict.fromkeys(_WHOSE, 0.0)
        for pid, (whose, seconds) in used.items():
            shares[whose] += seconds - before.get(pid, (whose, 0.0))[1]
        return {whose: seconds / count for whose, seconds in shares.items()}

    def _used(self) -> dict[int, tuple[str, float]]:
        """Whose each process is, and what it has had of the processors by now; what has ended is left out."""
        whose = {self.bench.role(name).pid: name for name in ("api", "worker")}
        for pid, is_of_api in self.bench.database.execute(_sql.sessions).fetchall():
            whose[pid] = "its sessions" if is_of_api else "worker"
        return {pid: (name, time.clock_gettime(~pid << 3 | _CLOCK_OF_PROCESS)) for pid, name in whose.items()}


def _bearer(bench: Bench) -> Mapping[str, str] | None:
    """A token of OAuth in a header; None from a server that has none."""
    try:
        return {"Authorization": f"Bearer {bench.access_token()}"}
    except AssertionError:
        return None


async def _send(url: str, messages: Iterator[bytes]) -> None:
    await asyncio.gather(*(_send_some(url, messages) for _ in range(_CONNECTIONS)))


async def _send_some(url: str, messages: Iterator[bytes]) -> None:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    for message in messages:
        writer.write(message)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith((b"HTTP/1.1 2", b"HTTP/1.1 304")):
            sys.exit(f"{head!r}")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or b"0"))
    writer.close()


CASES = (
    "get, keys", "get, bearer", "poll, keys", "poll, bearer", "get under way, keys", "get under way, bearer",
    "submit, keys", "submit, bearer",
)  # fmt: skip


def main() -> None:
    """Print microseconds of the processors a request: the median of some rounds, and the least."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="another checkout, set up by make setup")
    parser.add_argument("--requests", type=int, default=400, help="in each round of a case (default: 400)")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cases", nargs="*", metavar="PART", default=[""], help="parts of names, such as get or keys")
    arguments = parser.parse_args()
    pythons = {"here": Path(sys.executable)}
    if arguments.against:
        pythons["against"] = arguments.against.resolve() / ".venv/bin/python"
    cases = [case for case in CASES if any(part in case for part in arguments.cases)]
    with ExitStack() as stack:
        servers = {
            name: _Server(stack.enter_context(running_bench(python=str(python)))) for name, python in pythons.items()
        }
        _print(_costs(servers, cases, arguments.rounds, arguments.requests))


def _costs(servers: Mapping[str, _Server], cases: list[str], rounds: int, count: int) -> dict[tuple[str, str], _Costs]:
    """What each case costs on each server, round by round, in turns; the first two rounds warm up and do not count."""
    messages_of = {(case, name): servers[name].messages(case) for case in cases for name in servers}
    costs: dict[tuple[str, str], _Costs] = {who: [] for who, messages in messages_of.items() if messages is not None}
    for number in range(rounds + _WARM_UP):
        for (case, name), known in costs.items():
            messages = messages_of[case, name]
            assert messages is not None
            cost = servers[name].cost(messages, count)
            if number >= _WARM_UP:
                known.append(cost)
    return costs


def _print(costs: Mapping[tuple[str, str], _Costs]) -> None:
    for (case, name), known in costs.items():
        shares = []
        for whose in _WHOSE:
            all_of_it = [1e6 * cost[whose] for cost in known]
            shares.append(f"{whose} {median(all_of_it):5.0f} (least {min(all_of_it):4.0f})")
        print(f"{case:22}{name:8}{'  '.join(shares)}")


if __name__ == "__main__":
    main()
