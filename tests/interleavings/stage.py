"""A stage: actors whose every round trip to the database is let pass on its own, in an order that is chosen."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
from fastapi import FastAPI
from psycopg.rows import dict_row
from structlog.testing import capture_logs

from tallykeep.api.app import create_api
from tallykeep.api.dependencies.context import Context
from tallykeep.api.dependencies.key_cache import KeyCache, Way
from tallykeep.api.dependencies.open_actions import OpenActions
from tallykeep.api.dependencies.shares import Pools, Shares
from tallykeep.api.responses.ended_answers import EndedAnswers
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.concurrency.side_thread import SideThread
from tallykeep.core.settings import Settings
from tallykeep.db.connections.guard import Guard
from tallykeep.db.connections.pool import Pool, make_pool
from tallykeep.engine.applier import Applier
from tallykeep.engine.intake.accept import Acceptance
from tallykeep.engine.intake.sample import Samples
from tallykeep.engine.reading.action_reader import ActionReader
from tallykeep.engine.reading.watch import BriefWatcher, Watcher
from tallykeep.engine.recovering.rescuer import Rescuer
from tallykeep.resources.fields import code_rules as codes
from tallykeep.tenants.callers import Grant
from tallykeep.tenants.permissions import ROLES, Role
from tallykeep.tenants.projects import Keys, add_project, new_keys
from tests.interleavings.explore import Choose, Enabled, Run, Step
from tests.interleavings.footprints import Footprints
from tests.interleavings.names import Names
from tests.interleavings.turnstile import Turnstile
from tests.postgres import quiet_settings
from tests.relay import listening

WORKER = "tallykeep interleaved worker"
_CONNECTIONS = 4
_QUICK = 0.003  # after so long without any news the server is asked who waits for whom
_MAX_STEPS = 400
_LOOPS_TO_READ = 4  # turns of the event loop, from a socket that is ready to the message that is noted


@dataclass(frozen=True)
class Project:
    """What a run is about: no run sees another's."""

    number: int
    keys: Keys

    @property
    def headers(self) -> dict[str, str]:
        """The keys, as requests bring them."""
        return {
            "X-App-Id": self.keys.app_id,
            "X-App-Token": self.keys.app_token,
            "X-Management-Id": self.keys.management_id,
            "X-Management-Token": self.keys.management_token,
        }


class _KeysOfTheRun(KeyCache):
    """Knows the keys of each run's project, so that no request begins with a look at them."""

    project: Project

    def find(self, way: Way, key_id: str, token: str) -> Grant | None:
        """What the keys of this run grant."""
        assert way in ("app", "management")
        return Grant(self.project.number, self.project.keys.project, key_id, way, Role.ADMIN, ROLES[Role.ADMIN])


@lru_cache
def _api(index: int) -> FastAPI:
    async def nothing() -> AsyncIterator[Context]:
        raise AssertionError("the stage opens what the application works with")
        yield

    return create_api(ACTION_TYPES, asynccontextmanager(nothing))


class _Dice(random.Random):
    """Stands for `secrets`, so that a run draws the same codes when it is made again."""

    def token_bytes(self, count: int) -> bytes:
        """Random bytes."""
        return self.randbytes(count)

    def randbelow(self, bound: int) -> int:
        """A random number below the bound."""
        return self.randrange(bound)

    def SystemRandom(self) -> "_Dice":
        """These very dice."""
        return self


@dataclass
class Slot:
    """What one actor has to itself: its turnstile, and the product behind it as API and as worker."""

    turnstile: Turnstile
    pool: Pool
    applier: Applier
    rescuer: Rescuer
    client: httpx.AsyncClient
    key_cache: _KeysOfTheRun

    async def send(self, project: Project, method: str, path: str, **options: Any) -> httpx.Response:
        """One request to this actor's API."""
        self.key_cache.project = project
        headers = {**project.headers, **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)


Play = Callable[[Slot], Awaitable[Any]]  # what an actor does


class Stage:
    """Slots for actors, and a way past their turnstiles to look at the truth."""

    def __init__(
        self, truth: psycopg.Connection[dict[str, Any]], founder: psycopg.Connection, settings: Settings
    ) -> None:
        self.truth = truth
        self._founder = founder
        self.settings = settings
        self.slots: list[Slot] = []
        self.news = asyncio.Event()
        self.names = Names()

    def query(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """What the database holds."""
        return self.truth.execute(sql, parameters or None).fetchall()

    def query_named(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """What the database holds, asked with parameters by name."""
        return self.truth.execute(sql, parameters).fetchall()

    def new_project(self) -> Project:
        """A project of its own, with the dice laid back."""
        codes.secrets = _Dice(1)  # type: ignore[assignment]
        self.names.forget()
        keys = new_keys()
        with self._founder.transaction():
            add_project(self._founder, "Interleaved", keys)
        (row,) = self.query("SELECT project_id FROM projects WHERE id = %s", keys.project)
        return Project(row["project_id"], keys)

    async def perform(self, plays: dict[str, Play], choose: Choose) -> tuple[Run, dict[str, Any]]:
        """Let the actors play at once, one round trip after the other; returns what each of them came to."""
        performance = _Performance(self, plays)
        return await performance.run(choose)


class _Performance:
    def __init__(self, stage: Stage, plays: dict[str, Play]) -> None:
        self._stage = stage
        self._slots = dict(zip(plays, stage.slots, strict=False))
        self._plays = plays
        self._steps: list[Step] = []
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._blocked: set[str] = set()

    async def run(self, choose: Choose) -> tuple[Run, dict[str, Any]]:
        for name, slot in self._slots.items():
            slot.turnstile.closed = True
            slot.turnstile.errors.clear()
            self._tasks[name] = asyncio.create_task(self._plays[name](slot))  # type: ignore[arg-type]
            self._tasks[name].add_done_callback(lambda _: self._stage.news.set())
        await self._settle()
        abandoned = False
        while enabled := self._enabled():
            chosen = choose(self._steps, enabled)
            if chosen is None:
                abandoned = True
                break
            assert len(self._steps) < _MAX_STEPS, "these actors come to no end"
            await self._step(chosen, enabled)
        for slot in self._slots.values():
            slot.turnstile.open()
        ended = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for row in ended:
            if isinstance(row, BaseException):
                raise row
        run = Run(self._steps, enabled if abandoned else {}, None if abandoned else "played")
        return run, dict(zip(self._tasks, ended, strict=True))

    def _enabled(self) -> Enabled:
        return {name: slot.turnstile.waiting.footprint for name, slot in self._slots.items() if slot.turnstile.waiting}

    async def _step(self, actor: str, enabled: Enabled) -> None:
        """One round trip, until it is answered or stands in the way of another, and whatever it sets free."""
        waiting = self._slots[actor].turnstile.waiting
        assert waiting
        step = Step(actor, waiting.text, waiting.footprint, enabled)
        blocked = {name for name in self._moving() if name != actor}
        last = {other.actor: other for other in self._steps}
        self._steps.append(step)
        self._slots[actor].turnstile.let_pass()
        await self._settle()
        still = self._moving()
        freed = blocked - still
        for name in freed:
            step.footprint |= last[name].footprint
        notes = ["waits"] if actor in still else []
        notes += [f"sets {name} free" for name in sorted(freed)]
        for name, slot in self._slots.items():
            notes += [f"{name}: {error}" for error in slot.turnstile.errors]
            slot.turnstile.errors.clear()
        step.note = ", ".join(notes)

    def _moving(self) -> set[str]:
        return {
            name
            for name, slot in self._slots.items()
            if slot.turnstile.waiting is None and not self._tasks[name].done()
        }

    async def _settle(self) -> None:
        """Return once each actor has asked the next thing, has ended, or waits for a lock that another holds."""
        news = self._stage.news
        while moving := self._moving():
            news.clear()
            if not moving <= self._blocked:
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), _QUICK)
            if not news.is_set() and await self._all_blocked(moving):
                self._blocked = moving
                return
            await asyncio.sleep(0)
        self._blocked = set()

    async def _all_blocked(self, moving: set[str]) -> bool:
        """Whether each of them waits for a session that will not go on by itself: not in a circle, which is broken.

        A session that has yet to look for a circle does not count: had another closed one first, it would be this one
        whose transaction fails.
        """
        owner = {pid: name for name, slot in self._slots.items() for pid in slot.turnstile.pids}
        waiting_for: dict[str, set[str]] = {}
        waiting: set[int] = set()
        for row in self._stage.query(_BLOCKED, list(owner)):
            name = owner[row["pid"]]
            waiting_for[name] = {owner[pid] for pid in row["blockers"] if pid in owner}
            waiting.add(row["pid"])
        for _ in range(_LOOPS_TO_READ):  # what the server has sent by now is still to be read
            await asyncio.sleep(0)
        checked = {pid for slot in self._slots.values() for pid in slot.turnstile.waiting_pids}
        if not waiting <= checked:
            return False
        return all(waiting_for.get(name) for name in moving) and not _has_circle(waiting_for)


_BLOCKED = "SELECT DISTINCT pid, pg_blocking_pids(pid) AS blockers FROM pg_locks WHERE NOT granted AND pid = ANY (%s)"


def _has_circle(waiting_for: dict[str, set[str]]) -> bool:
    def reaches(name: str, goal: str, seen: frozenset[str]) -> bool:
        return any(
            other == goal or (other not in seen and reaches(other, goal, seen | {other}))
            for other in waiting_for.get(name, ())
        )

    return any(reaches(name, name, frozenset()) for name in waiting_for)


@asynccontextmanager
async def open_stage(database_url: str, actors: int, **changes: Any) -> AsyncIterator[Stage]:
    """A stage for so many actors on this database."""
    (server_directory,) = parse_qs(urlsplit(database_url).query)["host"]
    settings = quiet_settings(**{"rescue_after_seconds": -60, **changes})
    async with AsyncExitStack() as stack:
        stack.enter_context(capture_logs())  # a traceback for every deadlock takes longer than the run
        truth = stack.enter_context(psycopg.connect(database_url, autocommit=True, row_factory=dict_row))
        _tell_of_lock_waits(truth)
        founder = stack.enter_context(psycopg.connect(database_url, autocommit=True))
        footprints = Footprints.of(truth)
        stage = Stage(truth, founder, settings)
        for index in range(actors):
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="tallykeep-actor-"))
            turnstile = Turnstile(server_directory, index, footprints, stage.names, stage.news.set)
            await stack.enter_async_context(listening(turnstile, Path(directory)))
            url = database_url.replace(server_directory, directory)
            stage.slots.append(await stack.enter_async_context(_open_slot(turnstile, url, settings, index)))
        yield stage


def _tell_of_lock_waits(truth: psycopg.Connection[dict[str, Any]]) -> None:
    """Have PostgreSQL look for a circle at once, and send a notice to a session that waits on after that."""
    for setting in ("deadlock_timeout = '1ms'", "log_lock_waits = on", "client_min_messages = log"):
        truth.execute(f"ALTER DATABASE {truth.info.dbname} SET {setting}")


@asynccontextmanager
async def _open_slot(turnstile: Turnstile, url: str, settings: Settings, index: int) -> AsyncIterator[Slot]:
    async def dies(project_id: int, action_id: str, first_row: int) -> int:
        return -9

    # A statement that is prepared after a few times takes a round trip more then than before.
    never = {"prepare_threshold": None}
    async with make_pool(url, size=_CONNECTIONS, least=_CONNECTIONS, name=WORKER, **never) as pool:
        while pool.get_stats()["pool_available"] < _CONNECTIONS:
            await asyncio.sleep(0.01)
        acceptance = Acceptance(pool, settings)
        key_cache = _KeysOfTheRun()
        context = Context(
            settings=settings, pools=Pools(pool, pool, pool, pool), shares=Shares(settings), acceptance=acceptance,
            reader=ActionReader(ACTION_TYPES, settings.failures_in_result), samples=Samples(settings),
            ended_answers=EndedAnswers(settings),
            watcher=Watcher(pool), brief_watcher=BriefWatcher(pool), action_types=ACTION_TYPES,
            report_secret=b"secret", key_cache=key_cache,
            guard=Guard(url, name=WORKER), open_actions=OpenActions(pool, settings.max_open_actions),
            aside=SideThread(),
        )  # fmt: skip
        app = _api(index)
        app.state.context = context
        applier = Applier(pool, ACTION_TYPES, settings, dies)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://stage", trust_env=False) as client:
            yield Slot(turnstile, pool, applier, Rescuer(pool, settings, WORKER), client, key_cache)
