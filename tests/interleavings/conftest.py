"""One database for all scenarios, those that this SEED tries, and how many orders were tried."""

from collections.abc import Iterator

import pytest

from tests.interleavings.trying import EVERY_ORDER, MAX_ORDERS, SEED
from tests.postgres import fresh_database

ORDERS_TRIED = "orders tried"
MORE_ORDERS = "has more orders"
_OF_ANOTHER_SEED = "of_another_seed"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{_OF_ANOTHER_SEED}: not tried, unless -k names it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.keyword:
        return
    left_out = [item for item in items if item.get_closest_marker(_OF_ANOTHER_SEED)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def database_url(postgres: str, template: str) -> Iterator[str]:
    """Runs have projects of their own, and see nothing of each other."""
    with fresh_database(postgres, template) as url:
        yield url


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        each for group in terminalreporter.stats.values() for each in group if getattr(each, "when", "") == "call"
    ]
    orders, unfinished = (
        sum(count for each in reports for name, count in each.user_properties if name == wanted)
        for wanted in (ORDERS_TRIED, MORE_ORDERS)
    )
    if orders:
        every = f"every order of two; {unfinished} scenarios have more than MAX_ORDERS={MAX_ORDERS}, and some by chance"
        which = every if EVERY_ORDER else f"orders chosen by SEED={SEED}; EVERY_ORDER=1 tries all of two"
        terminalreporter.write_line(f"interleavings: {orders} orders ({which})")
