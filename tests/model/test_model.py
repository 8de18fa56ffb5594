"""The model holds what is promised; without any one of its guards it does not, or another guard is its spare."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from tallykeep.db.queries import queries
from tests.model import guards
from tests.model.explore import Explored, Step, explore
from tests.model.guards import Guard
from tests.model.properties import (
    ADDS_UP,
    COMES_TO_REST,
    ENDS_FOR_GOOD,
    IN_NUMBER_ORDER,
    IN_ROW_ORDER,
    NO_OVERLAP,
    ONE_EFFECT,
    ONE_HOLDER,
    WRITES_UNENDED,
    all_over,
    broken_by,
)
from tests.model.protocol import Protocol
from tests.model.state import IDLE, SENDING, Scene, State

# One action on its own: two workers, who die, lose their sessions, fall silent and wake up, and a client that cancels.
BATCHES = Scene((2,), silences=(IDLE, SENDING))
MORE_BATCHES = Scene((3,), silences=(IDLE, SENDING))
IDLE_ONLY = Scene((2,), silences=(IDLE,))
CALM = Scene((3,), canceled=(), faults=False, rescuer=False)
# Actions of one sequence.
TWO = Scene((2, 1), canceled=(0, 1), max_jobs=1)
TWO_OF_ONE_WORKER = Scene((2, 1), workers=1)
TWO_UNCANCELED = Scene((2, 1), workers=1, canceled=())
BOTH_SUBMITTED = Scene((2, 1), accepted=0, workers=1, canceled=(0, 1))
THREE = Scene((1, 2, 1), workers=1, faults=False, max_jobs=1)


@dataclass(frozen=True)
class Loss:
    """What breaks in a scene without a guard: nothing where it has a spare, but without both."""

    guard: Guard
    scene: Scene
    breaks: str
    spare: Guard | None = None


LOSSES = (
    Loss(guards.CLAIM_LOCKS, BATCHES, ONE_HOLDER),
    Loss(guards.CLAIM_OPEN, BATCHES, COMES_TO_REST),
    Loss(guards.CLAIM_UNFINISHED, BATCHES, COMES_TO_REST, spare=guards.SERVE_UNFINISHED),
    Loss(guards.IDLE_TIMEOUT, IDLE_ONLY, COMES_TO_REST, spare=guards.END_SILENT),
    Loss(guards.WAIT_FOR_EARLIER, CALM, IN_ROW_ORDER, spare=guards.EARLIER_CLOSED),
    Loss(guards.EARLIER_CLOSED, BATCHES, IN_ROW_ORDER),
    Loss(guards.CLOSE_OPEN, BATCHES, ONE_EFFECT, spare=guards.CLAIM_LOCKS),
    Loss(guards.TALLY_UNFINISHED, BATCHES, WRITES_UNENDED),
    Loss(guards.TALLY_UNFINISHED, BATCHES, ADDS_UP),
    Loss(guards.END_UNFINISHED, BATCHES, ENDS_FOR_GOOD),
    Loss(guards.SERVE_READY, TWO_OF_ONE_WORKER, NO_OVERLAP),
    Loss(guards.SERVE_UNFINISHED, BATCHES, COMES_TO_REST, spare=guards.CLAIM_UNFINISHED),
    Loss(guards.PROJECT_LOCK, TWO_UNCANCELED, COMES_TO_REST, spare=guards.FORGOTTEN),
    Loss(guards.JOIN_LOCK, BOTH_SUBMITTED, NO_OVERLAP),
    Loss(guards.NUMBERED, BOTH_SUBMITTED, IN_NUMBER_ORDER),
    Loss(guards.WAIT_IN_SEQUENCE, TWO_OF_ONE_WORKER, NO_OVERLAP),
    Loss(guards.NEXT_UNFINISHED, TWO_UNCANCELED, COMES_TO_REST),
    Loss(guards.NEXT_BY_NUMBER, THREE, IN_NUMBER_ORDER),
    Loss(guards.NONE_OTHER_READY, THREE, NO_OVERLAP, spare=guards.NUMBERED),
    Loss(guards.STRANDED, BATCHES, COMES_TO_REST),
    Loss(guards.STRANDED_UNFINISHED, BATCHES, COMES_TO_REST),
    Loss(guards.STRANDED_TODO, BATCHES, COMES_TO_REST),
    Loss(guards.FORGOTTEN, TWO_OF_ONE_WORKER, COMES_TO_REST),
    Loss(guards.END_SILENT, BATCHES, COMES_TO_REST),
)
GUARDS = [guard for guard in vars(guards).values() if isinstance(guard, Guard)]

BrokenBy = Callable[[State, State], Iterable[str]]


def explored(scene: Scene, *without: Guard, broken_by: BrokenBy = broken_by) -> Explored[State]:
    protocol = Protocol(scene, frozenset(without))
    return explore(protocol.first(), protocol.steps, broken_by, all_over, COMES_TO_REST)


def broken_in(loss: Loss, *without: Guard) -> str | None:
    """The loss's property, if it is broken without these guards, whatever becomes of others."""

    def this_one(before: State, after: State) -> list[str]:
        return [broken for broken in broken_by(before, after) if broken == loss.breaks]

    result = explored(loss.scene, *without, broken_by=this_one).counterexample
    return result.broken if result else None


@pytest.mark.parametrize("scene", [MORE_BATCHES, TWO, BOTH_SUBMITTED, THREE])
def test_whatever_happens_in_whichever_order_the_promises_hold(scene: Scene) -> None:
    result = explored(scene)
    assert result.counterexample is None, str(result.counterexample)
    assert result.states > 3_000


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: str(loss.guard))
def test_without_a_guard_a_promise_breaks_or_the_guard_has_a_spare(loss: Loss) -> None:
    if loss.spare is None:
        assert broken_in(loss, loss.guard) == loss.breaks
        return
    counterexample = explored(loss.scene, loss.guard).counterexample
    assert counterexample is None, f"needs no spare:\n{counterexample}"
    assert broken_in(loss, loss.spare) != loss.breaks, "the guard is not what makes up for its spare"
    assert broken_in(loss, loss.guard, loss.spare) == loss.breaks


def test_every_guard_is_taken_out() -> None:
    assert {loss.guard for loss in LOSSES} == set(GUARDS)


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_a_guard_of_the_model_is_one_of_the_query_that_it_is_named_after(guard: Guard) -> None:
    query = getattr(queries("tallykeep.engine", guard.file), guard.query)
    assert guard.text in query.replace("%(", ":").replace(")s", ""), query


def test_the_shortest_way_to_a_broken_property_is_told() -> None:
    def steps(number: int) -> list[Step[int]]:
        return [Step("one more", number + 1), Step("two more", number + 2)]

    result = explore(
        0, steps, lambda _, after: ["less than 4"] if after >= 4 else [], lambda _: True, ""
    ).counterexample
    assert result is not None
    assert [what for what, _ in result.trace] == ["at first", "two more", "two more"]
    assert str(result).startswith("NOT: less than 4\n  at first\n      0\n")


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_fault_is_no_way_out_of_a_dead_end(by_itself: bool) -> None:
    def steps(state: str) -> list[Step[str]]:
        ways = {"start": [("ends", "end", True), ("hangs", "stuck", False)], "stuck": [("is freed", "end", by_itself)]}
        return [Step(*way) for way in ways.get(state, [])]

    result = explore("start", steps, lambda _, __: [], lambda state: state == "end", "ends").counterexample
    assert (result is None) == by_itself
    assert result is None or result.trace[-1] == ("hangs", "stuck")
