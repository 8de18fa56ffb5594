"""The outages: what happens, how it ends, and for how long in the suite and in the long form."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.outages.scene import Scene

Happening = Callable[[Scene], None]


@dataclass(frozen=True)
class Outage:
    """One row of the table."""

    name: str
    begin: Happening
    end: Happening
    seconds: float = 0.0
    long_seconds: float = 0.0
    afterwards: Happening | None = None  # back to where the next one begins


def _stop(scene: Scene) -> None:
    scene.database.stop()


def _kill(scene: Scene) -> None:
    scene.database.kill()


def _kill_one(scene: Scene) -> None:
    scene.database.kill_one_session()


def _launch(scene: Scene) -> None:
    scene.database.launch()


def _nothing(scene: Scene) -> None:
    return


def _freeze(scene: Scene) -> None:
    scene.database.freeze()


def _thaw(scene: Scene) -> None:
    scene.database.thaw()


def _fall_silent(scene: Scene) -> None:
    scene.lines[0].fall_silent()


def _be_heard(scene: Scene) -> None:
    scene.lines[0].be_heard()


def _lose_connections(scene: Scene) -> None:
    """What was connected stays silent for ever, without a word; who connects anew gets through."""
    scene.lines[0].fall_silent()
    scene.lines[0].be_heard()


def _occupy(scene: Scene) -> None:
    scene.occupy()


def _release(scene: Scene) -> None:
    scene.release()


def _lose_first_address(scene: Scene) -> None:
    scene.lines[0].cut()


def _gain_second_address(scene: Scene) -> None:
    scene.lines[1].restore()


def _gain_first_address(scene: Scene) -> None:
    scene.lines[0].be_heard()
    scene.lines[1].cut()


def _restore_first_address(scene: Scene) -> None:
    scene.lines[0].restore()
    scene.lines[1].cut()


OUTAGES = (
    Outage("restart", _stop, _launch),
    Outage("crash of everything", _kill, _launch),
    Outage("crash of one session", _kill_one, _nothing),
    Outage("absence", _stop, _launch, seconds=4, long_seconds=60),
    Outage("silence: the server stands still", _freeze, _thaw, seconds=7, long_seconds=60),
    Outage("silence: the network loses everything", _fall_silent, _be_heard, seconds=7, long_seconds=60),
    Outage("connections forgotten by the network", _lose_connections, _nothing),
    Outage("connections used up", _occupy, _release, seconds=1.5, long_seconds=60),
    Outage(
        "fail-over, the old address refuses", _lose_first_address, _gain_second_address, seconds=1, long_seconds=10,
        afterwards=_restore_first_address,
    ),
    Outage(
        "fail-over, the old address is silent", _fall_silent, _gain_second_address, seconds=1, long_seconds=10,
        afterwards=_gain_first_address,
    ),
)  # fmt: skip
