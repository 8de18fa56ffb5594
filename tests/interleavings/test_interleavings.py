"""Whatever order their round trips come in: actions and calls that are at once end as some serial order of them would.

One order again, as a failure tells it: SCHEDULE=AAXXA pytest tests/interleavings -k "campaign delete".
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import pytest

from tests.interleavings.choosing import chosen
from tests.interleavings.conftest import MORE_ORDERS, ORDERS_TRIED
from tests.interleavings.scenarios import PAIRS, THREES
from tests.interleavings.trying import EVERY_ORDER, ORDERS, SCHEDULE, SEED, Tried, try_every_order, try_some_orders

_SAMPLE = 3
_PARTS = 6
_SAMPLE_OF_THREE = 4
_PARTS_OF_THREE = 4

Record = Callable[[str, Any], None]


def _of_this_seed(names: Collection[str], parts: int) -> list[Any]:
    """All of them; those that this SEED leaves out are marked so."""
    taken = set(names) if EVERY_ORDER or ORDERS or SCHEDULE is not None else chosen(names, SEED, parts)
    return [name if name in taken else pytest.param(name, marks=pytest.mark.of_another_seed) for name in names]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", _of_this_seed(PAIRS, _PARTS))
def test_two_at_once(database_url: str, record_property: Record, name: str) -> None:
    if EVERY_ORDER and SCHEDULE is None:
        tried = asyncio.run(try_every_order(database_url, PAIRS[name], name))
    else:
        tried = asyncio.run(try_some_orders(database_url, PAIRS[name], name, _SAMPLE))
    _check(tried, record_property, name)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", _of_this_seed(THREES, _PARTS_OF_THREE))
def test_three_at_once(database_url: str, record_property: Record, name: str) -> None:
    count = ORDERS // len(THREES) or _SAMPLE_OF_THREE
    _check(asyncio.run(try_some_orders(database_url, THREES[name], name, count)), record_property, name)


def _check(tried: Tried, record_property: Record, name: str) -> None:
    record_property(ORDERS_TRIED, tried.orders)
    record_property(MORE_ORDERS, int(tried.has_more))
    if tried.wrong:
        pytest.fail(tried.report(name), pytrace=False)
