"""How many orders were tried."""

import pytest

from tests.interleavings.trying import EVERY_ORDER, SEED

ORDERS_TRIED = "orders tried"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        each for found in terminalreporter.stats.values() for each in found if getattr(each, "when", "") == "call"
    ]
    orders = sum(count for each in reports for name, count in each.user_properties if name == ORDERS_TRIED)
    if orders:
        which = "every order of two" if EVERY_ORDER else f"orders chosen by SEED={SEED}; EVERY_ORDER=1 tries all of two"
        terminalreporter.write_line(f"interleavings: {orders} orders ({which})")
