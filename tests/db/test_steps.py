"""Steps: whatever plan the database chooses, a statement takes no more rows than its limit says."""

from datetime import timedelta
from typing import LiteralString, NamedTuple

import psycopg
import pytest

from tallykeep.dashboard.kit import session_store
from tallykeep.engine.retention import pruner
from tallykeep.engine.webhooks import deliverer
from tallykeep.tenants import tokens
from tallykeep.tenants.limits import windows, wrong_credentials

_ROWS, _STEP, _AGE = 20, 3, timedelta(hours=1)
# With these off a sub-select can only be run again for each row of the table that is changed.
_PLANS: tuple[LiteralString, ...] = (
    "SET enable_hashjoin = off", "SET enable_mergejoin = off", "SET enable_material = off", "SET enable_hashagg = off",
    "SET enable_sort = off",
)  # fmt: skip


class Step(NamedTuple):
    """A statement, and the columns and values of the rows that it may take, of which each has its number."""

    statement: LiteralString
    columns: LiteralString
    values: LiteralString


_HASH: LiteralString = "sha256(number::text::bytea)"
_LONG_AGO: LiteralString = "now() - interval '2 days'"
_DELIVERY: LiteralString = (
    "webhook_deliveries (project_id, webhook_id, event_id, action_id, step, event, data, status, created_at, due_at,"
    " expires_at)"
)
STEPS = {
    "sessions": Step(
        session_store._sql.delete_expired, "sessions (project_id, id, sealed, created_at, expires_at)",
        f"1, {_HASH}, '', now(), {_LONG_AGO}",
    ),
    "tokens": Step(
        tokens._sql.delete_expired,
        "access_tokens (project_id, token_hash, id, key_kind, key_id, scope, created_at, expires_at)",
        f"1, {_HASH}, number::text, 'app', 'key', 'api', now(), {_LONG_AGO}",
    ),
    "windows": Step(
        windows._sql.delete_over, "usage_windows (project_id, name, ends_at, taken, reserved)",
        f"1, number::text, {_LONG_AGO}, 0, 0",
    ),
    "wrong credentials": Step(
        wrong_credentials._sql.delete_over, "wrong_credentials (digest, ends_at, count)",
        f"substr({_HASH}, 1, 16), {_LONG_AGO}, 1",
    ),
    "idempotency keys": Step(
        pruner._sql.delete_idempotency_keys, "idempotency_keys (project_id, key, digest, action_id, created_at)",
        f"1, number::text, {_HASH}, 'aa_1', {_LONG_AGO}",
    ),
    "attempts": Step(
        pruner._sql.delete_attempts, "attempts (project_id, action_id, first_row, attempts)", "1, 'aa_1', number, 1"
    ),
    "events that are over": Step(
        deliverer._sql.delete_old, _DELIVERY,
        f"1, 'wh_1', number::text, 'aa_1', 1, 'async_action.ended', '{{}}', 'GIVEN_UP', {_LONG_AGO}, now(), now()",
    ),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_takes_what_its_limit_says(database_url: str, step: Step) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            f"INSERT INTO {step.columns} SELECT {step.values} FROM generate_series(1, {_ROWS}) AS number"
        )
        for plan in _PLANS:
            connection.execute(plan)
        taken = connection.execute(step.statement, {"step": _STEP, "age": _AGE}).rowcount
        assert taken == _STEP
