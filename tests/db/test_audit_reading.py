"""The audit log is read along its indexes, however long it is."""

import asyncio
from typing import Any

import pytest

from tallykeep.core.audit.events import Event
from tallykeep.tenants.audit import read
from tallykeep.tenants.audit.read import Wanted
from tests.db.engine import Engine, open_engine

_ENTRIES = 20_000
# Nine in ten are of actions; one campaign was deleted.
_FILL = """
    INSERT INTO audit_log (
        project_id, number, hash, id, created_at, event, outcome, door, action_id, resource_type, resource_id, details
    )
    SELECT
        %(project_id)s, n, sha256(n::text::bytea), 'log_' || n, now() - n * interval '1 s',
        CASE WHEN n = 7 THEN 'campaign.delete' WHEN mod(n, 10) = 0 THEN 'voucher.update' ELSE 'action.submit' END,
        'success', 'api', CASE WHEN mod(n, 10) > 0 THEN 'aa_' || n END,
        CASE WHEN mod(n, 10) > 0 AND n <> 7 THEN 'async_action' ELSE 'x' END,
        CASE WHEN mod(n, 10) > 0 AND n <> 7 THEN 'aa_' || n ELSE 'r_' || n END, '{}'
    FROM generate_series(1, %(entries)s) AS n
"""


async def plan_of(engine: Engine, wanted: Wanted) -> str:
    query = read._sql.page_of_log.replace("{conditions}", wanted.conditions)
    params = {**wanted.parameters, "project_id": engine.project_id, "before": 1 << 62}
    rows: list[dict[str, Any]] = []
    async with engine.pool.connection() as connection:
        rows = await (await connection.execute(f"EXPLAIN {query}", params)).fetchall()
    return "\n".join(row["QUERY PLAN"] for row in rows)


@pytest.mark.parametrize(
    ("filters", "indexes"),
    [
        ({}, ("audit_log_pkey",)),
        ({"events": (Event.CAMPAIGN_DELETE,)}, ("audit_log_by_event",)),
        ({"resource_id": "r_7"}, ("audit_log_by_resource",)),
        ({"resource_id": "aa_8"}, ("audit_log_by_resource", "audit_log_by_action")),
        ({"action_id": "aa_8"}, ("audit_log_by_action",)),
        ({"id": "log_8"}, ("audit_log_project_id_id_key",)),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else None,
)
def test_entries_are_found_by_index(database_url: str, filters: dict[str, Any], indexes: tuple[str, ...]) -> None:
    async def scenario() -> str:
        async with open_engine(database_url) as engine:
            async with engine.pool.connection() as connection:
                await connection.execute(_FILL, {"project_id": engine.project_id, "entries": _ENTRIES})
                await connection.execute("ANALYZE audit_log")
            return await plan_of(engine, Wanted(**filters))

    plan = asyncio.run(scenario())
    assert "Seq Scan on audit_log" not in plan
    for index in indexes:
        assert index in plan, plan
