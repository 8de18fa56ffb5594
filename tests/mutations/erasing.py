"""Safeguards of erasures."""

from tests.mutations.mutation import Mutation

_ERASING = "src/tallykeep/engine/erasing"
_ORDER = "tests/db/test_erasing_order.py"

MUTATIONS = (
    Mutation(
        "an erasure begins when all that was accepted before has ended",
        "src/tallykeep/engine/applier.py",
        "action_type.erases and await is_earlier_unfinished(connection, claimed)",
        "action_type.erases and False",
        f"{_ORDER}::test_what_was_accepted_before_comes_first_and_is_erased_what_comes_later_waits_for_nothing",
    ),
    Mutation(
        "no retry takes rows along that are about to be erased",
        "src/tallykeep/engine/managing/action_control.py",
        "        if erasure is not None:",
        "        if False:",
        f"{_ORDER}::test_nothing_erased_comes_back_by_a_retry",
    ),
    Mutation(
        "no retry brings rows back that it read before an erasure",
        "src/tallykeep/engine/intake/accept.py",
        "            if submission.guard is not None:",
        "            if False:",
        "tests/db/test_erasing_and_retries.py::test_an_erasure_that_is_committed_just_before_a_retry_refuses_it",
    ),
    Mutation(
        "what stands in place of a row of a file is a cell too wide",
        "src/tallykeep/formats/people/rows.py",
        "source.delimiter * width",
        "source.delimiter * (width - 1)",
        "tests/unit/test_people.py::test_rows_of_a_file_are_erased_and_all_others_stay_by_the_byte",
    ),
    Mutation(
        "what an import under way tells of a person is searched for, too",
        f"{_ERASING}/erasure.py",
        "Jsonb(person.joined([more]).to_json())",
        "Jsonb(person.to_json())",
        f"{_ORDER}::test_what_an_import_in_flight_tells_of_the_person_is_erased_too",
    ),
    Mutation(
        "an erasure forgets who it was about",
        f"{_ERASING}/erasure.py",
        "await self._connection.execute(_sql.forget_person, self._claimed.action_key)",
        "pass",
        f"{_ORDER}::test_the_erasure_itself_forgets_who_it_was",
    ),
    Mutation(
        "reasons of erased rows lose what the rows held",
        f"{_ERASING}/batches.py",
        'reason_without_values(each["reason"], values[each["row"]], person)',
        'each["reason"]',
        "tests/db/test_erasing.py::test_rows_are_erased_and_every_tally_and_number_stays",
    ),
    Mutation(
        "the audit log names customers by our id alone",
        "src/tallykeep/api/auditing/attempt.py",
        "return None if is_personal else key",
        "return key",
        "tests/http/test_personal_data.py::test_both_are_in_the_audit_log_without_the_person",
    ),
    Mutation(
        "nobody is taken for gone while a customer has the address",
        "src/tallykeep/api/routes/resources/personal_data.py",
        "    if there := await ids_named(connection, project_id, key):\n",
        "    if there := []:\n",
        "tests/http/test_gone_customers.py::test_nobody_is_taken_for_gone_while_a_customer_has_the_id_or_the_address[email]",
    ),
)
