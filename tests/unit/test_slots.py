"""Places: shares by project and by key, in turn, given back whatever happens."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import tallykeep
from tallykeep.core.concurrency.slots import Bounds, Slots
from tallykeep.core.errors import ServiceUnavailableError, TooManyRequestsError

SOURCES = Path(tallykeep.__file__).parent


def slots_of(
    in_all: int = 3, of_project: int = 2, of_key: int = 2, waiting: int = 10, timeout_seconds: float = 60
) -> Slots:
    bounds = Bounds(in_all=in_all, of_project=of_project, of_key=of_key, waiting=waiting)
    return Slots("things", bounds, timeout_seconds=timeout_seconds)


class Holders:
    """Those who want places, in the order in which they got them."""

    def __init__(self, shared: Slots) -> None:
        self._slots = shared
        self.got: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, project: int, key: str = "") -> None:
        self._ends[name] = asyncio.Event()

        async def hold() -> None:
            async with self._slots.hold(project, key):
                self.got.append(name)
                await self._ends[name].wait()

        self._tasks[name] = asyncio.create_task(hold())
        await _settle()

    async def leave(self, name: str) -> None:
        self._ends[name].set()
        await self._tasks[name]
        await _settle()

    async def break_off(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.wait((self._tasks[name],))
        await _settle()


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_project_has_its_share_and_those_of_it_come_in_order() -> None:
    async def scenario() -> None:
        holders = Holders(slots_of(of_key=3))
        for name in ("a1", "a2", "a3", "a4"):
            await holders.come(name, 1)
        assert holders.got == ["a1", "a2"]
        await holders.come("b1", 2)
        assert holders.got == ["a1", "a2", "b1"]
        await holders.leave("a2")
        assert holders.got == ["a1", "a2", "b1", "a3"]
        for name in ("a1", "a3", "a4", "b1"):
            await holders.leave(name)
        assert holders.got[-1] == "a4"

    asyncio.run(scenario())


def test_projects_that_wait_take_turns() -> None:
    async def scenario() -> None:
        holders = Holders(slots_of(in_all=1, of_project=1))
        await holders.come("z", 9)
        for name, project in (("a1", 1), ("a2", 1), ("a3", 1), ("b1", 2), ("c1", 3), ("b2", 2)):
            await holders.come(name, project)
        for _ in range(7):
            await holders.leave(holders.got[-1])
        assert holders.got == ["z", "a1", "b1", "c1", "a2", "b2", "a3"]

    asyncio.run(scenario())


def test_one_key_leaves_a_place_to_the_others_of_its_project() -> None:
    async def scenario() -> None:
        holders = Holders(slots_of(in_all=4, of_project=3, of_key=2))
        for name in ("one", "two", "three"):
            await holders.come(name, 1, "key")
        await holders.come("other", 1, "other key")
        assert holders.got == ["one", "two", "other"]
        await holders.leave("one")
        assert holders.got[-1] == "three"

    asyncio.run(scenario())


def test_who_breaks_off_gives_the_place_back_and_leaves_the_queue() -> None:
    async def scenario() -> None:
        shared = slots_of(in_all=1, of_project=1)
        holders = Holders(shared)
        await holders.come("first", 1)
        await holders.come("gone", 1)
        await holders.come("last", 1)
        assert (shared.held_by(1), shared.waiting_of(1)) == (1, 2)
        await holders.break_off("gone")
        assert shared.waiting_of(1) == 1
        await holders.break_off("first")
        assert holders.got == ["first", "last"]
        await holders.break_off("last")
        assert (shared.held_by(1), shared.waiting_of(1)) == (0, 0)

    asyncio.run(scenario())


def test_one_that_is_broken_off_at_the_moment_its_turn_comes_passes_it_on() -> None:
    async def scenario() -> None:
        shared = slots_of(in_all=1, of_project=1)
        holders = Holders(shared)
        for name in ("first", "gone", "last"):
            await holders.come(name, 1)
        holders._ends["first"].set()
        await asyncio.sleep(0)
        holders._tasks["gone"].cancel()
        await asyncio.wait((holders._tasks["gone"],))
        await _settle()
        assert holders.got[-1] == "last"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("held", "who", "refused", "expected"),
    [
        ([(1, "a"), (1, "b")], (1, "c"), TooManyRequestsError, "The project has 2 things at a time"),
        ([(1, "a")], (1, "a"), TooManyRequestsError, "One key has 1 things at a time"),
        ([(1, "a"), (2, "a"), (3, "a")], (4, "a"), ServiceUnavailableError, "The server has 3 things at a time"),
    ],
)
def test_who_is_refused_is_told_whose_share_is_used_up(
    held: list[tuple[int, str]], who: tuple[int, str], refused: type[Exception], expected: str
) -> None:
    async def scenario() -> None:
        for shared in (slots_of(of_key=1, waiting=0), slots_of(of_key=1, timeout_seconds=0.01)):
            async with AsyncExitStack() as taken:
                for holder in held:
                    await taken.enter_async_context(shared.hold(*holder))
                with pytest.raises(refused, match=expected) as caught:
                    async with shared.hold(*who):
                        pass
                assert caught.value.headers["Retry-After"] == "1"  # type: ignore[attr-defined]
            assert all(shared.held_by(project) == shared.waiting_of(project) == 0 for project in range(5))

    asyncio.run(scenario())


def test_no_project_can_have_all() -> None:
    for in_all in range(2, 50):
        bounds = Bounds.shared(in_all, waiting=0)
        assert 1 <= bounds.of_key <= bounds.of_project < in_all


def test_no_route_takes_a_connection_past_the_shares() -> None:
    own = {
        "context.py": "the shares are made of them",
        "grants.py": "keys belong to no project yet",
        "downloads.py": "so do links to reports: whether the key that got one is valid, once a second at most",
        "refusals.py": "refusals are counted, and written beside requests over one connection, whoever was refused",
        "last_uses.py": "what is noted beside requests is nobody's share: one connection, for a moment each second",
    }
    past = {
        path.name
        for path in sorted((SOURCES / "api").rglob("*.py"))
        if ".pools." in path.read_text() or "pool.connection" in path.read_text()
    }
    assert past - {"shares.py"} == set(own)
