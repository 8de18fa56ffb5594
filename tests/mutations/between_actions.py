"""Between actions: gates, planned ranges and sequences."""

from tests.mutations.mutation import Mutation

MUTATIONS = (
    Mutation(
        "gates: batches hold what their rows depend on",
        "src/tallykeep/engine/applying/attempt.py",
        "    claimed = await _behind_gates(connection, action_type, claimed)\n    if not claimed",
        "    if not claimed",
        "tests/db/test_campaigns.py::test_a_campaign_deleted_while_it_is_filled_leaves_no_vouchers[CAMPAIGN.VOUCHERS_GENERATE]",
    ),
    Mutation(
        "gates: a change shuts them",
        "src/tallykeep/db/gates.sql",
        "THEN pg_advisory_xact_lock(project, gate)",
        "THEN pg_advisory_xact_lock_shared(project, gate)",
        "tests/db/test_campaigns.py::test_a_campaign_changed_while_it_is_filled_has_no_voucher_as_it_was_before[CAMPAIGN.VOUCHERS_IMPORT]",
    ),
    Mutation(
        "gates: a change waits for a while only",
        "src/tallykeep/db/gates.sql",
        "set_config('lock_timeout', :timeout, true) AS timeout",
        "set_config('lock_timeout', '60s', true), :timeout AS timeout",
        "tests/db/test_gates.py::test_who_waits_too_long_gives_its_place_back_and_is_told_why",
    ),
    Mutation(
        "gates: one that there is none of is held by nobody",
        "src/tallykeep/db/gates.py",
        "    if others or not gates:\n",
        "    if False:\n",
        "tests/db/test_gates.py::test_a_gate_that_nobody_shuts_is_held_by_nobody",
    ),
    Mutation(
        "gates: a campaign is deleted behind its own",
        "src/tallykeep/resources/campaigns/store.py",
        '    await shut_for_request(connection, caller.project_id, campaign_gate(campaign["id"]), held=(PROJECT,))\n',
        "",
        "tests/db/test_campaigns.py::test_a_deletion_waits_for_a_voucher_that_is_being_added",
    ),
    Mutation(
        "gates: a voucher is added behind its campaign's",
        "src/tallykeep/resources/campaigns/store.py",
        '*_DEPENDS_ON, campaign_gate(campaign["id"]))\n    return',
        "*_DEPENDS_ON)\n    return",
        "tests/db/test_campaigns.py::test_a_voucher_added_to_a_campaign_that_is_being_deleted[add_voucher]",
    ),
    Mutation(
        "a campaign that is gone is not changed",
        "src/tallykeep/resources/campaigns/store.py",
        '    if old is None:\n        raise NotFoundError.of("campaign", key)\n    wanted',
        "    old = old or campaign\n    wanted",
        "tests/db/test_campaigns.py::test_a_campaign_deleted_before_its_change_could_begin_stays_deleted",
    ),
    Mutation(
        "gates: a product is deleted behind theirs",
        "src/tallykeep/resources/products/delete.py",
        "        await gates.shut_for_request(connection, caller.project_id, gates.PRODUCTS)\n",
        "",
        "tests/db/test_parents.py::test_skus_that_are_imported_while_their_product_is_deleted_go_into_the_bin_with_it",
    ),
    Mutation(
        "gates: a single resource is written behind them",
        "src/tallykeep/resources/upserts/single.py",
        "timestamp = await hold_for_request(connection, project_id, *spec.depends_on)",
        'timestamp = await hold_for_request(connection, project_id, "nothing")',
        "tests/db/test_parents.py::test_a_sku_written_by_itself_waits_for_the_deletion_of_its_product",
    ),
    Mutation(
        "gates: a purge is planned behind the schemas'",
        "src/tallykeep/resources/metadata/schemas.py",
        "    timestamp = await shut_for_request(connection, project_id, SCHEMAS)\n    parameters",
        '    timestamp = await shut_for_request(connection, project_id, "nothing")\n    parameters',
        "tests/db/test_parents.py::test_a_purge_waits_for_batches_that_write_what_it_purges",
    ),
    Mutation(
        "a purge is repeated until nothing is found",
        "src/tallykeep/resources/planned_ranges.py",
        "    while count :=",
        "    if count :=",
        "tests/db/test_ranges.py::test_what_is_committed_while_a_range_is_gone_through_is_not_left_out[VOUCHERS.METADATA_KEY_PURGE]",
    ),
    Mutation(
        "an update is repeated until nothing is left",
        "src/tallykeep/resources/campaigns/operations.py",
        "while self._met is None or self._met < await self._reached():",
        "while self._met is None:",
        "tests/db/test_ranges.py::test_what_is_committed_while_a_range_is_gone_through_is_not_left_out[CAMPAIGN.VOUCHERS_UPDATE]",
    ),
    Mutation(
        "the last range has no end",
        "src/tallykeep/resources/planned_ranges.sql",
        "CASE WHEN lead(last_key) OVER in_order IS NOT NULL THEN last_key END",
        "last_key",
        "tests/db/test_ranges.py::test_ranges_touch_each_other_and_have_no_ends",
    ),
    Mutation(
        "ranges touch each other",
        "src/tallykeep/resources/planned_ranges.sql",
        "lag(last_key) OVER in_order",
        "CASE WHEN lag(last_key) OVER in_order IS NOT NULL THEN last_key END",
        "tests/db/test_ranges.py::test_ranges_touch_each_other_and_have_no_ends",
    ),
    Mutation(
        "planned work counts what it met",
        "src/tallykeep/engine/applying/accounting.py",
        "rows = planned if outcome.met is None else outcome.met",
        "rows = planned",
        "tests/db/test_ranges.py::test_what_is_gone_by_then_is_not_counted",
    ),
    Mutation(
        "planned work counts what it met, in atomic actions too",
        "src/tallykeep/engine/applying/atomic.py",
        "beyond_plan += await",
        "await",
        "tests/db/test_ranges.py::test_a_whole_action_counts_what_it_has_written",
    ),
    Mutation(
        "a change corrects what an earlier one does",
        "src/tallykeep/resources/campaigns/operations.py",
        "    return replace(planned, query=sql.SQL(_sql.planned_update).format(ranges=planned.query))\n",
        "    return planned\n",
        "tests/db/test_ranges.py::test_a_change_that_meets_no_voucher_still_corrects_what_an_earlier_one_does",
    ),
    Mutation(
        "created meanwhile: the owner is read behind the insert",
        "src/tallykeep/resources/campaigns/import_operation.py",
        'owners.get(draft.code, self._campaign["id"]) != self._campaign["id"]',
        "draft.code in owners",
        "tests/db/test_campaign_imports.py::test_the_second_of_two_imports_of_the_same_new_codes_updates_them",
    ),
    Mutation(
        "deleted meanwhile: the batch is tried again",
        "src/tallykeep/resources/vouchers/writing/store.py",
        "if inserted.rowcount + len(existing) != len(drafts):",
        "if False:",
        "tests/db/test_campaign_imports.py::test_a_code_that_is_deleted_while_it_is_met_is_written_by_the_next_try",
    ),
    Mutation(
        "none of a sequence becomes ready while another one is",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
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
        "a sequence goes by the order of acceptance",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "ORDER BY number\n        LIMIT 1\n    )",
        "ORDER BY created_at, id\n        LIMIT 1\n    )",
        "tests/db/test_sequences.py::test_the_order_of_commits_is_the_order_of_a_sequence_whatever_the_clock_says",
    ),
    Mutation(
        "acceptances are numbered one by one",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "DO UPDATE SET accepted = mine.accepted + 1",
        "DO UPDATE SET accepted = mine.accepted",
        "tests/db/test_sequences.py::test_actions_are_numbered_in_the_order_of_their_acceptance_by_whichever_door",
    ),
    Mutation(
        "an acceptance in one statement is numbered too",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "accepted = mine.accepted + :accepted",
        "accepted = mine.accepted",
        "tests/db/test_sequences.py::test_actions_are_numbered_in_the_order_of_their_acceptance_by_whichever_door",
    ),
    Mutation(
        "who waited as long as another goes on by number",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "ORDER BY served_at, number",
        "ORDER BY served_at, created_at, id",
        "tests/db/test_sequences.py::test_of_actions_that_have_waited_as_long_the_one_accepted_first_is_served",
    ),
)
