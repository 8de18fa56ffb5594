"""One scene for all outages: they come one after another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.outages.scene import Scene, set_up


@pytest.fixture(scope="package")
def scene(session_dir: Path) -> Iterator[Scene]:
    with set_up(session_dir / "outages") as scene:
        yield scene
