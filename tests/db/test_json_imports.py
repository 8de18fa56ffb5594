"""JSON vouchers that were cleaned by columns are stored exactly as those that were cleaned row by row."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallykeep.core.batch import Batch, Source
from tallykeep.formats.json.elements import ELEMENT_SEPARATOR
from tallykeep.formats.row_reader import read_rows
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.draft import VoucherDraft
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers
from tallykeep.resources.vouchers.writing.store import copy_new, ready_pieces
from tests.db.engine import Engine, open_engine
from tests.sizes import examples
from tests.unit.json_vouchers import BODIES

_STORED = "SELECT (to_jsonb(vouchers) - 'id')::text AS stored FROM vouchers ORDER BY code"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _carefully(elements: list[bytes]) -> dict[str, tuple[bytes, VoucherDraft]]:
    """Return the rows that are right, by their codes, each with its draft."""
    cleaner = JsonVouchers(MetadataChecker(None), CategoryLabels())
    made: dict[str, tuple[bytes, VoucherDraft]] = {}
    for element in elements:
        drafts, _ = cleaner.clean(read_rows(Batch(1, 1, element), Source("json")))
        made.update({draft.code: (element, draft) for draft in drafts})
    return made


async def _stored(engine: Engine, drafts: Sequence[VoucherDraft]) -> list[str]:
    async with engine.pool.connection() as connection, connection.transaction(force_rollback=True):
        assert await copy_new(connection, ready_pieces(engine.project_id, drafts, _NOW))
        return [row["stored"] for row in await (await connection.execute(_STORED)).fetchall()]


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(BODIES, min_size=60, max_size=120))
def test_both_ways_are_stored_alike(database_url: str, elements: list[bytes]) -> None:
    made = _carefully(elements)
    body = ELEMENT_SEPARATOR.join(element for element, _ in made.values())
    rows: Any = read_rows(Batch(1, len(made), body), Source("json"))
    quick, failures = JsonVouchers(MetadataChecker(None), CategoryLabels()).clean(rows)

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            assert await _stored(engine, quick) == await _stored(engine, [draft for _, draft in made.values()])

    assert not failures
    asyncio.run(scenario())
