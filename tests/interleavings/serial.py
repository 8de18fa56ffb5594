"""The outcomes of serial orders, found as they are asked for."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.interleavings.explore import Run
from tests.interleavings.rightness import WRONG
from tests.interleavings.scenario import Scenario, play_serially
from tests.interleavings.stage import Stage
from tests.interleavings.telling import canonical

_BY_CHANCE = 100  # so many orders in a row bring nothing new before all of them are gone through


@dataclass
class _Turning:
    """All serial orders, depth first: at each place the choice made and those that are left."""

    left: list[tuple[str, list[str]]] = field(default_factory=list)
    over: bool = False

    def choose(self, made: Sequence[str], options: Sequence[str]) -> str:
        if len(made) == len(self.left):
            self.left.append((options[0], list(options[1:])))
        return self.left[len(made)][0]

    def advance(self) -> None:
        while self.left and not self.left[-1][1]:
            self.left.pop()
        if self.left:
            _, (following, *rest) = self.left.pop()
            self.left.append((following, rest))
        self.over = not self.left


def _following(order: Sequence[str]) -> Callable[[Sequence[str], Sequence[str]], str]:
    left = list(order)

    def choose(_: Sequence[str], options: Sequence[str]) -> str:
        following = next((name for name in left if name in options), options[0])
        if following in left:
            left.remove(following)
        return following

    return choose


@dataclass
class SerialOutcomes:
    """What may come of a scenario; where there are many orders, first some are looked at by chance."""

    stage: Stage
    scenario: Scenario
    known: dict[str, str] = field(default_factory=dict)  # outcome: an order that comes to it
    _dice: random.Random = field(default_factory=lambda: random.Random(1))
    _turning: _Turning = field(default_factory=_Turning)

    async def include(self, run: Run) -> bool:
        """Whether a serial order comes to this; the one of its commits is tried first."""
        wanted = canonical(run.outcome)
        if wanted not in self.known:
            await self._play(_following(run.committed))
        fruitless = 0
        while wanted not in self.known and len(self.scenario.letters) > 2 and fruitless < _BY_CHANCE:
            before = len(self.known)
            await self._play(lambda _, options: self._dice.choice(options))
            fruitless = 0 if len(self.known) > before else fruitless + 1
        while wanted not in self.known and not self._turning.over:
            await self._play(self._turning.choose)
            self._turning.advance()
        return wanted in self.known

    async def _play(self, choose: Any) -> None:
        made, outcome = await play_serially(self.stage, self.scenario, choose)
        assert not outcome[WRONG], f"even serially, {' '.join(made)}: {outcome[WRONG]}"
        self.known.setdefault(canonical(outcome), " ".join(made))
