"""The interleavings find what they are there to find, and leave out nothing that would be another outcome."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from tallykeep.api.dependencies import context
from tallykeep.db import gates
from tallykeep.resources.campaigns import import_operation as imports
from tallykeep.resources.vouchers import single
from tallykeep.resources.vouchers.draft import VoucherDraft
from tallykeep.resources.vouchers.updating import update_operation as updates
from tallykeep.resources.vouchers.writing import store as write
from tests.interleavings.conftest import ORDERS_TRIED
from tests.interleavings.explore import Footprint
from tests.interleavings.scenario import Scenario
from tests.interleavings.scenarios import PAIRS
from tests.interleavings.trying import EVERY_ORDER, outcomes_of, try_until_wrong

_MAX = 200
_LONG = pytest.mark.skipif(not EVERY_ORDER, reason="all orders there are, tried with EVERY_ORDER=1")

Patch = pytest.MonkeyPatch


def _without(patch: Patch, queries: Any, name: str, part: str, instead: str = "") -> None:
    text = getattr(queries, name)
    assert part in text
    patch.setattr(queries, name, text.replace(part, instead))


def _hold_no_gates(patch: Patch) -> None:
    held = "SELECT pg_advisory_xact_lock_shared(project, gate)"
    _without(patch, gates._sql, "hold", held, "SELECT project, gate")


def _lock_without_retry(patch: Patch) -> None:
    async def lock_without_retry(lock: Callable[[Sequence[str]], Awaitable[Any]], keys: Sequence[str]) -> Any:
        return await lock(keys)

    patch.setattr(updates, "lock_existing", lock_without_retry)


def _lock_before_inserting(patch: Patch) -> None:
    async def insert_new(
        connection: Any, project_id: int, drafts: Sequence[VoucherDraft], timestamp: datetime
    ) -> list[dict[str, Any]]:
        params = {"project_id": project_id, "timestamp": timestamp}
        existing: list[dict[str, Any]] = await (await connection.execute(write._sql.lock_existing, params)).fetchall()
        await connection.execute(write.INSERT_STAGED, params)
        return existing

    async def copy_nothing(*_: Any) -> bool:
        return False

    patch.setattr(imports, "insert_new", insert_new)
    patch.setattr(imports, "copy_new", copy_nothing)  # as in a batch that meets a code which exists


def _answer_behind_the_transaction(patch: Patch) -> None:
    async def directly(connection: Any, work: Callable[[], Awaitable[Any]]) -> Any:
        return await work()

    patch.setattr(context, "in_transaction", directly)


@dataclass(frozen=True)
class _Safeguard:
    take_out: Callable[[Patch], None]
    scenario: Scenario


_SAFEGUARDS = {
    "batches hold gates": _Safeguard(_hold_no_gates, PAIRS["generation, campaign delete"]),
    "a bulk update locks vouchers before it reads them": _Safeguard(
        lambda patch: _without(patch, updates._sql, "lock_metadata", "FOR UPDATE"),
        PAIRS["vouchers bulk, single change"],
    ),
    "a look that locks is taken again": _Safeguard(
        _lock_without_retry, replace(PAIRS["vouchers bulk, vouchers CSV"], separately=True)
    ),
    "an import into a campaign inserts before it looks": _Safeguard(
        _lock_before_inserting, PAIRS["campaign JSON, campaign JSON, new"]
    ),
    "a single update locks its voucher": _Safeguard(
        lambda patch: _without(patch, single._sql, "lock_voucher", "FOR UPDATE"), PAIRS["single change, single change"]
    ),
    "what is answered is read in the transaction": _Safeguard(
        _answer_behind_the_transaction, PAIRS["single change, single delete"]
    ),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("safeguard", _SAFEGUARDS)
def test_a_safeguard_taken_out_is_found(
    database_url: str, monkeypatch: Patch, record_property: Callable[[str, Any], None], safeguard: str
) -> None:
    _SAFEGUARDS[safeguard].take_out(monkeypatch)
    tried = asyncio.run(try_until_wrong(database_url, _SAFEGUARDS[safeguard].scenario, _MAX))
    record_property(ORDERS_TRIED, tried.orders)
    assert tried.wrong, f"{tried.orders} orders came to nothing wrong"


def _any_two_meet(_: Footprint, __: Footprint) -> bool:
    return True


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "take_out",
    [
        pytest.param(None, id="as it is"),
        pytest.param(_answer_behind_the_transaction, id="with a safeguard out", marks=_LONG),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "customer change, customer delete",
        pytest.param("single change, single delete", marks=_LONG),
        pytest.param("vouchers CSV, schema create", marks=_LONG),
    ],
)
def test_orders_left_out_come_to_nothing_else(
    database_url: str, monkeypatch: Patch, take_out: Callable[[Patch], None] | None, name: str
) -> None:
    if take_out:
        take_out(monkeypatch)
    few, fewer_outcomes = asyncio.run(outcomes_of(database_url, PAIRS[name], Footprint.meets))
    all_there_are, outcomes = asyncio.run(outcomes_of(database_url, PAIRS[name], _any_two_meet))
    assert fewer_outcomes == outcomes
    assert few < all_there_are
