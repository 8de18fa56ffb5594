"""The table of what is done at once. Workers are A, B, C; calls are X, Y, Z."""

from tests.interleavings.scenario import Scenario
from tests.interleavings.scenarios.campaigns import CAMPAIGNS
from tests.interleavings.scenarios.control import CONTROL
from tests.interleavings.scenarios.parents import PARENTS
from tests.interleavings.scenarios.same_keys import SAME_KEYS
from tests.interleavings.scenarios.singles import SINGLES
from tests.interleavings.scenarios.threes import THREES

# Two at once, each of one batch: every order is tried.
PAIRS: dict[str, Scenario] = {**SAME_KEYS, **SINGLES, **CAMPAIGNS, **PARENTS, **CONTROL}

__all__ = ["PAIRS", "THREES"]
