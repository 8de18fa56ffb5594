"""Outages, what is left alone, shares of a process, and reading of files."""

from tests.mutations.mutation import Mutation

SERIAL = "tests/db/test_serial.py"
GUARD = "tests/db/test_guard.py"

MUTATIONS = (
    Mutation(
        "a single write that was overtaken goes again",
        "src/tallykeep/db/retry.py",
        "(DeadlockDetected, SerializationFailure, OvertakenError)",
        "(DeadlockDetected, SerializationFailure)",
        f"{SERIAL}::test_of_two_that_make_the_same_customer_the_second_updates_it",
    ),
    Mutation(
        "a single write that met others in a circle goes again",
        "src/tallykeep/db/retry.py",
        "(DeadlockDetected, SerializationFailure, OvertakenError)",
        "(SerializationFailure, OvertakenError)",
        f"{SERIAL}::test_who_meets_others_in_a_circle_goes_again",
    ),
    Mutation(
        "the guard hangs up on everybody when the database is silent",
        "src/tallykeep/db/connections/guard.py",
        "        for connection in list(self._conversations):\n            hang_up(connection)\n",
        "",
        f"{GUARD}::test_whoever_waits_for_a_silent_server_is_let_go",
    ),
    Mutation(
        "who answers late is given the time to",
        "src/tallykeep/db/connections/guard.py",
        "_TIMEOUT_SECONDS = 4.0",
        "_TIMEOUT_SECONDS = 0.0",
        f"{GUARD}::test_a_server_that_answers_late_keeps_its_connections",
    ),
    Mutation(
        "the guard's lost connection is not everybody's",
        "src/tallykeep/db/connections/guard.py",
        "if successor.state.started_at != connected.state.started_at:",
        "if True:",
        f"{GUARD}::test_the_end_of_the_guards_own_session_ends_no_other",
    ),
    Mutation(
        "no connection that has ended is lent",
        "src/tallykeep/db/connections/pool.py",
        "            if is_sound(connection):\n",
        "            if True:\n",
        "tests/db/test_pool.py::test_a_connection_that_died_while_idle_is_not_lent",
    ),
    Mutation(
        "who is canceled gives back what he was just given",
        "src/tallykeep/db/connections/pool.py",
        "                self._give_back(waiter.result())\n",
        "                pass\n",
        f"{GUARD}::test_who_goes_away_while_waiting_takes_no_connection_along",
    ),
    Mutation(
        "no action is given up for an outage",
        "src/tallykeep/engine/recovering/retries.py",
        "return isinstance(error, _CONTENTION) or is_outage(error)",
        "return isinstance(error, _CONTENTION)",
        "tests/db/test_retries.py::test_an_outage_never_ends_an_action_and_is_not_waited_for_longer_each_time",
    ),
    Mutation(
        "a schema that is not known is left alone",
        "src/tallykeep/db/migrate.py",
        "    if reason := why_unusable(revision):\n        raise UnsupportedDatabaseError(reason)\n",
        "",
        "tests/cli/test_versions.py::test_no_schema_is_brought_up_to_date_that_is_not_known",
    ),
    Mutation(
        "roles are not told the first project's keys",
        "src/tallykeep/core/settings.py",
        " if name not in _FIRST_KEYS} - overrides.keys()",
        "} - overrides.keys()",
        "tests/unit/test_settings.py::test_child_processes_get_what_they_need",
    ),
    Mutation(
        "no link is followed when a directory is given away",
        "src/tallykeep/db/directories.py",
        " | os.O_NOFOLLOW",
        "",
        "tests/db/test_directories.py::test_no_link_is_followed_when_directories_are_given_away",
    ),
    Mutation(
        "large batches are removed few at a time",
        "src/tallykeep/engine/retention/pruner.sql",
        "FROM measured WHERE bytes_before < :bytes\n)\n\n-- name: delete_report_parts!",
        "FROM measured\n)\n\n-- name: delete_report_parts!",
        "tests/db/test_pruner.py::test_large_batches_go_few_at_a_time",
    ),
    Mutation(
        "what a step takes is picked once",
        "src/tallykeep/tenants/limits/windows.sql",
        "WITH picked AS MATERIALIZED (\n    SELECT project_id, name FROM usage_windows\n"
        "    WHERE ends_at < statement_timestamp() - interval '1 hour'\n"
        "    ORDER BY ends_at LIMIT :step FOR UPDATE SKIP LOCKED\n)\n"
        "DELETE FROM usage_windows\nWHERE (project_id, name) IN (SELECT project_id, name FROM picked)\n",
        "DELETE FROM usage_windows\nWHERE (project_id, name) IN (\n    SELECT project_id, name FROM usage_windows\n"
        "    WHERE ends_at < statement_timestamp() - interval '1 hour'\n"
        "    ORDER BY ends_at LIMIT :step FOR UPDATE SKIP LOCKED\n)\n",
        "tests/db/test_steps.py::test_a_step_takes_what_its_limit_says[windows]",
    ),
    Mutation(
        "a project has its share of slots",
        "src/tallykeep/core/concurrency/slots.py",
        "            and self._of_projects[who[0]] < bounds.of_project\n",
        "",
        "tests/unit/test_slots.py::test_a_project_has_its_share_and_those_of_it_come_in_order",
    ),
    Mutation(
        "reads have connections of their own",
        "src/tallykeep/api/dependencies/context.py",
        "Share(self.pools.reading, caller, self.shares.reads, few)",
        "Share(self.pools.writing, caller, self.shares.writes, few)",
        "tests/http/test_shares.py::test_reads_do_not_wait_for_writers_not_even_those_of_the_same_key",
    ),
    Mutation(
        "lines that leave quotes open are not scanned from each of them",
        "src/tallykeep/formats/csv/records.py",
        "last = len(lines) if complete.is_open else max(complete.seen - 1, complete.end + 1)",
        "last = complete.end + 1",
        "tests/unit/test_doubling.py::test_files_are_read_in_linear_time[0]",
    ),
    Mutation(
        "what was noted as broken is not decided again",
        "src/tallykeep/formats/row_reader.py",
        "        if is_broken:\n            rows.append(Row(",
        "        if False:\n            rows.append(Row(",
        "tests/unit/test_broken_lines.py::test_what_was_noted_is_not_decided_again",
    ),
    Mutation(
        "each of several workers is watched",
        "src/tallykeep/server/supervisor.py",
        "in zip(workers, heartbeat_files, strict=True):",
        "in zip(workers[:1], heartbeat_files[:1], strict=True):",
        "tests/crash/test_kills.py::test_each_of_two_workers_is_watched_and_comes_back",
    ),
    Mutation(
        "quotes that are not around cells go by the parser",
        "src/tallykeep/formats/csv/quotes.py",
        'before.strip(delimiter + b"\\n") or behind',
        "behind",
        "tests/unit/test_quotes.py::test_what_needs_no_parser_is_what_the_parser_reads",
    ),
    Mutation(
        "an API that answers nothing is found out",
        "src/tallykeep/server/child_process.py",
        "self._failed + 1 if await self._is_silent() else 0",
        "0",
        "tests/unit/test_silent_apis.py::test_questions_without_an_answer_are_counted_of_each_process",
    ),
    Mutation(
        "only an answer that nothing but retention changes is remembered",
        "src/tallykeep/engine/reading/action_reader.py",
        " and report is None and not _may_have_kin(action)",
        " and report is None",
        "tests/http/test_entity_tags.py::test_what_its_retries_have_fixed_is_seen_at_once",
    ),
    Mutation(
        "an answer is forgotten before retention changes it",
        "src/tallykeep/api/responses/ended_answers.py",
        "min(_SECONDS, left)",
        "_SECONDS",
        "tests/unit/test_ended_answers.py::test_it_is_forgotten_before_retention_changes_it[keep_actions_days]",
    ),
    Mutation(
        "an action that ends by a clock that was set back is shown",
        "src/tallykeep/api/responses/ended_answers.py",
        "final_for = max(shown.final_for, _NO_TIME)",
        "final_for = shown.final_for",
        "tests/http/test_entity_tags.py::test_an_action_that_has_ended_by_a_clock_that_was_set_back_is_shown",
    ),
    Mutation(
        "numbers are stored with the digits that row by row they have",
        "src/tallykeep/core/exact_json.py",
        'return b"." not in data or not _ZERO_AT_END.search(data)',
        "return True",
        "tests/unit/test_json_columns.py::test_an_unusual_row_among_usual_ones_comes_out_as_it_does_alone",
    ),
    Mutation(
        "what cannot be kept counts also where something else has its name",
        "src/tallykeep/formats/json/typed_rows.py",
        "can_be_kept = _is_utf8(run) and (is_usual or not exact_json.has_long_numbers(run))",
        "can_be_kept = True",
        "tests/unit/test_json_columns.py::test_an_unusual_row_among_usual_ones_comes_out_as_it_does_alone",
    ),
)
