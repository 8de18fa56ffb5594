"""Trying a scenario: orders of its round trips, none of which may come to anything that no serial order comes to."""

import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from tests.interleavings.explore import EveryOrder, Meets, Run, by_chance, replay
from tests.interleavings.scenario import Scenario, perform
from tests.interleavings.serial import SerialOutcomes
from tests.interleavings.stage import Stage, open_stage
from tests.interleavings.telling import canonical, report, switches

SEED = os.environ.get("SEED", "1")
EVERY_ORDER = os.environ.get("EVERY_ORDER") == "1"
SCHEDULE = os.environ.get("SCHEDULE")
ORDERS = int(os.environ.get("ORDERS", "0"))
MAX_ORDERS = int(os.environ.get("MAX_ORDERS", "250"))  # of a scenario; beyond that, some are taken by chance
_BY_CHANCE = 50


@dataclass
class Tried:
    """How many orders were tried; which came to something that no serial one comes to, the easiest to read of each."""

    serial: Mapping[str, str]
    orders: int = 0
    has_more: bool = False  # orders that may differ from these
    wrong: dict[str, Run] = field(default_factory=dict)

    def report(self, name: str) -> str:
        """What was wrong."""
        runs = sorted(self.wrong.values(), key=switches)
        return "\n\n".join(report(name, run, self.serial) for run in runs)


async def try_every_order(database_url: str, scenario: Scenario, name: str) -> Tried:
    """Each order that may differ; where these are too many, the first of them, and some by chance."""
    async with open_stage(database_url, len(scenario.letters), **scenario.settings) as stage:
        every = EveryOrder(lambda choose: perform(stage, scenario, choose))
        tried = await _held_to_serial(stage, scenario, every.runs(), maximum=MAX_ORDERS)
        if tried.orders < MAX_ORDERS:
            return tried
        more = await _held_to_serial(stage, scenario, _by_chance(stage, scenario, name, _BY_CHANCE))
        return Tried(tried.serial, tried.orders + more.orders, has_more=True, wrong={**more.wrong, **tried.wrong})


async def try_until_wrong(database_url: str, scenario: Scenario, maximum: int) -> Tried:
    """Orders that may differ, until one is wrong, or so many of them."""
    async with open_stage(database_url, len(scenario.letters), **scenario.settings) as stage:
        every = EveryOrder(lambda choose: perform(stage, scenario, choose))
        return await _held_to_serial(stage, scenario, every.runs(), until_wrong=True, maximum=maximum)


async def outcomes_of(database_url: str, scenario: Scenario, meets: Meets) -> tuple[int, set[str]]:
    """How many orders differ where steps meet as it is said, and all that they come to."""
    async with open_stage(database_url, len(scenario.letters), **scenario.settings) as stage:
        runs = EveryOrder(lambda choose: perform(stage, scenario, choose), meets).runs()
        outcomes = [canonical(run.outcome) async for run in runs]
        return len(outcomes), set(outcomes)


async def try_some_orders(database_url: str, scenario: Scenario, name: str, count: int) -> Tried:
    """So many orders by chance; SCHEDULE is tried instead, where it is given."""
    async with open_stage(database_url, len(scenario.letters), **scenario.settings) as stage:
        return await _held_to_serial(stage, scenario, _by_chance(stage, scenario, name, count))


async def _by_chance(stage: Stage, scenario: Scenario, name: str, count: int) -> AsyncIterator[Run]:
    if SCHEDULE is not None:
        yield await perform(stage, scenario, replay(SCHEDULE))
        return
    for number in range(count):
        yield await perform(stage, scenario, by_chance(f"{SEED} {name} {number}"))


async def _held_to_serial(
    stage: Stage, scenario: Scenario, runs: AsyncIterator[Run], *, until_wrong: bool = False, maximum: int = 0
) -> Tried:
    serial = SerialOutcomes(stage, scenario)
    tried = Tried(serial.known)
    async for run in runs:
        tried.orders += 1
        outcome = canonical(run.outcome)
        if not await serial.include(run):
            before = tried.wrong.get(outcome)
            tried.wrong[outcome] = min(filter(None, (before, run)), key=switches)
        if tried.orders == maximum or (until_wrong and tried.wrong):
            break
    return tried
