"""Writes: constraints of the schema, and locks on what is read to be written back."""

from tests.mutations.mutation import MIGRATIONS, Mutation

ROW_LOCKS = "tests/db/test_row_locks.py"
GENERATION = "tests/db/test_generation.py"
SERIAL = "tests/db/test_serial.py"
EVERY_CHECK = "tests/db/test_checks.py::test_every_check_has_changes_that_no_other_one_would_refuse"

MUTATIONS = (
    Mutation(
        "CHECK: every row counts once",
        f"{MIGRATIONS}/0015_order.sql",
        "CHECK (done_count + failed_count + unprocessed_count + open_count = total_count)",
        "CHECK (true)",
        EVERY_CHECK,
    ),
    Mutation(
        "CHECK: ended means no row is open",
        f"{MIGRATIONS}/0015_order.sql",
        "CHECK (status NOT IN ('DONE', 'FAILED') OR open_count = 0)",
        "CHECK (true)",
        EVERY_CHECK,
    ),
    Mutation(
        "CHECK: done means no row is left",
        f"{MIGRATIONS}/0015_order.sql",
        "CHECK (status <> 'DONE' OR (open_portions = 0 AND unprocessed_count = 0))",
        "CHECK (true)",
        EVERY_CHECK,
    ),
    Mutation(
        "CHECK: ended somehow exactly when ended",
        f"{MIGRATIONS}/0015_order.sql",
        "            ELSE ended_by IS NULL\n",
        "            ELSE true\n",
        EVERY_CHECK,
    ),
    Mutation(
        "CHECK: of a closed batch every row is accounted for",
        f"{MIGRATIONS}/0009_control.sql",
        "CHECK (status <> 'CLOSED' OR done_count + failed_count + unprocessed_count = row_count)",
        "CHECK (true)",
        EVERY_CHECK,
    ),
    Mutation(
        "a batch without rows is closed",
        f"{MIGRATIONS}/0015_order.sql",
        "CHECK (row_count > 0 OR (row_count = 0 AND status = 'CLOSED'))",
        "CHECK (row_count >= 0)",
        EVERY_CHECK,
    ),
    Mutation(
        "a bulk update locks vouchers before it reads them",
        "src/tallykeep/resources/vouchers/updating/update_operation.sql",
        "ORDER BY code FOR UPDATE",
        "ORDER BY code",
        f"{ROW_LOCKS}::test_a_bulk_update_adds_to_what_somebody_else_has_just_written",
    ),
    Mutation(
        "changes lock what they find by source_id",
        "src/tallykeep/resources/upserts/store.sql",
        "ORDER BY source_id FOR UPDATE",
        "ORDER BY source_id",
        f"{ROW_LOCKS}::test_a_change_of_a_customer_keeps_what_somebody_else_has_just_written[source_id]",
    ),
    Mutation(
        "changes lock what they find by id",
        "src/tallykeep/resources/upserts/store.sql",
        "ORDER BY id FOR UPDATE",
        "ORDER BY id",
        f"{ROW_LOCKS}::test_a_change_of_a_customer_keeps_what_somebody_else_has_just_written[id]",
    ),
    Mutation(
        "what was created meanwhile is not passed over",
        "src/tallykeep/resources/upserts/operation.py",
        'if inserted.rowcount != sum(record["is_new"] for record in records):',
        "if False:",
        f"{ROW_LOCKS}::test_a_customer_that_somebody_else_has_just_created_is_changed_and_not_passed_over",
    ),
    Mutation(
        "an import locks vouchers before it judges them",
        "src/tallykeep/resources/vouchers/writing/store.sql",
        "\nFOR UPDATE OF vouchers",
        "",
        f"{ROW_LOCKS}::test_an_import_judges_a_voucher_by_what_somebody_else_has_just_written",
    ),
    Mutation(
        "what was deleted meanwhile is imported anew",
        "src/tallykeep/resources/vouchers/writing/store.py",
        "if inserted.rowcount + len(existing) != len(drafts):",
        "if False:",
        f"{ROW_LOCKS}::test_a_voucher_that_somebody_else_deletes_in_the_middle_of_its_update_is_imported_anew",
    ),
    Mutation(
        "a single update locks its voucher before it reads it",
        "src/tallykeep/resources/vouchers/single.sql",
        "(code = :code OR id = :code) FOR UPDATE",
        "(code = :code OR id = :code)",
        f"{ROW_LOCKS}::test_a_single_update_keeps_what_somebody_else_has_just_written",
    ),
    Mutation(
        "a change of a campaign locks what it reads and writes anew",
        "src/tallykeep/resources/campaigns/store.sql",
        "AND id = :id FOR UPDATE",
        "AND id = :id",
        "tests/db/test_campaigns.py::test_a_purge_of_metadata_that_a_change_of_the_campaign_meets_is_not_undone_by_it",
    ),
    Mutation(
        "generations out of the same codes go one after another",
        "src/tallykeep/resources/vouchers/writing/generated_codes.py",
        "        if self.missing > 1:\n",
        "        if False:\n",
        f"{GENERATION}::test_generations_of_one_space_go_one_after_another",
    ),
    Mutation(
        "all codes there are are looked through",
        "src/tallykeep/resources/vouchers/writing/generated_codes.py",
        "while self.missing and await self._walk():",
        "while False:",
        f"{GENERATION}::test_every_code_there_is_can_be_generated",
    ),
    Mutation(
        "codes are looked through until none is found",
        "src/tallykeep/resources/vouchers/writing/generated_codes.py",
        "while self.missing and await self._walk():",
        "if self.missing and await self._walk():",
        f"{GENERATION}::test_a_code_given_up_during_the_walk_is_found",
    ),
    Mutation(
        "who has waited looks again for what was missing",
        "src/tallykeep/resources/upserts/locked_keys.py",
        "    while (missing",
        "    while False and (missing",
        f"{SERIAL}::test_changes_that_wait_for_others_find_what_these_have_created",
    ),
    Mutation(
        "what was missing is looked for again in the end",
        "src/tallykeep/resources/upserts/operation.py",
        " or any([await is_there() for is_there in self.rechecks])",
        "",
        f"{SERIAL}::test_a_product_made_meanwhile_is_referred_to",
    ),
    Mutation(
        "what an action makes itself does not overtake it",
        "src/tallykeep/resources/orders/embedded.py",
        "return not self._made.issuperset(await operation.present_by_now())",
        "return bool(await operation.present_by_now())",
        f"{SERIAL}::test_a_customer_that_another_part_of_the_order_makes_overtakes_nobody",
    ),
    Mutation(
        "what is made because it is new has to be new",
        "src/tallykeep/resources/upserts/operation.py",
        "not self._new.isdisjoint(by_source_id) or ",
        "",
        f"{SERIAL}::test_a_product_made_meanwhile_is_not_changed_by_an_order_that_does_not_say_so",
    ),
    Mutation(
        "products that are only named are made by one at a time",
        "src/tallykeep/resources/orders/embedded.py",
        "await self._connection.execute(_sql.wait_for_makers_by_name, {",
        "({",
        f"{SERIAL}::test_a_product_of_a_name_is_made_once",
    ),
    Mutation(
        "rows of one code lock the voucher that they are held to",
        "src/tallykeep/resources/vouchers/writing/store.sql",
        "ORDER BY code\nFOR UPDATE",
        "ORDER BY code",
        f"{SERIAL}::test_rows_of_one_code_are_held_to_what_it_is_when_they_are_written[False]",
    ),
    Mutation(
        "rows of one code are held anew to a voucher made meanwhile",
        "src/tallykeep/resources/vouchers/importing/import_operation.py",
        "if any(draft.code not in existing and",
        "if False and any(draft.code not in existing and",
        f"{SERIAL}::test_rows_of_one_code_are_held_to_what_it_is_when_they_are_written[True]",
    ),
)
