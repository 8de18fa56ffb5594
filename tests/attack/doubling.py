"""Texts of growing length at every door: where time grows faster than length, few kilobytes stop everybody."""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

from tests.attack.doors import UNITS, Door, all_doors
from tests.attack.lab import Lab
from tests.attack.wire import Answer, Piece, ask, head

_SHORTEST = 16_384
_STEP = 4  # times the length
_SLOW = 0.3  # seconds: below, no growth can be told from what else goes on
_GROWTH = 7.0  # over a fourfold length; four is linear, sixteen quadratic
_TOO_LONG = 5.0
_TIMEOUT = 60.0
_TRIES = 3


@dataclass
class Grown:
    """A door at which time grew faster than length, and how."""

    door: str
    unit: str
    seconds: dict[int, float] = field(default_factory=dict)  # by length

    def __str__(self) -> str:
        times = ", ".join(f"{length:,}: {seconds:.2f} s" for length, seconds in self.seconds.items() if seconds > 0.02)
        return f"{self.door} with {self.unit!r}: {times}"


def find_grown(lab: Lab, seconds: float, seed: int = 1) -> tuple[list[Grown], list[Grown]]:
    """Try pairs of door and unit, drawn by the seed, for so many seconds: all that were tried, and those that grew."""
    pairs = [(door, unit) for door in all_doors(lab) for unit in UNITS]
    random.Random(seed).shuffle(pairs)
    tried: list[Grown] = []
    grown: list[Grown] = []
    deadline = time.monotonic() + seconds
    for door, unit in pairs:
        if time.monotonic() > deadline:
            break
        found = Grown(door.name, unit)
        if _grows(lab, door, found):
            grown.append(found)
            lab.books.all_ended(_TIMEOUT)
        tried.append(found)
    return tried, grown


def _grows(lab: Lab, door: Door, found: Grown) -> bool:
    """Send longer and longer texts; whether time grew faster than length, at each of several looks."""
    length = _SHORTEST
    while length <= door.longest:
        found.seconds[length] = _seconds(lab, door, found.unit, length)
        if found.seconds[length] > _SLOW and _grew(lab, door, found, length):
            return True
        if found.seconds[length] > _TOO_LONG:
            return False
        length *= _STEP
    return False


def _grew(lab: Lab, door: Door, found: Grown, length: int) -> bool:
    quarter = length // _STEP
    if quarter not in found.seconds:
        found.seconds[quarter] = _seconds(lab, door, found.unit, quarter)
    for _ in range(_TRIES):
        if found.seconds[length] < _GROWTH * found.seconds[quarter]:
            return False
        found.seconds[length] = min(found.seconds[length], _seconds(lab, door, found.unit, length))
    return True


def _seconds(lab: Lab, door: Door, unit: str, length: int) -> float:
    """Until the answer, or the end of the action that it names."""
    text = unit * (length // len(unit))
    began = time.monotonic()
    answer = _asked(lab, door.shot(lab, text).pieces)
    if answer.status in (200, 202) and answer.text.startswith('{"async_action_id"'):
        action = json.loads(answer.text)["async_action_id"]
        path = f"/v1/async-actions/{action}?wait=50"
        _asked(lab, (Piece(head("GET", path, lab.mine.headers)),))
    return time.monotonic() - began


def _asked(lab: Lab, pieces: tuple[Piece, ...]) -> Answer:
    return asyncio.run(ask(lab.address, pieces, _TIMEOUT))
