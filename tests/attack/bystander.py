"""The bystander, a process of its own: `python -m tests.attack.bystander` does honest work and keeps the worst of it.

It says «ready» once it has seen everything work, goes on until its input ends, and then writes what it has seen.
"""

import asyncio
import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.attack.wire import Address, Answer, Piece, ask, head

TIMEOUT = 60.0  # for one answer
_PAUSE = 0.1
_TICK = 0.02
_POLL = 0.03
_REFUSALS = (429, 503)
_ENDED = ("DONE", "FAILED")


@dataclass(slots=True)
class Seen:
    """What one kind of asking met: how often it was answered well, refused, or not at all, and the slowest."""

    count: int = 0
    worst: float = 0
    at: float = 0  # when the slowest began, in seconds of the attack
    refused: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Bystander:
    """All loops of one bystander; `worst_tick` is how late its own loop ever was, which is no fault of the server."""

    address: Address
    seen: dict[str, Seen] = field(default_factory=dict)
    worst_tick: float = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    began: float = field(default_factory=time.monotonic)

    async def measure(self, name: str, work: Callable[[], Awaitable[Answer]]) -> None:
        """Do it once and note how it went."""
        began, seen = time.monotonic(), self.seen.setdefault(name, Seen())
        answer = await work()
        seconds = time.monotonic() - began
        if seconds > seen.worst:
            seen.worst, seen.at = round(seconds, 3), round(began - self.began, 1)
        if answer.status in _REFUSALS:
            seen.refused[f"{answer.status} {answer.text[:300]}"] += 1
        elif not 200 <= answer.status < 300:
            seen.broken[f"{answer.status} {answer.text[:300]}"] += 1
        else:
            seen.count += 1

    async def again(self, name: str, work: Callable[[], Awaitable[Answer]]) -> None:
        """Do it until the end."""
        while not self.ended.is_set():
            await self.measure(name, work)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), _PAUSE)

    async def tick(self) -> None:
        """Look how late this process itself is."""
        while not self.ended.is_set():
            before = time.monotonic()
            await asyncio.sleep(_TICK)
            self.worst_tick = max(self.worst_tick, time.monotonic() - before - _TICK)

    def asks(self, path: str, headers: Iterable[tuple[str, str]] = ()) -> Callable[[], Awaitable[Answer]]:
        """To get this path."""
        request = (Piece(head("GET", path, [*headers, ("Connection", "close")])),)
        return lambda: ask(self.address, request, TIMEOUT)

    def imports(self, headers: list[tuple[str, str]], prefix: str) -> Callable[[], Awaitable[Answer]]:
        """To import one row and to see it done."""
        numbers = itertools.count()

        async def work() -> Answer:
            row = {"code": f"{prefix}-{os.getpid()}-{next(numbers)}", "type": "GIFT_VOUCHER", "gift": {"amount": 5}}
            body = json.dumps([row]).encode()
            all_headers = [*headers, ("Content-Type", "application/json"), ("Connection", "close")]
            request = (Piece(head("POST", "/v1/vouchers/import", all_headers, len(body)) + body),)
            answer = await ask(self.address, request, TIMEOUT)
            if answer.status != 202:
                return answer
            return await self._ended(f"/v1/async-actions/{json.loads(answer.text)['async_action_id']}", headers)

        return work

    async def _ended(self, path: str, headers: list[tuple[str, str]]) -> Answer:
        read, deadline = self.asks(path, headers), time.monotonic() + TIMEOUT
        answer = Answer(0, 0, "never DONE")
        while time.monotonic() < deadline:
            answer = await read()
            if answer.status == 200 and any(f'"status":"{status}"' in answer.text for status in _ENDED):
                return (
                    answer if '"done_count":1' in answer.text or '"SUCCESS"' in answer.text else Answer(1, 0, "failed")
                )
            await asyncio.sleep(_POLL)
        return Answer(0, 0, "never DONE")


async def stand_by(address: Address, projects: dict[str, list[tuple[str, str]]]) -> Bystander:
    """Work for each of the projects, given by their headers, until the input ends."""
    bystander = Bystander(address)
    requests = {"livez": bystander.asks("/livez"), "readyz": bystander.asks("/readyz")}
    for name, headers in projects.items():
        requests[f"get {name}"] = bystander.asks("/v1/vouchers/bystander", headers)
        requests[f"list {name}"] = bystander.asks("/v1/vouchers?limit=10", headers)
        requests[f"import {name}"] = bystander.imports(headers, "by")
    for name, work in requests.items():
        await bystander.measure(name, work)
    bystander.seen.clear()
    print("ready", flush=True)
    bystander.began = time.monotonic()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), bystander.ended.set)
    await asyncio.gather(bystander.tick(), *(bystander.again(name, work) for name, work in requests.items()))
    return bystander


def main() -> None:
    """Read where to ask with which headers, and write what was seen."""
    with suppress(OSError):
        os.nice(-5)  # so that a busy machine delays the measuring less than what is measured
    plan: dict[str, Any] = json.loads(sys.stdin.readline())
    projects = {name: [(key, value) for key, value in headers] for name, headers in plan["projects"].items()}
    bystander = asyncio.run(stand_by(Address(*plan["address"]), projects))
    seen = {name: {each: getattr(seen, each) for each in seen.__slots__} for name, seen in bystander.seen.items()}
    print(json.dumps({"seen": seen, "own": round(bystander.worst_tick, 3)}))


if __name__ == "__main__":
    main()
