"""The guards of the model: each is a part of a named query of the engine, and goes by the text that does it there."""

from dataclasses import dataclass

_UNFINISHED = "status IN ('ENQUEUED', 'IN_PROGRESS')"


@dataclass(frozen=True, eq=False)
class Guard:
    """A text of a query in a file of the engine."""

    file: str
    query: str
    text: str

    def __str__(self) -> str:
        return f"{self.query}: {' '.join(self.text.split())}"


CLAIM_UNFINISHED = Guard("applying/claim.sql", "get_unfinished_action", f"id = :action_id AND {_UNFINISHED}")
IDLE_TIMEOUT = Guard(
    "applying/claim.sql", "get_unfinished_action", "set_config('idle_in_transaction_session_timeout', :silence"
)
CLAIM_OPEN = Guard("applying/claim.sql", "claim_open_batch", "action_id = :action_id AND status = 'OPEN'")
CLAIM_LOCKS = Guard("applying/claim.sql", "claim_open_batch", "FOR UPDATE SKIP LOCKED")
WAIT_FOR_EARLIER = Guard("applying/attempt.sql", "wait_for_earlier_batches", "first_row < :first_row")
EARLIER_CLOSED = Guard("applying/attempt.sql", "earlier_open_batch", "status = 'OPEN' AND first_row < :first_row")
CLOSE_OPEN = Guard("applying/accounting.sql", "close_batch", "first_row = :first_row AND status = 'OPEN'")
TALLY_UNFINISHED = Guard("applying/accounting.sql", "close_batch", f"id = :action_id AND {_UNFINISHED}")
END_UNFINISHED = Guard("applying/accounting.sql", "end_if_unfinished", f"{{which}} AND {_UNFINISHED}")
SERVE_READY = Guard("scheduling/fair_scheduling.sql", "serve_next_action", "AND ready")
SERVE_UNFINISHED = Guard("scheduling/fair_scheduling.sql", "serve_next_action", f"ready AND {_UNFINISHED}")
PROJECT_LOCK = Guard("scheduling/fair_scheduling.sql", "taken_slots", "ON CONFLICT (project_id) DO UPDATE")
JOIN_LOCK = Guard("scheduling/fair_scheduling.sql", "number_acceptance", "ON CONFLICT (project_id) DO UPDATE")
NUMBERED = Guard("scheduling/fair_scheduling.sql", "number_acceptance", "SET accepted = mine.accepted + 1")
WAIT_IN_SEQUENCE = Guard("scheduling/fair_scheduling.sql", "wait_in_sequence", "SET ready = false")
NEXT_UNFINISHED = Guard(
    "scheduling/fair_scheduling.sql", "ready_next_in_sequence", f"sequence = :sequence AND {_UNFINISHED}\n        ORDER"
)
NEXT_BY_NUMBER = Guard("scheduling/fair_scheduling.sql", "ready_next_in_sequence", "ORDER BY number")
NONE_OTHER_READY = Guard(
    "scheduling/fair_scheduling.sql", "ready_next_in_sequence", f"other.{_UNFINISHED} AND other.ready"
)
STRANDED = Guard("recovering/rescuer.sql", "find_stranded_projects", "first_open")
STRANDED_UNFINISHED = Guard("recovering/rescuer.sql", "find_stranded_projects", f"actions.{_UNFINISHED}")
STRANDED_TODO = Guard("recovering/rescuer.sql", "find_stranded_projects", "procrastinate_jobs.status = 'todo'")
FORGOTTEN = Guard("recovering/rescuer.sql", "find_forgotten_sequences", "AND NOT waiting.ready")
END_SILENT = Guard("recovering/rescuer.sql", "end_silent_transactions", "pg_terminate_backend(pid)")
