"""The model: what workers, the rescuer and clients do to one project, statement by statement.

A transaction's changes are seen by others when it is committed; until then its locks are known from the phase that its
process is in: a claimed batch from the claim on, its action from the tally on, the project from `taken_slots` on.
What waits for a lock has no step. Every batch has one row; those of every second one fail.

Whatever can befall the processes may befall them any number of times, so the states know no clock and no counter.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.model import guards
from tests.model.explore import Step
from tests.model.guards import Guard
from tests.model.state import GONE, IDLE, NOBODY, Action, Other, Scene, State, Worker, with_item, with_worker


@dataclass(frozen=True)
class Protocol:
    """The steps from a state, with some guards taken out."""

    scene: Scene
    without: frozenset[Guard] = frozenset()

    def first(self) -> State:
        batches = self.scene.batches
        actions = tuple(
            Action("unfinished", number == 0, open=count) if number < self.scene.accepted else Action()
            for number, count in enumerate(batches)
        )
        return State(
            actions,
            tuple((False,) * count for count in batches),
            tuple((0,) * count for count in batches),
            tuple(range(self.scene.accepted)),
            (Worker(),) * self.scene.workers,
            Other(),
            Other(),
            (Other(),) * (len(batches) - self.scene.accepted),
            min(self.scene.in_flight, batches[0], self.scene.max_jobs) if self.scene.accepted else 0,
            False,
        )

    def has(self, guard: Guard) -> bool:
        return guard not in self.without

    def steps(self, state: State) -> Iterator[Step[State]]:
        for number, worker in enumerate(state.workers):
            yield from self._worker_steps(state, number, worker)
        if self.scene.rescuer:
            yield from self._rescuer_steps(state)
        yield from self._canceler_steps(state)
        for number, submission in enumerate(state.submissions):
            yield from self._submission_steps(state, number, submission)
        if state.jobs and self.scene.faults:
            yield Step("a job is lost", state._replace(jobs=state.jobs - 1), False)
            yield Step("a job is doubled", self._with_jobs(state, 1), False)

    # A worker

    def _worker_steps(self, state: State, number: int, worker: Worker) -> Iterator[Step[State]]:
        name = "a worker"
        if worker.has_claim:
            name = f"the worker with batch {worker.batch} of action {worker.action}"
        yield from self._faults(state, number, worker, name)
        if worker.silent:
            return
        if worker.phase == "idle" and state.jobs:
            taken = state._replace(jobs=state.jobs - 1)
            yield Step(f"{name} takes a job", with_worker(taken, number, Worker("job")))
        elif worker.phase == "job":
            yield from self._serve(state, number, worker, name)
        elif worker.phase == "served":
            yield self._claim(state, number, worker, name)
        elif worker.phase == "claimed":
            yield from self._write(state, number, worker, name)
        elif worker.phase == "written":
            yield from self._close(state, number, worker, name)
        elif worker.phase == "closed":
            yield from self._queue_next(state, number, worker, name)
        elif worker.phase == "queued":
            committed = with_worker(self._committed(state, worker), number, Worker())
            yield Step(f"{name} commits", committed)
        elif worker.phase == "again" and not self._project_locked(state):
            queued = with_worker(self._with_jobs(state, 1), number, Worker())
            yield Step(f"{name} queues the turn again", queued)

    def _faults(self, state: State, number: int, worker: Worker, name: str) -> Iterator[Step[State]]:
        if worker.phase == "idle":
            return
        if self.scene.faults:
            died = state._replace(stuck=True)
            yield Step(f"{name} dies", with_worker(died, number, Worker()), False)
        again = Worker("again", silent=worker.silent and GONE)
        if worker.has_claim and self.scene.silences:
            yield Step(f"{name} loses its session", with_worker(state, number, again), False)
        if worker.silent:
            awake = worker._replace(silent="")
            yield Step(f"{name} wakes up", with_worker(state, number, awake), False)
            if worker.has_claim and self.has(guards.END_SILENT):
                yield Step(f"the rescuer ends the session of {name}", with_worker(state, number, again))
            if worker.silent == IDLE and self.has(guards.IDLE_TIMEOUT):
                yield Step(f"the server ends the session of {name}", with_worker(state, number, again))
        elif worker.has_claim and not any(other.silent for other in state.workers):
            for how in self.scene.silences:
                if how == IDLE or worker.phase == "claimed":
                    silent = with_worker(state, number, worker._replace(silent=how))
                    yield Step(f"{name} falls silent, {how}", silent, False)

    def _serve(self, state: State, number: int, worker: Worker, name: str) -> Iterator[Step[State]]:
        """serve_next_action, by itself; in whichever order, as that is a matter of fairness."""
        candidates = [
            action
            for action, row in enumerate(state.actions)
            if row.status != "absent"
            and (row.ready or not self.has(guards.SERVE_READY))
            and (row.unfinished or not self.has(guards.SERVE_UNFINISHED))
            and action not in worker.tried
        ]
        for action in candidates:
            if not self._action_locked(state, action):
                served = worker._replace(phase="served", action=action)
                yield Step(f"{name} serves action {action}", with_worker(state, number, served))
        if not candidates:
            yield Step(f"{name} finds nothing to do", with_worker(state, number, Worker()))

    def _claim(self, state: State, number: int, worker: Worker, name: str) -> Step[State]:
        """get_unfinished_action and claim_open_batch, where the transaction begins."""
        action = worker.action
        if state.actions[action].unfinished or not self.has(guards.CLAIM_UNFINISHED):
            is_open = [not closed or not self.has(guards.CLAIM_OPEN) for closed in state.closed[action]]
            window = [batch for batch, may in enumerate(is_open) if may][: self.scene.in_flight]
            for batch in window:
                if not self.has(guards.CLAIM_LOCKS) or not self._batch_locked(state, action, batch):
                    claimed = worker._replace(phase="claimed", batch=batch, tried=())
                    return Step(f"{name} claims batch {batch} of action {action}", with_worker(state, number, claimed))
        tried = tuple(sorted({*worker.tried, action}))
        return Step(f"{name} finds no batch", with_worker(state, number, Worker("job", tried=tried)))

    def _write(self, state: State, number: int, worker: Worker, name: str) -> Iterator[Step[State]]:
        """wait_for_earlier_batches, earlier_open_batch, and the rows."""
        action = worker.action
        earlier = [batch for batch in range(worker.batch) if not state.closed[action][batch]]
        if earlier and self.has(guards.WAIT_FOR_EARLIER) and self._batch_locked(state, action, earlier[-1]):
            return
        if earlier and self.has(guards.EARLIER_CLOSED):
            yield Step(f"{name} is out of turn", with_worker(state, number, Worker("again")))
        else:
            yield Step(f"{name} writes", with_worker(state, number, worker._replace(phase="written")))

    def _close(self, state: State, number: int, worker: Worker, name: str) -> Iterator[Step[State]]:
        """close_batch, with the tally."""
        action, batch = worker.action, worker.batch
        if self._action_locked(state, action) or self._batch_updated(state, action, batch):
            return
        is_open = not state.closed[action][batch] or not self.has(guards.CLOSE_OPEN)
        unfinished = state.actions[action].unfinished or not self.has(guards.TALLY_UNFINISHED)
        if is_open and unfinished:
            yield Step(f"{name} closes and tallies", with_worker(state, number, worker._replace(phase="closed")))
        else:
            yield Step(f"{name} has lost its batch", with_worker(state, number, Worker("again")))

    def _queue_next(self, state: State, number: int, worker: Worker, name: str) -> Iterator[Step[State]]:
        """taken_slots, and where the action has ended ready_next_in_sequence."""
        if self._project_locked(state):
            return
        following = NOBODY
        if self._tallied(state, worker).ended:
            following = self._ready_next(state, ended=worker.action)
            if following != NOBODY and self._action_locked(state, following):
                return
        queued = worker._replace(phase="queued", next=following)
        yield Step(f"{name} queues the next turn", with_worker(state, number, queued))

    def _tallied(self, state: State, worker: Worker) -> Action:
        row = state.actions[worker.action]
        is_last = row.open == 1
        fails = worker.batch % 2
        return row._replace(
            status="done" if is_last else "unfinished", done=row.done + 1 - fails, failed=row.failed + fails,
            open=row.open - 1,
        )  # fmt: skip

    def _committed(self, state: State, worker: Worker) -> State:
        action, batch = worker.action, worker.batch
        tallied = self._tallied(state, worker)
        state = state._replace(
            actions=with_item(state.actions, action, tallied),
            closed=with_item(state.closed, action, with_item(state.closed[action], batch, True)),
            written=with_item(
                state.written, action, with_item(state.written[action], batch, state.written[action][batch] + 1)
            ),
        )
        if tallied.ended:
            return self._made_ready(state, worker.next)
        return self._with_jobs(state, 1)

    # The rescuer

    def _rescuer_steps(self, state: State) -> Iterator[Step[State]]:
        rescuer = state.rescuer
        if rescuer.phase == "idle":
            yield from self._scan(state)
            return
        if self.scene.faults:
            yield Step("the rescuer dies", state._replace(rescuer=Other()), False)
        if rescuer.phase == "stranded" and not self._project_locked(state):
            slots = self._with_jobs(state, min(self.scene.in_flight, state.actions[rescuer.action].open))
            yield Step("the rescuer queues the project", slots._replace(rescuer=Other()))
        elif rescuer.phase == "forgotten":
            for readied in self._ready_next_steps(state, rescuer):
                yield Step("the rescuer looks for the next of the sequence", state._replace(rescuer=readied))
        elif rescuer.phase == "readied":
            ready = self._made_ready(state, rescuer.next)
            yield Step("the rescuer commits", ready._replace(rescuer=Other()))

    def _scan(self, state: State) -> Iterator[Step[State]]:
        """find_stranded_projects, which holds the batches that it finds, and find_forgotten_sequences, by itself."""
        waiting = state.jobs or (state.stuck and not self.has(guards.STRANDED_TODO))
        for action, row in enumerate(state.actions):
            unfinished = row.unfinished or (row.ended and not self.has(guards.STRANDED_UNFINISHED))
            if not waiting and unfinished and row.ready and self.has(guards.STRANDED):
                is_open = [batch for batch, closed in enumerate(state.closed[action]) if not closed]
                if is_open and not self._batch_locked(state, action, is_open[0]):
                    served = Other("stranded", action)
                    yield Step(f"the rescuer finds action {action} stranded", state._replace(rescuer=served))
        unfinished_rows = [row for row in state.actions if row.unfinished]
        if unfinished_rows and not any(row.ready for row in unfinished_rows) and self.has(guards.FORGOTTEN):
            yield Step("the rescuer finds the sequence forgotten", state._replace(rescuer=Other("forgotten")))

    # A client that cancels

    def _canceler_steps(self, state: State) -> Iterator[Step[State]]:
        canceler = state.canceler
        if canceler.phase == "idle":
            for action in self.scene.canceled:
                row = state.actions[action]
                may = row.unfinished or (row.ended and not self.has(guards.END_UNFINISHED))
                if may and not self._action_locked(state, action):
                    ended = row._replace(status="canceled", unprocessed=row.open, open=0)
                    after = Other("ended", action) if len(state.actions) > 1 else Other()
                    canceled = state._replace(actions=with_item(state.actions, action, ended), canceler=after)
                    yield Step(f"a client cancels action {action}", canceled, False)
            return
        if self.scene.faults:
            yield Step("the cancellation breaks off", state._replace(canceler=Other()), False)
        if canceler.phase == "ended":
            for readied in self._ready_next_steps(state, canceler):
                yield Step("the cancellation looks for the next of the sequence", state._replace(canceler=readied))
        else:
            ready = self._made_ready(state, canceler.next)
            yield Step("the cancellation commits", ready._replace(canceler=Other()))

    # A submission

    def _submission_steps(self, state: State, number: int, submission: Other) -> Iterator[Step[State]]:
        action = self.scene.accepted + number
        name = f"the submission of action {action}"

        def after(state: State, phase: Other) -> State:
            return state._replace(submissions=with_item(state.submissions, number, phase))

        if submission.phase == "idle":
            begun = state if self.has(guards.NUMBERED) else state._replace(numbers=(*state.numbers, action))
            yield Step(f"{name} begins", after(begun, Other("begun")), False)
        elif submission.phase == "begun" and not (self.has(guards.JOIN_LOCK) and self._project_lock_held(state)):
            # number_acceptance and wait_in_sequence
            numbered = state._replace(numbers=(*state.numbers, action)) if self.has(guards.NUMBERED) else state
            waits = any(row.unfinished for row in state.actions) and self.has(guards.WAIT_IN_SEQUENCE)
            joined = Other("waits" if waits else "ready")
            yield Step(f"{name} {'has to wait' if waits else 'is ready'}", after(numbered, joined))
        elif submission.phase in ("waits", "ready"):
            row = Action("unfinished", submission.phase == "ready", open=self.scene.batches[action])
            accepted = state._replace(actions=with_item(state.actions, action, row))
            slots = self._with_jobs(accepted, self.scene.in_flight if row.ready else 0)
            yield Step(f"{name} commits", after(slots, Other("over")))
            if self.scene.faults:
                left = tuple(other for other in state.numbers if other != action)
                yield Step(f"{name} breaks off", after(state._replace(numbers=left), Other()), False)

    # What several of them do

    def _ready_next_steps(self, state: State, process: Other) -> Iterator[Other]:
        if self._project_locked(state):
            return
        following = self._ready_next(state)
        if following == NOBODY or not self._action_locked(state, following):
            yield process._replace(phase="readied", next=following)

    def _ready_next(self, state: State, ended: int = NOBODY) -> int:
        """ready_next_in_sequence: the action to be made ready, where `ended` is over by our own transaction."""
        unfinished = {number for number, row in enumerate(state.actions) if row.unfinished and number != ended}
        there = [number for number in state.numbers if state.actions[number].status != "absent"]
        candidates = [number for number in there if number in unfinished or not self.has(guards.NEXT_UNFINISHED)]
        if not self.has(guards.NEXT_BY_NUMBER):
            candidates.reverse()
        if not candidates or candidates[0] not in unfinished or state.actions[candidates[0]].ready:
            return NOBODY
        if self.has(guards.NONE_OTHER_READY) and any(state.actions[number].ready for number in unfinished):
            return NOBODY
        return candidates[0]

    def _made_ready(self, state: State, action: int) -> State:
        if action == NOBODY:
            return state
        ready = with_item(state.actions, action, state.actions[action]._replace(ready=True))
        return self._with_jobs(state._replace(actions=ready), min(self.scene.in_flight, state.actions[action].open))

    def _with_jobs(self, state: State, more: int) -> State:
        """More jobs than there are workers make no difference."""
        return state._replace(jobs=min(state.jobs + more, self.scene.max_jobs))

    def _batch_locked(self, state: State, action: int, batch: int) -> bool:
        claims = ((worker.action, worker.batch) for worker in state.workers if worker.has_claim)
        return (action, batch) in claims or (
            state.rescuer.phase == "stranded"
            and state.rescuer.action == action
            and not state.closed[action][batch]
            and all(state.closed[action][:batch])
        )

    def _batch_updated(self, state: State, action: int, batch: int) -> bool:
        """Whether another transaction has closed it and is not yet over."""
        return any(
            (worker.action, worker.batch) == (action, batch) and worker.phase in ("closed", "queued")
            for worker in state.workers
        )

    def _action_locked(self, state: State, action: int) -> bool:
        return (
            any(
                (worker.action == action and worker.phase in ("closed", "queued")) or worker.next == action
                for worker in state.workers
            )
            or action in (state.rescuer.next, state.canceler.next)
        )  # fmt: skip

    def _project_locked(self, state: State) -> bool:
        """Whether who queues turns has to wait for somebody else who does, or for an acceptance."""
        return self.has(guards.PROJECT_LOCK) and self._project_lock_held(state)

    def _project_lock_held(self, state: State) -> bool:
        queues = (
            any(worker.phase == "queued" for worker in state.workers)
            or state.rescuer.phase == "readied"
            or state.canceler.phase == "readied"
        )
        accepts = any(submission.phase in ("waits", "ready") for submission in state.submissions)
        return (queues and self.has(guards.PROJECT_LOCK)) or (accepts and self.has(guards.JOIN_LOCK))
