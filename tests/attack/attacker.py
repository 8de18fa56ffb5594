"""The attacker, a process of its own: `python -m tests.attack.attacker` fires the pickled shots of its input."""

import asyncio
import json
import pickle
import re
import resource
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.attack.wire import Address, Answer, Shot, connect, exchange, send

_ACCEPTED = re.compile(r'\{"async_action_id":\s?"(\w+)"')
_FIRST = 3  # texts that are kept of each status


@dataclass(slots=True)
class Tally:
    """What the attacker was answered: how often with which status, and the slowest of those that were owed."""

    statuses: Counter[str] = field(default_factory=Counter)
    slowest: float = 0
    unanswered: int = 0  # that were owed an answer and had none when the attack was over
    examples: dict[str, list[str]] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)
    began: float = 0
    seconds: float = 0

    def add(self, shot: Shot, answer: Answer) -> None:
        status = str(answer.status or answer.text)
        self.statuses[status] += 1
        if shot.answered:
            self.slowest = max(self.slowest, answer.seconds)
        if accepted := _ACCEPTED.match(answer.text):
            self.actions.append(accepted[1])
        examples = self.examples.setdefault(status, [])
        if len(examples) < _FIRST and answer.text not in examples:
            examples.append(answer.text[:200])


async def fire(address: Address, shots: list[Shot], seconds: float) -> Tally:
    """Fire all shots and wait for their answers, for so many seconds at most."""
    tally = Tally(began=time.monotonic())
    tasks = [
        asyncio.ensure_future(_fire_one(address, shot, tally, number))
        for shot in shots
        for number in range(shot.connections)
    ]
    enough = asyncio.ensure_future(_stop_requested())
    everything = asyncio.ensure_future(asyncio.wait(tasks))
    await asyncio.wait((everything, enough), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    enough.cancel()
    everything.cancel()
    late = [task for task in tasks if not task.done()]
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tally.seconds = time.monotonic() - tally.began
    return tally


async def _stop_requested() -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()


async def _fire_one(address: Address, shot: Shot, tally: Tally, number: int) -> None:
    await asyncio.sleep(shot.after)
    connection, owed = None, 0
    try:
        for at in range(shot.requests):
            began, owed = time.monotonic(), shot.answered
            connection = connection or await connect(address, small=shot.reads == "nothing")
            if shot.reads == "nothing":
                await send(connection, shot.pieces, number * shot.requests + at)
                continue
            answer = await exchange(connection, shot.pieces, number * shot.requests + at)
            tally.add(shot, answer)
            owed = 0
            if not answer.status or answer.status in (408, 413, 414, 431):
                connection.close()
                connection = None
        if shot.reads == "nothing":
            await asyncio.Event().wait()
    except OSError as error:
        tally.add(shot, Answer(0, time.monotonic() - began, type(error).__name__))
    except asyncio.CancelledError:
        tally.unanswered += owed
        if owed:
            tally.slowest = max(tally.slowest, time.monotonic() - began)
    finally:
        if connection is not None:
            connection.close()


def main() -> None:
    """Read the shots, fire, write what was answered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8192), hard), hard))
    plan: dict[str, Any] = pickle.load(sys.stdin.buffer)
    tally = asyncio.run(fire(plan["address"], plan["shots"], plan["seconds"]))
    json.dump({name: getattr(tally, name) for name in tally.__slots__}, sys.stdout)


if __name__ == "__main__":
    main()
