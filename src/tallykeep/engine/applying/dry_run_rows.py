"""Trying rows before anybody submits them: validated and looked up as an import would, then taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tallykeep.core.action_type import ActionType
from tallykeep.core.batch import Batch, ClaimedBatch, Source
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.core.rows import Failure, Row
from tallykeep.db.clock import database_time
from tallykeep.db.connections.pool import Connections
from tallykeep.db.queries import queries
from tallykeep.db.transient import is_transient
from tallykeep.engine.applying.attempt import apply_and_roll_back
from tallykeep.engine.file_rules.cell_rules import fill, filled_header
from tallykeep.formats.csv.repeated_header import refuse_repeated_header
from tallykeep.formats.csv.spreadsheet_errors import refuse_errors

_sql = queries(__package__, "dry_run_rows.sql")

_TIMEOUT_MILLISECONDS = "1000"  # for rows that a running import holds; nobody waits for a preview

Checked = Literal["everything", "fields", "nothing"]


@dataclass(frozen=True, slots=True)
class RowsDryRun:
    """The outcome that the rows would have, as far as they were checked: `created` only if all were."""

    checked: Checked
    failures: list[Failure] = field(default_factory=list)
    created: Mapping[str, int] = field(default_factory=dict)


async def dry_run_rows(
    pool: Connections, project_id: int, action_type: ActionType, source: Source, rows: list[Row], target: str | None
) -> RowsDryRun:
    """Apply these rows (to the `target` of types that have one) and roll back; return the outcome.

    Where an import that runs holds the same resources, only the fields are checked. Raises NotFoundError for a target
    that does not exist.
    """
    if action_type.target is not None and target is None:
        return RowsDryRun("nothing")
    async with pool.connection() as connection:
        parameters: dict[str, Any] = {}
        if action_type.target is not None and target is not None:
            parameters = await action_type.target(connection, project_id, target)
        timestamp = await database_time(connection)
        filled = replace(source, header=filled_header(source), parameters=parameters)
        # A claimed batch of an action that does not exist.
        claimed = ClaimedBatch(
            project_id,
            "",
            action_type.name,
            filled,
            Batch(1, len(rows), b""),
            SubmissionOptions(dry_run=True),
            timestamp=timestamp,
        )
        rows = list(
            refuse_errors(fill(refuse_repeated_header(rows, source), source, action_type), filled_header(source))
        )
        try:
            async with connection.transaction(force_rollback=True):
                await connection.execute(_sql.limit_waiting, {"milliseconds": _TIMEOUT_MILLISECONDS})
                outcome = await apply_and_roll_back(connection, action_type, claimed, rows)
        except Exception as error:
            if not is_transient(error):
                raise
            operation = await action_type.begin(connection, claimed)
            return RowsDryRun("fields", operation.check(rows))
    return RowsDryRun("everything", outcome.failures, outcome.created)
