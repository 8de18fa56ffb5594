"""Limits of requests, quotas, and wrong credentials."""

from tests.mutations.mutation import Mutation

_LIMITS = "src/tallykeep/tenants/limits"
_GUESSES = "tests/http/test_wrong_credentials.py"

MUTATIONS = (
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
        "tests/http/test_quotas.py::test_rows_of_a_day[as_json]",
    ),
    Mutation(
        "limits: rows that are staged are taken from the quota",
        "src/tallykeep/engine/intake/staging.py",
        "hold(self.rows + sum(batch.row_count for batch in batches))",
        "hold(sum(batch.row_count for batch in batches))",
        "tests/http/test_quotas.py::test_nothing_is_kept_of_an_upload_that_turns_out_to_be_too_long",
    ),
    Mutation(
        "limits: too many wrong keys are not looked at",
        "src/tallykeep/api/dependencies/auth.py",
        "    if seconds:\n",
        "    if False:\n",
        f"{_GUESSES}::test_who_sends_too_many_has_to_wait_and_nobody_else[by_app_keys]",
    ),
    Mutation(
        "limits: a key is closed to those alone who have failed with it",
        f"{_LIMITS}/wrong_credentials.py",
        "if by_both.count and by_identity.count >= self._maximum",
        "if by_identity.count >= self._maximum",
        f"{_GUESSES}::test_a_key_that_many_addresses_guess_at_is_closed_to_those_that_have_failed_and_to_nobody_else",
    ),
    Mutation(
        "limits: what was right before goes on beside guesses",
        f"{_LIMITS}/wrong_credentials.py",
        "if (client, identity) not in self._right:",
        "if True:",
        f"{_GUESSES}::test_what_was_right_from_an_address_is_served_there_while_others_guess",
    ),
)
