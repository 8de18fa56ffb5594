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
        grown_door = Grown(door.name, unit)
        if _grows(lab, door, grown_door):
            grown.append(grown_door)
            lab.books.all_ended(_TIMEOUT)
        tried.append(grown_door)
    return tried, grown


def _grows(lab: Lab, door: Door, grown_door: Grown) -> bool:
    """Send longer and longer texts; whether time grew faster than length, at each of several looks."""
    length = _SHORTEST
    while length <= door.max_length:
        grown_door.seconds[length] = _seconds(lab, door, grown_door.unit, length)
        if grown_door.seconds[length] > _SLOW and _grew(lab, door, grown_door, length):
            return True
        if grown_door.seconds[length] > _TOO_LONG:
            return False
        length *= _STEP
    return False


def _grew(lab: Lab, door: Door, grown_door: Grown, length: int) -> bool:
    quarter = length // _STEP
    if quarter not in grown_door.seconds:
        grown_door.seconds[quarter] = _seconds(lab, door, grown_door.unit, quarter)
    for _ in range(_TRIES):
        if grown_door.seconds[length] < _GROWTH * grown_door.seconds[quarter]:
            return False
        grown_door.seconds[length] = min(grown_door.seconds[length], _seconds(lab, door, grown_door.unit, length))
    return True


def _seconds(lab: Lab, door: Door, unit: str, length: int) -> float:
    """Until the answer, or the end of the action that it names."""
    text = unit * (length // len(unit))
    began = time.monotonic()
    answer = _answer(lab, door.shot(lab, text).pieces)
    if answer.status in (200, 202) and answer.text.startswith('{"async_action_id"'):
        action = json.loads(answer.text)["async_action_id"]
        path = f"/v1/async-actions/{action}?wait=50"
        _answer(lab, (Piece(head("GET", path, lab.mine.headers)),))
    return time.monotonic() - began


def _answer(lab: Lab, pieces: tuple[Piece, ...]) -> Answer:
    return asyncio.run(ask(lab.address, pieces, _TIMEOUT))
