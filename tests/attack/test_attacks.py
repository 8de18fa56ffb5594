"""The chosen attacks in small: one client attacks, nobody else is stopped. `make attack` runs all of them in full."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.attacks import ATTACKS, CHOSEN
from tests.attack.doubling import find_grown
from tests.attack.lab import Lab, running_lab
from tests.attack.run import Bounds, attacked
from tests.postgres import fresh_database

_SCALE = 0.3
_SHORTER = 0.07  # of the time that an attack lasts in full
_DOORS_SECONDS = 5

# Four times what is promised, and more: tests run beside each other on machines that are busy.
_BOUNDS = Bounds(get=3, own_get=3, imported=8, health=4, answered=4, memory=60)


@pytest.fixture(scope="module")
def lab(session_dir: Path, postgres: str, template: str) -> Iterator[Lab]:
    with fresh_database(postgres, template) as url, running_lab(session_dir / "attacked", _SCALE, url) as lab:
        yield lab


def test_the_chosen_attacks_are_there() -> None:
    assert set(CHOSEN) <= {attack.name for attack in ATTACKS}
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("name", CHOSEN)
def test_nobody_else_is_stopped(lab: Lab, name: str) -> None:
    (attack,) = (attack for attack in ATTACKS if attack.name == name)
    outcome = attacked(lab, attack, _BOUNDS, scale_of_time=_SHORTER)
    assert not outcome.broken, "\n".join([*outcome.broken, str(outcome.attacker["examples"])])


def test_time_grows_no_faster_than_length(lab: Lab) -> None:
    lab.renew()
    tried, grown = find_grown(lab, _DOORS_SECONDS)
    assert tried
    assert not grown, "\n".join(map(str, grown))
