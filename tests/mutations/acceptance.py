"""Acceptance, idempotency and scheduling."""

from tests.mutations.mutation import Mutation

MUTATIONS = (
    Mutation(
        "acceptance is one transaction",
        "src/tallykeep/engine/intake/accept.py",
        "            async with connection.transaction():\n                await staged.accept(",
        "            if True:\n                await staged.accept(",
        "tests/db/test_staging.py::test_two_that_send_the_same_key_at_once_start_one_action",
    ),
    Mutation(
        "what was swept up cannot be accepted",
        "src/tallykeep/engine/intake/staging.py",
        "            _require(ended.rowcount)\n",
        "",
        "tests/db/test_staging.py::test_the_pruner_sweeps_up_what_nobody_touches_any_more_and_it_cannot_be_accepted",
    ),
    Mutation(
        "an upload is accepted only where all of it is there",
        "src/tallykeep/engine/intake/staging.sql",
        "AND :batches = (",
        "AND :batches >= (",
        "tests/db/test_staging.py::test_an_upload_of_which_a_crash_of_the_server_has_taken_batches_is_not_accepted",
    ),
    Mutation(
        "nothing is added to what was swept up",
        "src/tallykeep/engine/intake/staging.py",
        "_require((await connection.execute(_sql.touch_upload, self._params)).rowcount)",
        "await connection.execute(_sql.touch_upload, self._params)",
        "tests/db/test_staging.py::test_nothing_is_added_to_what_was_swept_up",
    ),
    Mutation(
        "an upload that goes on is not swept up",
        "src/tallykeep/engine/intake/staging.py",
        "await connection.execute(_sql.touch_uploads, params)",
        "pass",
        "tests/db/test_staging.py::test_an_upload_that_goes_on_slowly_is_touched",
    ),
    Mutation(
        "the idempotency key is kept in that transaction",
        "src/tallykeep/engine/intake/accept.py",
        "                await remember(connection, submission, fingerprint.digest",
        "            async with self._pool.connection() as another:\n"
        "                await remember(another, submission, fingerprint.digest",
        "tests/faults/test_submissions.py::test_a_submission_at_every_fault_point[csv-once]",
    ),
    Mutation(
        "options left to their defaults do not count for an idempotency key",
        "src/tallykeep/core/submission_options.py",
        " if value != OPTIONS[name].default}",
        "}",
        "tests/unit/test_submission_options.py::test_an_option_that_a_later_version_adds_changes_no_digest",
    ),
    Mutation(
        "actions in a sequence wait for each other",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "SET ready = false",
        "SET ready = true",
        "tests/db/test_sequences.py::test_actions_in_a_sequence_go_one_after_another",
    ),
    Mutation(
        "who joins a sequence holds the project's lock",
        "src/tallykeep/engine/intake/accept.py",
        "number = await number_acceptance(connection, project_id)",
        "number = 0",
        "tests/db/test_sequences.py::test_two_that_are_accepted_at_the_same_moment_see_each_other",
    ),
    Mutation(
        "slots are numbered by project",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "-(first_slot + number)",
        "-1",
        "tests/db/test_scheduling.py::test_projects_share_turns_evenly_however_many_actions_they_have",
    ),
    Mutation(
        "a small job leaves larger actions to others",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "            AND (NOT :small OR open_batches = 1)\n",
        "",
        "tests/db/test_scheduling.py::test_a_small_turn_leaves_giants_alone_and_is_passed_on",
    ),
    Mutation(
        "a small job that finds nothing is passed on",
        "src/tallykeep/engine/applier.py",
        "                    await queue_slots(connection, project_id, 1)\n",
        "                    pass\n",
        "tests/db/test_scheduling.py::test_a_small_turn_leaves_giants_alone_and_is_passed_on",
    ),
    Mutation(
        "a project that was away starts at the present",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "greatest(mine.next_slot, excluded.next_slot - :count) + :count",
        "mine.next_slot + :count",
        "tests/db/test_scheduling.py::test_a_project_that_was_away_gets_no_more_than_its_share",
    ),
    Mutation(
        "within a project goes on who was served longest ago",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "ORDER BY served_at, number",
        "ORDER BY number",
        "tests/db/test_scheduling.py::test_an_import_of_one_batch_is_the_next_one_served",
    ),
)
