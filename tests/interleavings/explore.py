"""Which orders of round trips are tried: every one that may make a difference, or some by chance.

The exhaustive way is dynamic partial-order reduction (Flanagan and Godefroid, POPL 2005) with sleep sets: after each
run, for every two steps of different actors whose footprints meet and which nothing else holds in their order, the
other order is put down to be tried from there. What is left out differs from what was tried only in the order of steps
that do not meet. A run is a list of choices, and is made anew from its first step.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.interleavings.footprints import Footprint

Enabled = dict[str, Footprint]  # the actors that can move, with what their next step touches


@dataclass
class Step:
    """One round trip that was let pass: whose, what it asked, and what it came to."""

    actor: str
    text: str
    footprint: Footprint
    enabled: Enabled
    note: str = ""


Meets = Callable[[Footprint, Footprint], bool]
# Who goes next, after these steps; None gives the run up.
Choose = Callable[[Sequence[Step], Enabled], str | None]


@dataclass
class Run:
    """What was done in which order, what was left waiting, and what came of it; no outcome where it was given up."""

    steps: list[Step]
    waiting: Enabled
    outcome: Any
    committed: list[str] = field(default_factory=list)

    @property
    def schedule(self) -> str:
        """The choices, to be replayed."""
        return "".join(step.actor for step in self.steps)


def _stay(steps: Sequence[Step], awake: Sequence[str]) -> str:
    """Whoever went last goes on, where it can."""
    return steps[-1].actor if steps and steps[-1].actor in awake else awake[0]


def replay(schedule: str) -> Choose:
    """The choices of a schedule, and then whoever is first; one that cannot move is passed over."""

    def choose(steps: Sequence[Step], enabled: Enabled) -> str:
        wanted = schedule[len(steps) : len(steps) + 1]
        return wanted if wanted in enabled else _stay(steps, sorted(enabled))

    return choose


def by_chance(seed: str) -> Choose:
    """Now by priorities that change at a few points (Burckhardt et al., ASPLOS 2010), now by a throw at each step."""
    dice = random.Random(seed)
    changes = set() if dice.random() < 0.25 else {dice.randint(0, 40) for _ in range(dice.randint(1, 4))}
    order: list[str] = []

    def choose(steps: Sequence[Step], enabled: Enabled) -> str:
        if not changes:
            return dice.choice(sorted(enabled))
        for actor in sorted(enabled):
            if actor not in order:
                order.insert(dice.randint(0, len(order)), actor)
        if len(steps) in changes:
            first = next(actor for actor in order if actor in enabled)
            order.remove(first)
            order.append(first)
        return next(actor for actor in order if actor in enabled)

    return choose


@dataclass
class _Node:
    """A state on the way: who could move, who did, and who else is to be tried from here."""

    enabled: Enabled
    asleep: Enabled
    chosen: str
    wanted: set[str]
    tried: Enabled = field(default_factory=dict)


class EveryOrder:
    """All orders that may differ, depth first; where any two steps meet, all orders there are."""

    def __init__(self, run: Callable[[Choose], Awaitable[Run]], meets: Meets = Footprint.meets) -> None:
        self._run = run
        self._meets = meets
        self._nodes: list[_Node] = []
        self.abandoned = 0

    async def runs(self) -> AsyncIterator[Run]:
        """Each run that came to its end."""
        while True:
            run = await self._run(self._choose)
            for node, step in zip(self._nodes, run.steps, strict=True):
                node.tried[step.actor] = step.footprint
            self._note_races(run)
            if run.outcome is None:
                self.abandoned += 1
            else:
                yield run
            if not self._slot_back():
                return

    def _choose(self, steps: Sequence[Step], enabled: Enabled) -> str | None:
        index = len(steps)
        if index < len(self._nodes):
            node = self._nodes[index]
            if node.enabled.keys() != enabled.keys():
                done = "".join(step.actor for step in steps)
                raise AssertionError(
                    f"after {done} {sorted(enabled)} can move, and not {sorted(node.enabled)} as before"
                )
            return node.chosen
        asleep = self._asleep_after(steps)
        awake = [actor for actor in sorted(enabled) if actor not in asleep]
        if not awake:
            return None
        chosen = _stay(steps, awake)
        self._nodes.append(_Node(enabled, asleep, chosen, {chosen}))
        return chosen

    def _asleep_after(self, steps: Sequence[Step]) -> Enabled:
        """Whose next step was tried before, here or further up, and has met with nothing since."""
        if not steps:
            return {}
        node = self._nodes[len(steps) - 1]
        others = {**node.asleep, **{actor: held for actor, held in node.tried.items() if actor != node.chosen}}
        return {actor: held for actor, held in others.items() if not self._meets(held, steps[-1].footprint)}

    def _note_races(self, run: Run) -> None:
        """Want the other order of each two steps that meet, where nothing else holds them in this one."""
        clocks: list[dict[str, int]] = []
        own: dict[str, dict[str, int]] = {}
        left = [Step(actor, "", held, {}) for actor, held in run.waiting.items()]
        for index, step in enumerate([*run.steps, *left]):
            before = own.get(step.actor, {})
            clock = dict(before)
            raced = False
            for earlier in range(min(index, len(run.steps)) - 1, -1, -1):
                other = run.steps[earlier]
                if other.actor == step.actor or not self._meets(other.footprint, step.footprint):
                    continue
                if not raced and before.get(other.actor, -1) < earlier:
                    raced = True
                    self._want(self._nodes[earlier], step.actor)
                for actor, at in clocks[earlier].items():
                    clock[actor] = max(clock.get(actor, -1), at)
            if index < len(run.steps):
                clock[step.actor] = index
                clocks.append(clock)
                own[step.actor] = clock

    def _want(self, node: _Node, actor: str) -> None:
        node.wanted |= {actor} if actor in node.enabled else node.enabled.keys()

    def _slot_back(self) -> bool:
        while self._nodes:
            node = self._nodes[-1]
            left = sorted(node.wanted - node.tried.keys() - node.asleep.keys())
            if left:
                node.chosen = left[0]
                return True
            self._nodes.pop()
        return False
