"""An explorer: every state that a model can reach, breadth first, and the shortest way to one that must not be.

Of its own because the package minicheck, which does the like, counts a fault as a way out of a dead end («the worker
dies, and so lets go»), and makes a dictionary of each state for each invariant, which takes minutes here.
"""

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
    numbers: dict[State, int] = {first: 0}  # by which the rest knows them: to look a state up takes longest of all
    states = [first]
    reached_from = [("at first", 0)]
    led_to_by_itself: list[list[int]] = [[]]
    at_rest: list[int] = []
    for number, state in enumerate(states):  # with those that are found meanwhile
        goes_on = False
        for step in steps(state):
            reached = numbers.setdefault(step.state, len(states))
            if reached == len(states):
                states.append(step.state)
                reached_from.append((step.what, number))
                led_to_by_itself.append([])
            if step.by_itself:
                goes_on = True
                led_to_by_itself[reached].append(number)
            for broken in broken_by(state, step.state):
                trace = [*_way_to(number, states, reached_from), (step.what, step.state)]
                return Explored(len(states), Counterexample(broken, trace))
        if not goes_on and all_over(state):
            at_rest.append(number)
    alive = _leading_to(at_rest, led_to_by_itself)
    for number in range(len(states)):
        if number not in alive:
            trace = _way_to(number, states, reached_from)
            return Explored(len(states), Counterexample(comes_to_rest, trace))
    return Explored(len(states))


def _changed(before: object, state: object) -> list[str]:
    if not isinstance(before, tuple) or not hasattr(state, "_asdict"):
        return [str(state)]
    return [f"{name}: {now}" for (name, now), was in zip(state._asdict().items(), before, strict=True) if now != was]


def _way_to(number: int, states: list[State], reached_from: list[tuple[str, int]]) -> list[tuple[str, State]]:
    trace = []
    while number:
        what, before = reached_from[number]
        trace.append((what, states[number]))
        number = before
    return [(reached_from[0][0], states[0]), *reversed(trace)]


def _leading_to(goals: list[int], led_to: list[list[int]]) -> set[int]:
    reachable, waiting = set(goals), list(goals)
    while waiting:
        for before in led_to[waiting.pop()]:
            if before not in reachable:
                reachable.add(before)
                waiting.append(before)
    return reachable
