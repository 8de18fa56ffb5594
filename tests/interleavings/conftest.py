"""How many orders were tried."""

import pytest

from tests.interleavings.trying import EVERY_ORDER, SEED

ORDERS_TRIED = "orders tried"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        report for found in terminalreporter.stats.values() for report in found if hasattr(report, "user_properties")
    ]
    orders = sum(count for report in reports for name, count in report.user_properties if name == ORDERS_TRIED)
    if orders:
        which = "every order of two" if EVERY_ORDER else f"orders chosen by SEED={SEED}; EVERY_ORDER=1 tries all of two"
        terminalreporter.write_line(f"interleavings: {orders} orders ({which})")
