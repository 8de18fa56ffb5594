"""What the model knows of one project at a time, and who plays."""

from dataclasses import dataclass
from typing import NamedTuple

NOBODY = -1

# How a worker is silent: idle in its transaction, amid a statement that it sends, or by now without its session.
IDLE = "idle"
SENDING = "sending"
GONE = "gone"


class Action(NamedTuple):
    """A committed row of async_actions; "absent" until its acceptance is committed."""

    status: str = "absent"
    ready: bool = False
    done: int = 0
    failed: int = 0
    unprocessed: int = 0
    open: int = 0

    @property
    def unfinished(self) -> bool:
        return self.status == "unfinished"

    @property
    def ended(self) -> bool:
        return self.status in ("done", "canceled")


class Worker(NamedTuple):
    """A worker and its session.

    idle, job (taken), served (an action), claimed (a batch), written, closed (and tallied), queued (the next turn);
    again: its transaction is gone, and it will queue the turn once more.
    """

    phase: str = "idle"
    action: int = NOBODY
    batch: int = NOBODY
    tried: tuple[int, ...] = ()
    next: int = NOBODY  # the action that is made ready in this transaction
    silent: str = ""

    @property
    def has_claim(self) -> bool:
        return self.phase in ("claimed", "written", "closed", "queued")


class Other(NamedTuple):
    """The rescuer, who cancels, or a submission in flight: its phase and what it is about."""

    phase: str = "idle"
    action: int = NOBODY
    next: int = NOBODY


class State(NamedTuple):
    """All there is."""

    actions: tuple[Action, ...]
    closed: tuple[tuple[bool, ...], ...]  # by action and batch
    written: tuple[tuple[int, ...], ...]  # how often the rows of a batch took effect
    numbers: tuple[int, ...]  # the actions in the order of their numbers
    workers: tuple[Worker, ...]
    rescuer: Other
    canceler: Other
    submissions: tuple[Other, ...]
    jobs: int
    stuck: bool  # a job is left in `doing` by a worker that died


@dataclass(frozen=True)
class Scene:
    """Who plays, and what befalls them: actions by number of batches, the first `accepted` from the beginning."""

    batches: tuple[int, ...]
    accepted: int = 1
    workers: int = 2
    canceled: tuple[int, ...] = (0,)  # the actions that may be
    faults: bool = True  # any process dies, jobs are lost and doubled
    rescuer: bool = True
    silences: tuple[str, ...] = ()  # in which ways workers fall silent; where in any, sessions are lost as well
    in_flight: int = 2
    max_jobs: int = 2


def with_item(items: tuple, index: int, item: object) -> tuple:  # type: ignore[type-arg]
    return (*items[:index], item, *items[index + 1 :])


def with_worker(state: State, number: int, worker: Worker) -> State:
    """Which of the workers is which makes no difference."""
    return state._replace(workers=tuple(sorted(with_item(state.workers, number, worker))))
