"""Limits of requests, quotas, and wrong credentials."""

from tests.mutations.mutation import Mutation

_LIMITS = "src/tallykeep/tenants/limits"
_GUESSES = "tests/http/test_wrong_credentials.py"

MUTATIONS = (
    Mutation(
        "limits: what a slow reader of a download has coming waits on disk",
        "src/tallykeep/engine/downloads/spooled.py",
        "    if len(data) > PIECE_BYTES:\n",
        "    if False:\n",
        "tests/unit/test_spooled.py::test_nothing_of_it_stays_in_memory",
    ),
    Mutation(
        "limits: who is admitted is counted",
        "src/tallykeep/api/dependencies/auth.py",
        "    if context.rate_limits is not None:\n",
        "    if False:\n",
        "tests/http/test_rate_limits.py::test_every_request_counts_and_its_answer_says_what_is_left[one action]",
    ),
    Mutation(
        "limits: what one process reserves is taken for all",
        f"{_LIMITS}/windows.sql",
        "THEN known.taken + least(",
        "THEN known.taken + 0 * least(",
        "tests/db/test_windows.py::test_processes_take_no_more_than_the_limit_together_and_seldom_ask",
    ),
    Mutation(
        "limits: what is refused takes nothing from a quota",
        "src/tallykeep/engine/intake/staging.py",
        "settle if perhaps_accepted else self._allowance.give_back",
        "settle if perhaps_accepted else self._allowance.settle",
        "tests/http/test_quotas.py::test_what_is_refused_for_other_reasons_or_breaks_off_takes_nothing",
    ),
    Mutation(
        "limits: rows that are staged are taken from the quota",
        "src/tallykeep/engine/intake/staging.py",
        "hold(self.rows + sum(batch.row_count for batch in batches))",
        "hold(sum(batch.row_count for batch in batches))",
        "tests/http/test_quotas.py::test_nothing_is_kept_of_an_upload_that_turns_out_to_be_too_long",
    ),
    Mutation(
        "limits: a project's own quota of rows goes before the setting",
        "src/tallykeep/api/limits/quotas.py",
        "own.max_rows_per_day or self._rows",
        "self._rows or own.max_rows_per_day",
        "tests/http/test_project_quotas.py::test_they_go_before_the_settings_in_both_directions",
    ),
    Mutation(
        "limits: what was reserved by another limit is given back",
        f"{_LIMITS}/windows.py",
        "                window.retire()\n",
        "                pass\n",
        "tests/db/test_windows.py::test_what_was_reserved_by_another_limit_is_given_back",
    ),
    Mutation(
        "limits: what no day has room for is not put off to another",
        "src/tallykeep/api/limits/quotas.py",
        "if self.day is not None and rows > self.day.limit.maximum:",
        "if False:",
        "tests/http/test_quotas.py::test_more_than_a_day_has_is_not_put_off_to_another_day[as_json]",
    ),
    Mutation(
        "limits: too many wrong keys are not looked at",
        f"{_LIMITS}/wrong_credentials.py",
        "        return max((math.ceil(end - now) for end in ends), default=0)\n",
        "        return 0\n",
        f"{_GUESSES}::test_who_sends_too_many_has_to_wait_and_nobody_else[by_app_keys]",
    ),
    Mutation(
        "limits: wrong keys that come at the same time count too",
        "src/tallykeep/api/dependencies/grants.py",
        "    return 0 if wrong.is_quiet else wrong.wait_seconds(address, identity, token)\n",
        "    return 0\n",
        f"{_GUESSES}::test_guesses_that_come_at_the_same_time_are_counted_too",
    ),
    Mutation(
        "limits: a key is closed to those alone who have failed with it",
        f"{_LIMITS}/wrong_credentials.py",
        "if by_both.count and by_identity.count >= self._maximum:\n"
        "                ends.append(min(by_both.ends_at, by_identity.ends_at))",
        "if by_identity.count >= self._maximum:\n                ends.append(by_identity.ends_at)",
        f"{_GUESSES}::test_a_key_that_many_addresses_guess_at_is_closed_to_those_that_have_failed_and_to_nobody_else",
    ),
    Mutation(
        "limits: what was right before goes on beside guesses",
        f"{_LIMITS}/wrong_credentials.py",
        "if not self._right.has_identity(client, identity):",
        "if True:",
        f"{_GUESSES}::test_what_was_right_from_an_address_is_served_there_while_others_guess",
    ),
    Mutation(
        "limits: a key in use is served beside guesses at it from the same address",
        f"{_LIMITS}/wrong_credentials.py",
        "if self._right.has_token(client, identity, token):",
        "if False:",
        f"{_GUESSES}::test_a_key_in_use_is_served_while_others_guess_at_it_from_the_same_address",
    ),
    Mutation(
        "limits: what was right over one process is served over the others",
        f"{_LIMITS}/wrong_credentials.py",
        "        await self._right.seek(pool, as_one_client(address), identity, token)\n",
        "",
        f"{_GUESSES}::test_what_was_right_over_one_process_is_served_over_the_others_while_others_guess",
    ),
    Mutation(
        "limits: what is not right any more is forgotten by all processes",
        f"{_LIMITS}/right_credentials.py",
        "            self._ended[digest] = None\n",
        "            pass\n",
        f"{_GUESSES}::test_a_token_that_was_right_over_another_process_and_was_revoked_is_a_wrong_one",
    ),
    Mutation(
        "limits: who is overtaken at the start of a window does not begin it again",
        f"{_LIMITS}/windows.sql",
        "            NOT BETWEEN statement_timestamp() AND excluded.ends_at + make_interval(secs => :seconds)\n"
        "            THEN excluded.taken",
        "            NOT BETWEEN statement_timestamp() AND excluded.ends_at\n            THEN excluded.taken",
        "tests/db/test_windows.py::test_a_process_that_is_overtaken_at_the_begin_of_a_window_does_not_begin_it_again",
    ),
    Mutation(
        "limits: what is given back goes to all processes",
        f"{_LIMITS}/windows.py",
        "if self._reserved > self._kept and (",
        "if False and (",
        "tests/db/test_windows.py::test_what_is_given_back_goes_to_all_processes",
    ),
    Mutation(
        "limits: nothing of an old window enters the next",
        f"{_LIMITS}/windows.py",
        'if row["ends_at"] != self._window:',
        "if False:",
        "tests/db/test_windows.py::test_nothing_of_an_old_window_enters_the_next",
    ),
    Mutation(
        "limits: stored rows that cannot be counted close no project",
        "src/tallykeep/api/limits/stored_rows.py",
        "except (psycopg.Error, PoolTimeout, RequestError) as error:",
        "except (PoolTimeout, RequestError) as error:",
        "tests/db/test_stored_rows.py::test_submissions_go_on_with_the_last_count_where_counting_takes_too_long",
    ),
    Mutation(
        "limits: stored rows are counted beside lists that scan",
        "src/tallykeep/api/dependencies/context.py",
        "allowance(caller, self.reading(caller))",
        "allowance(caller, self.reading(caller, much=True))",
        "tests/http/test_quotas.py::test_lists_that_scan_close_nobody_out_from_counting",
    ),
    Mutation(
        "limits: a project's own quota of open actions is exact",
        "src/tallykeep/api/dependencies/open_actions.py",
        "        if unfinished <= own:\n",
        "        if True:\n",
        "tests/http/test_project_quotas.py::test_open_actions_are_never_too_many_however_many_are_accepted_at_once",
    ),
    Mutation(
        "limits: codes that were asked for before are given back",
        "src/tallykeep/api/routes/resources/campaigns.py",
        "            allowance.give_back()\n",
        "            pass\n",
        "tests/http/test_quotas.py::test_codes_that_turn_out_to_have_been_asked_for_are_given_back",
    ),
)
