"""An explorer: every state that a model can reach, breadth first, and the shortest way to one that must not be.

Of its own because the package minicheck, which does the like, counts a fault as a way out of a dead end («the worker
dies, and so lets go»), and makes a dictionary of each state for each invariant, which takes minutes here.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

State = TypeVar("State", bound=Hashable)


class Step(NamedTuple, Generic[State]):
    """One thing that may happen next; `by_itself` if it will happen some time where nothing comes in between."""

    what: str
    state: State
    by_itself: bool = True


@dataclass(frozen=True)
class Counterexample(Generic[State]):
    """The property that does not hold, and the shortest way to where it does not."""

    broken: str
    trace: list[tuple[str, State]]

    def __str__(self) -> str:
        lines, before = [f"NOT: {self.broken}"], None
        for what, state in self.trace:
            lines += [f"  {what}", *(f"      {changed}" for changed in _changed(before, state))]
            before = state
        return "\n".join(lines)


@dataclass(frozen=True)
class Explored(Generic[State]):
    """How many states there are, and the first that breaks a property, if one does."""

    states: int
    counterexample: Counterexample[State] | None = None


def explore(
    first: State,
    steps: Callable[[State], Iterable[Step[State]]],
    broken_by: Callable[[State, State], Iterable[str]],
    all_over: Callable[[State], bool],
    comes_to_rest: str,
) -> Explored[State]:
    """Visit every state that can be reached.

    `broken_by` names the properties that a step from one state to another breaks. From every state, steps that happen
    by themselves must be able to lead to one where nothing happens by itself any more and it is `all_over`; where they
    cannot, the property `comes_to_rest` is broken.
    """
    reached_from: dict[State, tuple[str, State]] = {first: ("at first", first)}
    led_to_by_itself: dict[State, list[State]] = {}
    at_rest: list[State] = []
    waiting = deque([first])
    while waiting:
        state = waiting.popleft()
        goes_on = False
        for step in steps(state):
            new = step.state not in reached_from
            if new:
                reached_from[step.state] = (step.what, state)
                waiting.append(step.state)
            if step.by_itself:
                goes_on = True
                led_to_by_itself.setdefault(step.state, []).append(state)
            for broken in broken_by(state, step.state):
                trace = [*_way_to(state, reached_from), (step.what, step.state)]
                return Explored(len(reached_from), Counterexample(broken, trace))
        if not goes_on and all_over(state):
            at_rest.append(state)
    alive = _leading_to(at_rest, led_to_by_itself)
    for state in reached_from:
        if state not in alive:
            return Explored(len(reached_from), Counterexample(comes_to_rest, _way_to(state, reached_from)))
    return Explored(len(reached_from))


def _changed(before: object, state: object) -> list[str]:
    if not isinstance(before, tuple) or not hasattr(state, "_asdict"):
        return [str(state)]
    return [f"{name}: {now}" for (name, now), was in zip(state._asdict().items(), before, strict=True) if now != was]


def _way_to(state: State, reached_from: dict[State, tuple[str, State]]) -> list[tuple[str, State]]:
    what, before = reached_from[state]
    return [*(() if before == state else _way_to(before, reached_from)), (what, state)]


def _leading_to(goals: list[State], led_to: dict[State, list[State]]) -> set[State]:
    reachable, waiting = set(goals), deque(goals)
    while waiting:
        for before in led_to.get(waiting.popleft(), ()):
            if before not in reachable:
                reachable.add(before)
                waiting.append(before)
    return reachable
