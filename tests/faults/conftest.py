"""A directory for the proxy's socket, and how much was tried."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.sweep import EVERY_FAULT, SEED, tried


@pytest.fixture
def proxy_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tallykeep-proxy-") as directory:
        yield Path(directory)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if tried.faults:
        which = "every fault point" if EVERY_FAULT else f"fault points chosen by SEED={SEED}; EVERY_FAULT=1 tries all"
        terminalreporter.write_line(f"fault sweep: {tried.faults} faults ({which})")
