"""What must hold of every step of the model."""

from collections.abc import Iterator

from tests.model.state import Action, State

ONE_EFFECT = "the rows of a batch have effect once, when it closes for good, or not at all"
ADDS_UP = "done + failed + unprocessed + open = total"
ENDS_FOR_GOOD = "an action that has ended stays as it is"
WRITES_UNENDED = "nothing is written for an action that has ended"
ONE_HOLDER = "one worker at a time has a batch"
IN_ROW_ORDER = "a batch is written after those before it"
NO_OVERLAP = "actions of a sequence do not overlap"
IN_NUMBER_ORDER = "actions of a sequence go in the order of their numbers"
COMES_TO_REST = "all actions end and the queue runs empty, whatever has happened, without a further fault"


def broken_by(before: State, after: State) -> Iterator[str]:
    """The properties that this step breaks."""
    holders = [(worker.action, worker.batch) for worker in after.workers if worker.has_claim]
    if len(holders) > len(set(holders)):
        yield ONE_HOLDER
    if before.actions is after.actions:
        return
    if after.written != after.closed:  # each 1 for a True
        yield ONE_EFFECT
    for action, (was, row) in enumerate(zip(before.actions, after.actions, strict=True)):
        wrote = before.written[action] != after.written[action]
        if was.ended and wrote:
            yield WRITES_UNENDED
        if was.ended and row != was:
            yield ENDS_FOR_GOOD
        if row.status != "absent" and not _adds_up(row, after.closed[action]):
            yield ADDS_UP
        if wrote:
            yield from _broken_by_writing(before, after, action)


def _adds_up(row: Action, closed: tuple[bool, ...]) -> bool:
    total = row.done + row.failed + row.unprocessed + row.open
    return row.open >= 0 and total == len(closed) and row.done + row.failed == sum(closed)


def _broken_by_writing(before: State, after: State, action: int) -> Iterator[str]:
    """An action may be written where no other has begun and not ended, and those with lower numbers have ended."""
    if any(shut and not still for shut, still in zip(before.closed[action], after.closed[action], strict=True)):
        yield ONE_EFFECT
    if sorted(after.closed[action], reverse=True) != list(after.closed[action]):
        yield IN_ROW_ORDER
    others = [number for number in range(len(before.actions)) if number != action]
    if any(before.actions[number].unfinished and any(before.written[number]) for number in others):
        yield NO_OVERLAP
    if any(not before.actions[number].ended for number in before.numbers[: before.numbers.index(action)]):
        yield IN_NUMBER_ORDER


def all_over(state: State) -> bool:
    """Whether every accepted action has ended, and no job is left."""
    return not state.jobs and not any(row.unfinished for row in state.actions)
