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
        "a batch that was rewritten is as large as it is now",
        f"{_ERASING}/erasing.sql",
        "body = :body, uncompressed_size = :uncompressed_size,",
        "body = :body,",
        "tests/db/test_compressed_batches.py::test_a_person_is_found_and_erased[compressed]",
    ),
    Mutation(
        "a cell that is an address is nobody else's",
        "src/tallykeep/formats/people/traces.py",
        "            return trimmed in self._wanted\n        return any(next",
        "            pass\n        return any(next",
        "tests/unit/test_traces.py::test_a_cell_that_is_another_address_is_never_taken",
    ),
    Mutation(
        "an address in a text is no part of a longer one",
        "src/tallykeep/formats/people/words.py",
        "before in _SPECIAL and _is_longer(text, start, end)",
        "before in _SPECIAL and False",
        "tests/unit/test_traces.py::test_in_a_text_an_address_is_no_part_of_a_longer_one",
    ),
    Mutation(
        "an address is found in either form of its letters",
        "src/tallykeep/formats/people/traces.py",
        'unicodedata.normalize("NFC", unicodedata.normalize("NFC", piece[0]).casefold())',
        "piece[0].casefold()",
        "tests/unit/test_traces.py::test_letters_that_are_not_ascii_are_found_in_any_case_and_form",
    ),
    Mutation(
        "an address is found in characters that stand for others",
        "src/tallykeep/formats/people/traces.py",
        " or (has_other_forms(text) and self._are_in_form(plain(text)))",
        "",
        "tests/unit/test_traces.py::test_characters_that_stand_for_others_hide_nobody",
    ),
    Mutation(
        "texts of many marks are not put into one form at once",
        "src/tallykeep/formats/people/traces.py",
        r"\S{1,256}",
        r"\S+",
        "tests/unit/test_traces.py::test_pieces_that_are_put_into_one_form_are_short",
    ),
    Mutation(
        "rows that cannot be read are taken for what they seem to hold",
        "src/tallykeep/formats/people/rows.py",
        "return any(map(self._is_named, values)) or",
        "return",
        "tests/unit/test_people_in_broken_rows.py::test_lines_whose_quotes_do_not_match",
    ),
    Mutation(
        "keys that are numbers name customers",
        "src/tallykeep/resources/customers/people.py",
        "        elif is_number(inner):",
        "        elif False:",
        "tests/unit/test_people_in_broken_rows.py::test_orders_that_are_wrong_or_no_json",
    ),
    Mutation(
        "a source_id takes no rows of whose id it is",
        "src/tallykeep/resources/customers/people.py",
        "if not key.startswith(CUSTOMER.prefix))",
        "if key)",
        "tests/unit/test_people_in_broken_rows.py::test_a_source_id_like_the_id_of_another_takes_none_of_their_rows",
    ),
    Mutation(
        "values go out of reasons whatever they hold",
        f"{_ERASING}/values_in_reasons.py",
        "if window[:at] in texts",
        "if False",
        "tests/unit/test_values_in_reasons.py::test_a_value_goes_that_looks_like_the_end_of_one",
    ),
    Mutation(
        "the audit log names customers by our id alone",
        "src/tallykeep/api/auditing/attempt.py",
        "return None if is_personal else key",
        "return key",
        "tests/http/test_personal_data.py::test_both_are_in_the_audit_log_without_the_person",
    ),
    Mutation(
        "somebody gone whom an import brings back is told of",
        "src/tallykeep/engine/erasing/erasure.py",
        '        if step.part == 0 and kept["is_gone"]:\n',
        "        if False:\n",
        "tests/db/test_erasing_order.py::test_somebody_gone_whom_an_import_in_flight_brings_back_is_told_of",
    ),
    Mutation(
        "nobody is taken for gone while a customer has the address",
        "src/tallykeep/api/routes/resources/personal_data.py",
        "    if there := await ids_named(connection, project_id, key):\n",
        "    if there := []:\n",
        "tests/http/test_gone_customers.py::test_nobody_is_taken_for_gone_while_a_customer_has_the_id_or_the_address[email]",
    ),
)
