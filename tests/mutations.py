"""`make mutations`: take one safeguard out at a time, and see that the test which holds it fails.

Each mutation is applied to a copy of the tree, in a directory of its own; the tree itself is never touched.
"""

import argparse
import sys
import time
from dataclasses import dataclass

from tests.mutants.trials import Outcome, Trials, trials

MIGRATIONS = "src/tallykeep/db/migrations/versions"
ROW_LOCKS = "tests/db/test_row_locks.py"
GENERATION = "tests/db/test_generation.py"
SERIAL = "tests/db/test_serial.py"
WORKER_SLOTS = "tests/db/test_worker_slots.py"
GUARD = "tests/db/test_guard.py"
EVERY_CHECK = "tests/db/test_checks.py::test_every_check_has_changes_that_no_other_one_would_refuse"
_MAX_SECONDS = 240


@dataclass(frozen=True)
class Mutation:
    """A safeguard, the change that takes it out, and the test that must fail then."""

    safeguard: str
    file: str
    text: str
    replacement: str
    test: str


MUTATIONS = (
    Mutation(
        "a batch is claimed by a lock that others skip", "src/tallykeep/engine/applying/claim.sql",
        "LIMIT 1\nFOR UPDATE SKIP LOCKED", "LIMIT 1",
        "tests/db/test_applying.py::test_a_batch_in_hand_is_given_to_nobody_else",
    ),
    Mutation(
        "data, tally, close and next turn are one transaction", "src/tallykeep/engine/applier.py",
        "            async with connection.transaction():\n                claimed = await claim_batch(",
        "            if True:\n                claimed = await claim_batch(",
        "tests/faults/test_batches.py::test_a_batch_at_every_fault_point[csv]",
    ),
    Mutation(
        "fencing: a batch closes only if it is open", "src/tallykeep/engine/applying/accounting.sql",
        "AND first_row = :first_row AND status = 'OPEN'\n    RETURNING", "AND first_row = :first_row\n    RETURNING",
        "tests/db/test_applying.py::test_a_batch_is_closed_once_while_its_action_goes_on",
    ),
    Mutation(
        "fencing: a tally grows only if its action has not ended", "src/tallykeep/engine/applying/accounting.sql",
        "AND status IN ('ENQUEUED', 'IN_PROGRESS')\n    RETURNING status, failed_count",
        "\n    RETURNING status, failed_count",
        "tests/db/test_rescue.py::test_a_batch_of_an_action_that_was_ended_meanwhile_leaves_nothing",
    ),
    Mutation(
        "turnstile: a batch writes after the one before it", "src/tallykeep/engine/applying/attempt.py",
        "    if not claimed.submission_options.is_atomic:\n"
        "        await _wait_for_earlier_batches(connection, claimed)\n",
        "",
        "tests/db/test_batch_order.py::test_a_batch_waits_for_the_one_before_it",
    ),
    Mutation(
        "turnstile: after the wait the earlier ones must be closed", "src/tallykeep/engine/applying/attempt.py",
        "LONG_WAIT})\n    await require_earlier_closed(connection, claimed)", "LONG_WAIT})",
        "tests/db/test_batch_order.py::test_a_batch_waits_for_the_one_before_it",
    ),
    Mutation(
        "keys are written in order", "src/tallykeep/resources/vouchers/writing/store.py",
        "join(sorted(_lines(drafts)))", "join(_lines(drafts))",
        "tests/db/test_batch_order.py::test_keys_are_written_in_order",
    ),
    Mutation(
        "the rescuer queues what has no job", "src/tallykeep/engine/recovering/rescuer.py",
        'await queue_slots(connection, project["project_id"], project["slots"])', "pass",
        "tests/db/test_rescue.py::test_a_lost_job_is_queued_again_and_once",
    ),
    Mutation(
        "the rescuer ends sessions past their lease", "src/tallykeep/engine/recovering/rescuer.py",
        "await connection.execute(_sql.end_silent_transactions, ending)", "pass",
        "tests/db/test_rescue.py::test_a_worker_silent_beyond_its_lease_loses_its_session",
    ),
    Mutation(
        "silent is only whom the server waits for", "src/tallykeep/engine/recovering/rescuer.sql",
        "    AND wait_event_type = 'Client'\n", "",
        "tests/db/test_rescue.py::test_a_worker_that_waits_for_a_lock_beyond_its_lease_is_not_silent",
    ),
    Mutation(
        "attempts are noted where they outlive their process", "src/tallykeep/engine/applier.py",
        "attempts = await note_attempt(self.pool, claimed)", "attempts = 1",
        "tests/db/test_quarantine.py::test_attempts_that_end_with_their_process_lead_to_a_try_alone",
    ),
    Mutation(
        "an attempt that met an outage is forgotten", "src/tallykeep/engine/applier.py",
        "                await forget_attempt(self.pool, claimed)\n            raise",
        "                pass\n            raise",
        "tests/db/test_rescue.py::test_a_session_ended_in_the_middle_of_a_batch_leaves_nothing_of_it",
    ),
    Mutation(
        "having waited for a lock accuses no row", "src/tallykeep/db/transient.py",
        "seconds >= lease_seconds and not isinstance(error, LockNotAvailable)", "seconds >= lease_seconds",
        "tests/db/test_retries.py::test_to_wait_for_others_is_told_and_never_ends_an_action[LockNotAvailable]",
    ),
    Mutation(
        "an action that waits for others is never given up", "src/tallykeep/engine/recovering/retries.py",
        "return isinstance(error, _CONTENTION) or is_outage(error)", "return is_outage(error)",
        "tests/db/test_retries.py::test_to_wait_for_others_is_told_and_never_ends_an_action[DeadlockDetected]",
    ),
    Mutation(
        "an error that does not pass ends the action", "src/tallykeep/engine/recovering/retries.py",
        "if claimed and failed >= self.settings.batch_retries", "if claimed and failed < 0",
        "tests/db/test_retries.py::test_an_error_that_does_not_pass_ends_the_action_with_its_rows_unprocessed",
    ),
    Mutation(
        "progress forgets the tries before it", "src/tallykeep/engine/applying/accounting.sql",
        "open_batches = open_batches - 1,\n        retry_count = 0,", "open_batches = open_batches - 1,",
        "tests/db/test_retries.py::test_a_try_in_vain_is_told_until_there_is_progress",
    ),
    Mutation(
        "a sign of life from the future is none", "src/tallykeep/engine/recovering/rescuer.sql",
        "NOT BETWEEN statement_timestamp() - :timeout::interval AND statement_timestamp()",
        "< statement_timestamp() - :timeout::interval",
        "tests/db/test_rescue.py::test_a_sign_of_life_from_the_future_is_none",
    ),
    Mutation(
        "a job put off for too long does not count", "src/tallykeep/engine/recovering/rescuer.sql",
        "<= statement_timestamp() + :max_delay::interval", "<= 'infinity'",
        "tests/db/test_rescue.py::test_a_job_that_waits_for_longer_than_any_is_made_to_does_not_count",
    ),
    Mutation(
        "sessions set their own limits", "src/tallykeep/db/connections/session.sql",
        "set_config('lock_timeout', :lock_timeout, false)", "'0'",
        "tests/db/test_pool.py::test_sessions_wait_for_locks_as_long_as_they_are_told",
    ),
    Mutation(
        "a batch waits for others for a while only", "src/tallykeep/engine/applying/claim.sql",
        ":timeout ELSE :lock_timeout END", ":timeout ELSE '1h' END",
        f"{WORKER_SLOTS}::test_a_batch_gives_its_place_back_while_others_hold_its_rows[continue]",
    ),
    Mutation(
        "behind the one before it, it waits for no other for long", "src/tallykeep/engine/applying/attempt.sql",
        "set_config('lock_timeout', :lock_timeout, true) AS", ":lock_timeout AS",
        f"{WORKER_SLOTS}::test_a_batch_waits_for_the_one_before_it_and_then_for_no_other",
    ),
    Mutation(
        "it waits longer for the one before it than for others", "src/tallykeep/engine/applying/attempt.sql",
        "set_config('lock_timeout', :timeout, true)", "(SELECT :timeout::text) AS timeout",
        f"{WORKER_SLOTS}::test_a_batch_waits_for_the_one_before_it_and_then_for_no_other",
    ),
    Mutation(
        "what goes in at once is tried first", "src/tallykeep/engine/applying/atomic.py",
        "first.open_batches > 1 and", "False and",
        f"{WORKER_SLOTS}::test_an_action_that_may_still_be_refused_keeps_nothing_locked",
    ),
    Mutation(
        "what goes in at once leaves places to others", "src/tallykeep/engine/applier.py",
        "claimed.project_id in self._atomic or", "False and",
        f"{WORKER_SLOTS}::test_actions_that_go_in_at_once_leave_places_to_others",
    ),
    Mutation(
        "one batch at a time is tried alone", "src/tallykeep/engine/applier.py",
        "if self._isolating.locked():", "if False:",
        f"{WORKER_SLOTS}::test_one_batch_at_a_time_is_tried_in_a_process_of_its_own",
    ),
    Mutation(
        "a try alone that met an outage is forgotten", "src/tallykeep/engine/applier.py",
        "        except NotTriedError as error:\n            await forget_attempt(self.pool, suspect.claimed)\n",
        "        except NotTriedError as error:\n",
        "tests/db/test_quarantine.py::test_a_batch_that_waited_alone_is_not_under_more_suspicion",
    ),
    Mutation(
        "a suspect is tried alone once at a time", "src/tallykeep/engine/recovering/quarantine.py",
        'if not (answer and answer["locked"]):', "if not answer:",
        "tests/db/test_quarantine.py::test_a_suspect_is_tried_alone_by_one_process_at_a_time_and_in_its_turn",
    ),
    Mutation(
        "acceptance is one transaction", "src/tallykeep/engine/intake/accept.py",
        "            async with connection.transaction():\n                await staged.accept(",
        "            if True:\n                await staged.accept(",
        "tests/db/test_staging.py::test_two_that_send_the_same_key_at_once_start_one_action",
    ),
    Mutation(
        "what was swept up cannot be accepted", "src/tallykeep/engine/intake/staging.py",
        "            _require(ended.rowcount)\n", "",
        "tests/db/test_staging.py::test_the_pruner_sweeps_up_what_nobody_touches_any_more_and_it_cannot_be_accepted",
    ),
    Mutation(
        "an upload is accepted only where all of it is there", "src/tallykeep/engine/intake/staging.sql",
        "AND :batches = (", "AND :batches >= (",
        "tests/db/test_staging.py::test_an_upload_of_which_a_crash_of_the_server_has_taken_batches_is_not_accepted",
    ),
    Mutation(
        "nothing is added to what was swept up", "src/tallykeep/engine/intake/staging.py",
        "_require((await connection.execute(_sql.touch_upload, self._params)).rowcount)",
        "await connection.execute(_sql.touch_upload, self._params)",
        "tests/db/test_staging.py::test_nothing_is_added_to_what_was_swept_up",
    ),
    Mutation(
        "an upload that goes on is not swept up", "src/tallykeep/engine/intake/staging.py",
        "await connection.execute(_sql.touch_uploads, params)", "pass",
        "tests/db/test_staging.py::test_an_upload_that_goes_on_slowly_is_touched",
    ),
    Mutation(
        "the idempotency key is kept in that transaction", "src/tallykeep/engine/intake/accept.py",
        "                await remember(connection, submission, fingerprint.digest",
        "            async with self._pool.connection() as another:\n"
        "                await remember(another, submission, fingerprint.digest",
        "tests/faults/test_submissions.py::test_a_submission_at_every_fault_point[csv-once]",
    ),
    Mutation(
        "options left to their defaults do not count for an idempotency key",
        "src/tallykeep/core/submission_options.py",
        " if value != OPTIONS[name].default}", "}",
        "tests/unit/test_submission_options.py::test_an_option_that_a_later_version_adds_changes_no_digest",
    ),
    Mutation(
        "actions in a sequence wait for each other", "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "SET ready = false", "SET ready = true",
        "tests/db/test_sequences.py::test_actions_in_a_sequence_go_one_after_another",
    ),
    Mutation(
        "who joins a sequence holds the project's lock", "src/tallykeep/engine/intake/accept.py",
        "number = await number_acceptance(connection, project_id)", "number = 0",
        "tests/db/test_sequences.py::test_two_that_are_accepted_at_the_same_moment_see_each_other",
    ),
    Mutation(
        "turns are numbered by project", "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "-(first_slot + number)", "-1",
        "tests/db/test_scheduling.py::test_projects_share_turns_evenly_however_many_actions_they_have",
    ),
    Mutation(
        "a small turn leaves larger actions alone", "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "            AND (NOT :small OR open_batches = 1)\n", "",
        "tests/db/test_scheduling.py::test_a_small_turn_leaves_giants_alone_and_is_passed_on",
    ),
    Mutation(
        "a small turn that found nothing is passed on", "src/tallykeep/engine/applier.py",
        "                    await queue_slots(connection, project_id, 1)\n", "                    pass\n",
        "tests/db/test_scheduling.py::test_a_small_turn_leaves_giants_alone_and_is_passed_on",
    ),
    Mutation(
        "a project that was away starts at the present", "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "greatest(mine.next_slot, excluded.next_slot - :count) + :count", "mine.next_slot + :count",
        "tests/db/test_scheduling.py::test_a_project_that_was_away_gets_no_more_than_its_share",
    ),
    Mutation(
        "within a project goes on who was served longest ago", "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "ORDER BY served_at, number", "ORDER BY number",
        "tests/db/test_scheduling.py::test_an_import_of_one_batch_is_the_next_one_served",
    ),
    Mutation(
        "gates: batches hold what their rows depend on", "src/tallykeep/engine/applying/attempt.py",
        "    claimed = await _behind_gates(connection, action_type, claimed)\n    if not claimed",
        "    if not claimed",
        "tests/db/test_campaigns.py::test_a_campaign_deleted_while_it_is_filled_leaves_no_vouchers[CAMPAIGN.VOUCHERS_GENERATE]",
    ),
    Mutation(
        "gates: a change shuts them", "src/tallykeep/db/gates.sql",
        "THEN pg_advisory_xact_lock(project, gate)",
        "THEN pg_advisory_xact_lock_shared(project, gate)",
        "tests/db/test_campaigns.py::test_a_campaign_changed_while_it_is_filled_has_no_voucher_as_it_was_before[CAMPAIGN.VOUCHERS_IMPORT]",
    ),
    Mutation(
        "gates: a change waits for a while only", "src/tallykeep/db/gates.sql",
        "set_config('lock_timeout', :timeout, true) AS timeout",
        "set_config('lock_timeout', '60s', true), :timeout AS timeout",
        "tests/db/test_gates.py::test_who_waits_too_long_gives_its_place_back_and_is_told_why",
    ),
    Mutation(
        "gates: a campaign is deleted behind its own", "src/tallykeep/resources/campaigns/store.py",
        '    await change(connection, caller.project_id, campaign_gate(campaign["id"]), held=(PROJECT,))\n',
        "",
        "tests/db/test_campaigns.py::test_a_deletion_waits_for_a_voucher_that_is_being_added",
    ),
    Mutation(
        "gates: a voucher is added behind its campaign's", "src/tallykeep/resources/campaigns/store.py",
        '*_DEPENDS_ON, campaign_gate(campaign["id"]))\n    return',
        "*_DEPENDS_ON)\n    return",
        "tests/db/test_campaigns.py::test_a_voucher_added_to_a_campaign_that_is_being_deleted[add_voucher]",
    ),
    Mutation(
        "a campaign that is gone is not changed", "src/tallykeep/resources/campaigns/store.py",
        '    if old is None:\n        raise NotFoundError.of("campaign", key)\n    wanted',
        "    old = old or found\n    wanted",
        "tests/db/test_campaigns.py::test_a_campaign_deleted_before_its_change_could_begin_stays_deleted",
    ),
    Mutation(
        "gates: a product is deleted behind theirs", "src/tallykeep/resources/products/delete.py",
        "        await gates.change(connection, caller.project_id, gates.PRODUCTS)\n",
        "",
        "tests/db/test_parents.py::test_skus_that_are_imported_while_their_product_is_deleted_go_into_the_bin_with_it",
    ),
    Mutation(
        "gates: a single resource is written behind them", "src/tallykeep/resources/upserts/single.py",
        "hold_for_request(connection, project_id, *spec.depends_on)",
        'hold_for_request(connection, project_id, "nothing")',
        "tests/db/test_parents.py::test_a_sku_written_by_itself_waits_for_the_deletion_of_its_product",
    ),
    Mutation(
        "gates: a purge is planned behind the schemas'", "src/tallykeep/resources/metadata/schemas.py",
        "    timestamp = await change(connection, project_id, SCHEMAS)\n    parameters",
        '    timestamp = await change(connection, project_id, "nothing")\n    parameters',
        "tests/db/test_parents.py::test_a_purge_waits_for_batches_that_write_what_it_purges",
    ),
    Mutation(
        "a purge is repeated until nothing is found", "src/tallykeep/resources/planned_ranges.py",
        "    while count :=",
        "    if count :=",
        "tests/db/test_ranges.py::test_what_is_committed_while_a_range_is_gone_through_is_not_left_out[VOUCHERS.METADATA_KEY_PURGE]",
    ),
    Mutation(
        "an update is repeated until nothing is left", "src/tallykeep/resources/campaigns/operations.py",
        "while self._met is None or self._met < await self._reached():",
        "while self._met is None:",
        "tests/db/test_ranges.py::test_what_is_committed_while_a_range_is_gone_through_is_not_left_out[CAMPAIGN.VOUCHERS_UPDATE]",
    ),
    Mutation(
        "the last range has no end", "src/tallykeep/resources/planned_ranges.sql",
        "CASE WHEN lead(last_key) OVER in_order IS NOT NULL THEN last_key END",
        "last_key",
        "tests/db/test_ranges.py::test_ranges_touch_each_other_and_have_no_ends",
    ),
    Mutation(
        "ranges touch each other", "src/tallykeep/resources/planned_ranges.sql",
        "lag(last_key) OVER in_order",
        "CASE WHEN lag(last_key) OVER in_order IS NOT NULL THEN last_key END",
        "tests/db/test_ranges.py::test_ranges_touch_each_other_and_have_no_ends",
    ),
    Mutation(
        "planned work counts what it met", "src/tallykeep/engine/applying/accounting.py",
        "rows = planned if outcome.met is None else outcome.met",
        "rows = planned",
        "tests/db/test_ranges.py::test_what_is_gone_by_then_is_not_counted",
    ),
    Mutation(
        "planned work counts what it met, as a whole too", "src/tallykeep/engine/applying/atomic.py",
        "beyond_plan += await",
        "await",
        "tests/db/test_ranges.py::test_a_whole_action_counts_what_it_has_written",
    ),
    Mutation(
        "a change corrects what an earlier one does", "src/tallykeep/resources/campaigns/operations.py",
        "    return replace(planned, query=sql.SQL(_sql.planned_update).format(ranges=planned.query))\n",
        "    return planned\n",
        "tests/db/test_ranges.py::test_a_change_that_meets_no_voucher_still_corrects_what_an_earlier_one_does",
    ),
    Mutation(
        "created meanwhile: the owner is asked behind the insert",
        "src/tallykeep/resources/campaigns/import_operation.py",
        'owners.get(draft.code, self._campaign["id"]) != self._campaign["id"]',
        "draft.code in owners",
        "tests/db/test_campaign_imports.py::test_the_second_of_two_imports_of_the_same_new_codes_updates_them",
    ),
    Mutation(
        "deleted meanwhile: the batch is tried again", "src/tallykeep/resources/vouchers/writing/store.py",
        "if inserted.rowcount + len(existing) != len(drafts):",
        "if False:",
        "tests/db/test_campaign_imports.py::test_a_code_that_is_deleted_while_it_is_met_is_written_by_the_next_try",
    ),
    Mutation(
        "none of a sequence becomes ready while another one is", "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        """    AND NOT ready
    AND NOT EXISTS (
        SELECT FROM async_actions AS other
        WHERE other.project_id = :project_id AND other.sequence = :sequence
            AND other.status IN ('ENQUEUED', 'IN_PROGRESS') AND other.ready
    )
""",
        "    AND NOT ready\n",
        "tests/db/test_sequences.py::test_nobody_else_of_a_sequence_becomes_ready_while_one_is",
    ),
    Mutation(
        "a sequence goes by the order of acceptance", "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "ORDER BY number\n        LIMIT 1\n    )", "ORDER BY created_at, id\n        LIMIT 1\n    )",
        "tests/db/test_sequences.py::test_the_order_of_commits_is_the_order_of_a_sequence_whatever_the_clock_says",
    ),
    Mutation(
        "acceptances are numbered one by one", "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "DO UPDATE SET accepted = mine.accepted + 1", "DO UPDATE SET accepted = mine.accepted",
        "tests/db/test_sequences.py::test_actions_are_numbered_in_the_order_of_their_acceptance_by_whichever_door",
    ),
    Mutation(
        "an acceptance in one statement is numbered too", "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "accepted = mine.accepted + :accepted", "accepted = mine.accepted",
        "tests/db/test_sequences.py::test_actions_are_numbered_in_the_order_of_their_acceptance_by_whichever_door",
    ),
    Mutation(
        "who waited as long as another goes on by number", "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "ORDER BY served_at, number", "ORDER BY served_at, created_at, id",
        "tests/db/test_sequences.py::test_of_actions_that_have_waited_as_long_the_one_accepted_first_is_served",
    ),
    Mutation(
        "CHECK: every row counts once", f"{MIGRATIONS}/0015_order.sql",
        "CHECK (done_count + failed_count + unprocessed_count + open_count = total_count)", "CHECK (true)", EVERY_CHECK,
    ),
    Mutation(
        "CHECK: ended means no row is open", f"{MIGRATIONS}/0015_order.sql",
        "CHECK (status NOT IN ('DONE', 'FAILED') OR open_count = 0)", "CHECK (true)", EVERY_CHECK,
    ),
    Mutation(
        "CHECK: done means no row is left", f"{MIGRATIONS}/0015_order.sql",
        "CHECK (status <> 'DONE' OR (open_portions = 0 AND unprocessed_count = 0))", "CHECK (true)", EVERY_CHECK,
    ),
    Mutation(
        "CHECK: ended somehow exactly when ended", f"{MIGRATIONS}/0015_order.sql",
        "            ELSE ended_by IS NULL\n", "            ELSE true\n", EVERY_CHECK,
    ),
    Mutation(
        "CHECK: of a closed batch every row is accounted for", f"{MIGRATIONS}/0009_control.sql",
        "CHECK (status <> 'CLOSED' OR done_count + failed_count + unprocessed_count = row_count)", "CHECK (true)",
        EVERY_CHECK,
    ),
    Mutation(
        "a batch without rows is closed", f"{MIGRATIONS}/0015_order.sql",
        "CHECK (row_count > 0 OR (row_count = 0 AND status = 'CLOSED'))", "CHECK (row_count >= 0)", EVERY_CHECK,
    ),
    Mutation(
        "a bulk update locks vouchers before it reads them",
        "src/tallykeep/resources/vouchers/updating/update_operation.sql",
        "ORDER BY code FOR UPDATE", "ORDER BY code",
        f"{ROW_LOCKS}::test_a_bulk_update_adds_to_what_somebody_else_has_just_written",
    ),
    Mutation(
        "changes lock what they find by source_id", "src/tallykeep/resources/upserts/store.sql",
        "ORDER BY source_id FOR UPDATE", "ORDER BY source_id",
        f"{ROW_LOCKS}::test_a_change_of_a_customer_keeps_what_somebody_else_has_just_written[source_id]",
    ),
    Mutation(
        "changes lock what they find by id", "src/tallykeep/resources/upserts/store.sql",
        "ORDER BY id FOR UPDATE", "ORDER BY id",
        f"{ROW_LOCKS}::test_a_change_of_a_customer_keeps_what_somebody_else_has_just_written[id]",
    ),
    Mutation(
        "what was created meanwhile is not passed over", "src/tallykeep/resources/upserts/operation.py",
        'if inserted.rowcount != sum(record["is_new"] for record in records):', "if False:",
        f"{ROW_LOCKS}::test_a_customer_that_somebody_else_has_just_created_is_changed_and_not_passed_over",
    ),
    Mutation(
        "an import locks vouchers before it judges them", "src/tallykeep/resources/vouchers/writing/store.sql",
        "\nFOR UPDATE OF vouchers", "",
        f"{ROW_LOCKS}::test_an_import_judges_a_voucher_by_what_somebody_else_has_just_written",
    ),
    Mutation(
        "what was deleted meanwhile is imported anew", "src/tallykeep/resources/vouchers/writing/store.py",
        "if inserted.rowcount + len(existing) != len(drafts):", "if False:",
        f"{ROW_LOCKS}::test_a_voucher_that_somebody_else_deletes_in_the_middle_of_its_update_is_imported_anew",
    ),
    Mutation(
        "a single update locks its voucher before it reads it", "src/tallykeep/resources/vouchers/single.sql",
        "(code = :code OR id = :code) FOR UPDATE", "(code = :code OR id = :code)",
        f"{ROW_LOCKS}::test_a_single_update_keeps_what_somebody_else_has_just_written",
    ),
    Mutation(
        "a change of a campaign locks what it reads and writes anew", "src/tallykeep/resources/campaigns/store.sql",
        "AND id = :id FOR UPDATE", "AND id = :id",
        "tests/db/test_campaigns.py::test_a_purge_of_metadata_that_a_change_of_the_campaign_meets_is_not_undone_by_it",
    ),
    Mutation(
        "generations out of the same codes go one after another",
        "src/tallykeep/resources/vouchers/writing/generated_codes.py",
        "        if self.missing > 1:\n", "        if False:\n",
        f"{GENERATION}::test_generations_of_one_space_go_one_after_another",
    ),
    Mutation(
        "all codes there are are looked through", "src/tallykeep/resources/vouchers/writing/generated_codes.py",
        "while self.missing and await self._walk():", "while False:",
        f"{GENERATION}::test_every_code_there_is_can_be_generated",
    ),
    Mutation(
        "codes are looked through until none is found", "src/tallykeep/resources/vouchers/writing/generated_codes.py",
        "while self.missing and await self._walk():", "if self.missing and await self._walk():",
        f"{GENERATION}::test_a_code_given_up_during_the_walk_is_found",
    ),
    Mutation(
        "who has waited looks again for what was missing", "src/tallykeep/resources/upserts/locked_keys.py",
        "    while (missing", "    while False and (missing",
        f"{SERIAL}::test_changes_that_wait_for_others_find_what_these_have_created",
    ),
    Mutation(
        "what was missing is looked for again in the end", "src/tallykeep/resources/upserts/operation.py",
        " or any([await is_there() for is_there in self.rechecks])", "",
        f"{SERIAL}::test_a_product_made_meanwhile_is_referred_to",
    ),
    Mutation(
        "what an action makes itself does not overtake it", "src/tallykeep/resources/orders/embedded.py",
        "return not self._made.issuperset(await operation.present_by_now())",
        "return bool(await operation.present_by_now())",
        f"{SERIAL}::test_a_customer_that_another_part_of_the_order_makes_overtakes_nobody",
    ),
    Mutation(
        "what is made because it is new has to be new", "src/tallykeep/resources/upserts/operation.py",
        "not self._new.isdisjoint(by_source_id) or ", "",
        f"{SERIAL}::test_a_product_made_meanwhile_is_not_changed_by_an_order_that_does_not_say_so",
    ),
    Mutation(
        "products that are only named are made by one at a time", "src/tallykeep/resources/orders/embedded.py",
        "await self._connection.execute(_sql.wait_for_makers_by_name, {", "({",
        f"{SERIAL}::test_a_product_of_a_name_is_made_once",
    ),
    Mutation(
        "rows of one code lock the voucher that they are held to", "src/tallykeep/resources/vouchers/writing/store.sql",
        "ORDER BY code\nFOR UPDATE", "ORDER BY code",
        f"{SERIAL}::test_rows_of_one_code_are_held_to_what_it_is_when_they_are_written[False]",
    ),
    Mutation(
        "rows of one code are held anew to a voucher made meanwhile",
        "src/tallykeep/resources/vouchers/importing/import_operation.py",
        "if any(draft.code not in existing and", "if False and any(draft.code not in existing and",
        f"{SERIAL}::test_rows_of_one_code_are_held_to_what_it_is_when_they_are_written[True]",
    ),
    Mutation(
        "a single write that was overtaken goes again", "src/tallykeep/db/retry.py",
        "(DeadlockDetected, SerializationFailure, BatchLostError)", "(DeadlockDetected, SerializationFailure)",
        f"{SERIAL}::test_of_two_that_make_the_same_customer_the_second_updates_it",
    ),
    Mutation(
        "a single write that met others in a circle goes again", "src/tallykeep/db/retry.py",
        "(DeadlockDetected, SerializationFailure, BatchLostError)", "(SerializationFailure, BatchLostError)",
        f"{SERIAL}::test_who_meets_others_in_a_circle_goes_again",
    ),
    Mutation(
        "the guard hangs up on everybody when the database is silent", "src/tallykeep/db/connections/guard.py",
        "        for connection in list(self._conversations):\n            hang_up(connection)\n", "",
        f"{GUARD}::test_whoever_waits_for_a_silent_server_is_let_go",
    ),
    Mutation(
        "who answers late is given the time to", "src/tallykeep/db/connections/guard.py",
        "_TIMEOUT_SECONDS = 4.0", "_TIMEOUT_SECONDS = 0.0",
        f"{GUARD}::test_a_server_that_answers_late_keeps_its_connections",
    ),
    Mutation(
        "the guard's lost connection is not everybody's", "src/tallykeep/db/connections/guard.py",
        "if successor.state.started_at != reached.state.started_at:", "if True:",
        f"{GUARD}::test_the_end_of_the_guards_own_session_ends_no_other",
    ),
    Mutation(
        "no connection that has ended is lent", "src/tallykeep/db/connections/pool.py",
        "            if is_sound(connection):\n", "            if True:\n",
        "tests/db/test_pool.py::test_a_connection_that_died_while_idle_is_not_lent",
    ),
    Mutation(
        "who is canceled gives back what he was just given", "src/tallykeep/db/connections/pool.py",
        "                self._give_back(waiter.result())\n", "                pass\n",
        f"{GUARD}::test_who_goes_away_while_waiting_takes_no_connection_along",
    ),
    Mutation(
        "no action is given up for an outage", "src/tallykeep/engine/recovering/retries.py",
        "return isinstance(error, _CONTENTION) or is_outage(error)", "return isinstance(error, _CONTENTION)",
        "tests/db/test_retries.py::test_an_outage_never_ends_an_action_and_is_not_waited_for_longer_each_time",
    ),
    Mutation(
        "a schema that is not known is left alone", "src/tallykeep/db/migrate.py",
        "    if reason := why_unusable(revision):\n        raise UnsupportedDatabaseError(reason)\n", "",
        "tests/cli/test_versions.py::test_no_schema_is_brought_up_to_date_that_is_not_known",
    ),
    Mutation(
        "roles are not told the first project's keys", "src/tallykeep/core/settings.py",
        " if name not in _FIRST_KEYS} - overrides.keys()", "} - given.keys()",
        "tests/unit/test_settings.py::test_child_processes_get_what_they_need",
    ),
    Mutation(
        "no link is followed when a directory is given away", "src/tallykeep/db/directories.py",
        " | os.O_NOFOLLOW", "",
        "tests/db/test_directories.py::test_no_link_is_followed_when_directories_are_given_away",
    ),
    Mutation(
        "large batches are removed few at a time", "src/tallykeep/engine/retention/pruner.sql",
        "FROM measured WHERE bytes_before < :bytes\n)\n\n-- name: delete_report_parts!",
        "FROM measured\n)\n\n-- name: delete_report_parts!",
        "tests/db/test_pruner.py::test_large_batches_go_few_at_a_time",
    ),
    Mutation(
        "a project has its share of places", "src/tallykeep/core/concurrency/slots.py",
        "            and self._of_projects[who[0]] < bounds.of_project\n", "",
        "tests/unit/test_slots.py::test_a_project_has_its_share_and_those_of_it_come_in_order",
    ),
    Mutation(
        "reads have connections of their own", "src/tallykeep/api/dependencies/context.py",
        "Share(self.pools.reading, caller, self.shares.reads, few)",
        "Share(self.pools.writing, caller, self.shares.writes, few)",
        "tests/http/test_shares.py::test_reads_do_not_wait_for_writers_not_even_those_of_the_same_key",
    ),
    Mutation(
        "lines that leave quotes open are not looked at from each of them", "src/tallykeep/formats/csv/records.py",
        "last = len(lines) if complete.is_open else max(complete.seen - 1, complete.end + 1)",
        "last = complete.end + 1",
        "tests/unit/test_doubling.py::test_files_are_read_in_linear_time[0]",
    ),
    Mutation(
        "what was noted as broken is not decided again", "src/tallykeep/formats/row_reader.py",
        "        if is_broken:\n            rows.append(Row(",
        "        if False:\n            rows.append(Row(",
        "tests/unit/test_broken_lines.py::test_what_was_noted_is_not_decided_again",
    ),
)  # fmt: skip


def main() -> int:
    """Try the mutations whose safeguard or test holds the given word; exit code 1 when one survives."""
    arguments = argparse.ArgumentParser(prog="make mutations", description=__doc__)
    arguments.add_argument("word", nargs="?", default="")
    word = arguments.parse_args().word
    survivors = 0
    print(f"{'safeguard taken out':<60} {'outcome':<10} {'seconds':>7}  test that must fail", flush=True)
    with trials(EVERY_FAULT="1") as tried:
        for mutation in MUTATIONS:
            if word in mutation.safeguard or word in mutation.test:
                started = time.monotonic()
                outcome = _try(tried, mutation)
                survivors += outcome not in (Outcome.CAUGHT, Outcome.HUNG)
                seconds = time.monotonic() - started
                print(f"{mutation.safeguard:<60} {outcome:<10} {seconds:>7.1f}  {mutation.test}", flush=True)
    print(f"{survivors} survived")
    return 1 if survivors else 0


def _try(tried: Trials, mutation: Mutation) -> Outcome:
    text = (tried.tree / mutation.file).read_text()
    if text.count(mutation.text) != 1:
        return Outcome.MISSING
    with tried.reading(mutation.file, text.replace(mutation.text, mutation.replacement)):
        migrated = not mutation.file.startswith(MIGRATIONS)
        return tried.run([mutation.test], seconds=_MAX_SECONDS, migrated=migrated)[0]


if __name__ == "__main__":
    sys.exit(main())
