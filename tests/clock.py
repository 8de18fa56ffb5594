"""A clock that stands still, for what goes by how much time has passed in this process."""

from types import ModuleType

import pytest


class Clock:
    """What a module takes for `time`; a test adds the seconds that pass to `now`."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


def stopped_clock(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> Clock:
    """Put a clock that stands still in the place of the module's `time`."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock
