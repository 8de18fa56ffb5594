"""The plan of an erasure: steps through all that is stored of a project's actions."""

from typing import Any

from psycopg import sql

from tallykeep.core.action_type import Planned
from tallykeep.db.queries import queries

_sql = queries(__package__, "plan.sql")

_STEP_BYTES = 16 << 20


def plan_erasure(_: dict[str, Any]) -> Planned:
    """Return the steps; their size depends on the rows of a batch, and on how many bytes are stored."""
    return Planned(sql.SQL(_sql.plan), {"step_bytes": _STEP_BYTES})
