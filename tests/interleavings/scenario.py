"""Scenarios: what is there before, which actions wait for workers, which calls come meanwhile."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from tallykeep.db.transient import is_transient
from tests.interleavings.committing import committed
from tests.interleavings.explore import Choose, Run
from tests.interleavings.outcome import Outcome, audit
from tests.interleavings.rightness import WRONG, wrongs
from tests.interleavings.stage import Play, Project, Slot, Stage

_MAX_SLOTS = 100
_UNFINISHED = "status IN ('ENQUEUED', 'IN_PROGRESS')"


@dataclass(frozen=True)
class Ask:
    """A request; `<name>` in it stands for the id that was answered to the one that `saves` it, `<project>` as well."""

    method: str
    path: str
    body: Any = None  # a text is CSV, all else JSON
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    saves: str = ""
    slots: int = 0  # and then be a worker for so many turns

    async def send(self, slot: Slot, scene: "Scene", *, works: bool = False) -> httpx.Response:
        """Send it, and work on with what it has started."""
        headers = dict(self.headers)
        body = self.body
        if body is not None:
            headers["Content-Type"] = "text/csv" if isinstance(body, str) else "application/json"
            text = body if isinstance(body, str) else orjson.dumps(body).decode()
            body = scene.filled(text).encode()
        path = scene.filled(self.path)
        answer = await slot.send(
            scene.project, self.method, path, params=dict(self.query), headers=headers, content=body
        )
        await scene.work(slot, self.slots if works else 0)
        return answer


@dataclass(frozen=True)
class Rescue:
    """A look of the rescuer, to which every action is silent; then so many turns of its worker."""

    slots: int = 0

    async def send(self, slot: Slot, scene: "Scene", *, works: bool = False) -> None:
        """Look once, and work."""
        await slot.rescuer.rescue()
        await scene.work(slot, self.slots if works else 0)


Call = Ask | Rescue


@dataclass(frozen=True)
class Scenario:
    """`actions` are accepted in this order before anything is interleaved; each worker has so many turns."""

    before: Sequence[Ask] = ()
    actions: Sequence[Ask] = ()
    calls: Sequence[Call] = ()
    workers: int | None = None
    slots: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    drawn: bool = False  # codes are drawn, and only how many there are is compared
    separately: bool = False  # workers make no joint attempts, which has fewer steps

    @property
    def letters(self) -> list[str]:
        """The actors: workers from A on, calls from X on."""
        workers = len(self.actions) if self.workers is None else self.workers
        return ["ABC"[index] for index in range(workers)] + ["XYZ"[index] for index in range(len(self.calls))]


@dataclass
class Scene:
    """One run of a scenario: its project, and what was answered in it."""

    stage: Stage
    scenario: Scenario
    project: Project
    saved: dict[str, str] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    rescued: bool = False
    began: Any = None

    def filled(self, text: str) -> str:
        """The text with ids in place of names."""
        for name, value in {"project": self.project.keys.project, **self.saved}.items():
            text = text.replace(f"<{name}>", value)
        return text

    async def set_up(self) -> "Scene":
        """Everything that is there before the actors begin."""
        for ask in self.scenario.before:
            await self._send(ask)
            await self.drive()
        for index, ask in enumerate(self.scenario.actions, 1):
            self.accepted.append(await self._send(ask))
            self.saved[f"action{index}"] = self.accepted[-1]
        # What is written is stamped with whole milliseconds.
        (present,) = self.stage.query("SELECT date_trunc('milliseconds', clock_timestamp()) AS began")
        self.began = present["began"]
        return self

    async def _send(self, ask: Ask) -> str:
        answer = await ask.send(self.stage.slots[0], self)
        assert answer.status_code < 300, answer.text
        body = answer.json() if answer.content else {}
        resource_id = str(body.get("async_action_id") or body.get("id"))
        if ask.saves:
            self.saved[ask.saves] = resource_id
        return resource_id

    async def advance(self, slot: Slot) -> None:
        """What a worker does with a job; and where there is none, all the same."""
        job = self._take_job()
        is_small = bool(job and job["small"]) and not self.scenario.separately
        await slot.applier.advance(self.project.number, small=is_small)

    async def work(self, slot: Slot, slots: int) -> None:
        """Be a worker for so many turns."""
        for _ in range(slots):
            await self.advance(slot)

    async def drive(self) -> None:
        """Be the project's worker until every action has ended, and its rescuer when no job is left."""
        for _ in range(_MAX_SLOTS):
            if not self.unfinished():
                return
            slot = self.stage.slots[0]
            if job := self._take_job():
                await slot.applier.advance(self.project.number, small=job["small"])
                continue
            self.rescued = True
            try:
                await slot.rescuer.rescue()
            except Exception as error:  # a worker whose rescuer fails is started anew
                if not is_transient(error):
                    raise
        raise AssertionError(f"still open after {_MAX_SLOTS} turns: {self.unfinished()}")

    def unfinished(self) -> list[dict[str, Any]]:
        """The actions that have not ended."""
        return self.stage.query(
            f"SELECT id, type, status, ready FROM async_actions WHERE project_id = %s AND {_UNFINISHED}"
            " ORDER BY created_at, id",
            self.project.number,
        )

    def actions(self) -> dict[str, str]:
        """What serial orders call the actions, by their names in footprints."""
        rows = self.stage.query("SELECT id, type FROM async_actions WHERE project_id = %s", self.project.number)
        return {self.stage.names.of(row["id"]): self._called(row) for row in rows}

    def _called(self, action: Mapping[str, Any]) -> str:
        known = action["id"] in self.accepted
        return f"action{self.accepted.index(action['id']) + 1}" if known else str(action["type"])

    def options(self, answers: Mapping[str, Any]) -> dict[str, str]:
        """Who may be next in a serial order."""
        choices = {"XYZ"[index]: "" for index in range(len(self.scenario.calls)) if "XYZ"[index] not in answers}
        for action in self.unfinished():
            if action["ready"]:
                choices.setdefault(self._called(action), action["id"])
        return choices

    def _take_job(self) -> dict[str, Any] | None:
        rows = self.stage.query(
            "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs"
            " WHERE status = 'todo' AND args ->> 'project_id' = %s"
            " ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
            " RETURNING coalesce((args ->> 'small')::boolean, false) AS small",
            str(self.project.number),
        )
        return rows[0] if rows else None

    async def serve_separately(self, slot: Slot, action_id: str) -> None:
        """Serve this action, and no other together with it."""
        self._take_job()
        self._serve_next(action_id)
        await slot.applier.advance(self.project.number)

    def _serve_next(self, action_id: str) -> None:
        """Let this action have waited for longest."""
        self.stage.query(
            "UPDATE async_actions SET served_at = CASE WHEN id = %s THEN 'epoch'::timestamptz ELSE served_at END"
            " WHERE project_id = %s RETURNING id",
            action_id, self.project.number,
        )  # fmt: skip

    def outcome(self, answers: Mapping[str, Any]) -> Outcome:
        """What has come of it."""
        rows = audit(self.stage, self.project, self.accepted, self.rescued, answers, drawn=self.scenario.drawn)
        return {**rows, WRONG: wrongs(self.stage, self.project, self.began)}


async def perform(stage: Stage, scenario: Scenario, choose: Choose) -> Run:
    """One run in the order that is chosen, driven to its end."""
    scene = await Scene(stage, scenario, stage.new_project()).set_up()
    plays: dict[str, Play] = {}
    for letter in scenario.letters:
        if letter in "ABC":
            plays[letter] = _worker(scene)
        else:
            plays[letter] = _caller(scene, scenario.calls["XYZ".index(letter)])
    run, answers = await stage.perform(plays, choose)
    await scene.drive()
    run.committed = committed(run.steps, scene.actions())
    if run.outcome is not None:
        run.outcome = scene.outcome({letter: answers[letter] for letter in plays if letter in "XYZ"})
    return run


def _worker(scene: Scene) -> Play:
    async def play(slot: Slot) -> None:
        await scene.work(slot, scene.scenario.slots)

    return play


def _caller(scene: Scene, call: Call) -> Play:
    async def play(slot: Slot) -> Any:
        return await call.send(slot, scene, works=True)

    return play


async def play_serially(
    stage: Stage, scenario: Scenario, choose: Callable[[Sequence[str], Sequence[str]], str]
) -> tuple[list[str], Outcome]:
    """One serial order: nothing at once, calls and batches as they are chosen, an action's own in their order."""
    scene = await Scene(stage, scenario, stage.new_project()).set_up()
    answers: dict[str, Any] = {}
    made: list[str] = []
    while options := scene.options(answers):
        chosen = choose(made, list(options))
        made.append(chosen)
        if chosen in "XYZ":
            answers[chosen] = await scenario.calls["XYZ".index(chosen)].send(stage.slots[0], scene)
        else:
            await scene.serve_separately(stage.slots[0], options[chosen])
    return made, scene.outcome(answers)
