"""Webhooks: events with what they tell of, deliveries, and where they may go."""

from tests.mutations.mutation import Mutation

EVENTS = "tests/db/test_webhook_events.py"
DELIVERIES = "tests/db/test_webhook_deliveries.py"
UPKEEP = "tests/db/test_webhook_upkeep.py"
ADDRESSES = "tests/unit/test_webhook_addresses.py"

MUTATIONS = (
    Mutation(
        "an end and its event are one transaction",
        "src/tallykeep/engine/managing/action_control.py",
        "            async with connection.transaction():\n                ended = await end_unfinished(",
        "            if True:\n                ended = await end_unfinished(",
        f"{EVENTS}::test_an_event_is_there_exactly_when_what_it_tells_of_is",
    ),
    Mutation(
        "an action that begins is heard of",
        "src/tallykeep/engine/scheduling/fair_scheduling.sql",
        "status_before = 'ENQUEUED' AS started",
        "false AS started",
        f"{EVENTS}::test_by_whichever_way_an_action_begins_and_ends[completed]",
    ),
    Mutation(
        "actions that are applied together are heard of",
        "src/tallykeep/engine/applying/joint/accounting.py",
        'if counted["is_heard"]:',
        "if False:",
        f"{EVENTS}::test_by_whichever_way_an_action_begins_and_ends[completed_jointly]",
    ),
    Mutation(
        "an action without rows is heard of",
        "src/tallykeep/engine/intake/accept.py",
        '            await emit(connection, [(project_id, params["id"])])  # it has ended already\n',
        "            pass\n",
        f"{EVENTS}::test_by_whichever_way_an_action_begins_and_ends[empty]",
    ),
    Mutation(
        "an event is recorded once",
        "src/tallykeep/engine/webhooks/emitting.sql",
        "'evt_' || substr(happened.id, 4) || '_' || occurrence.name",
        "'evt_' || happened.done_count || happened.failed_count || '_' || occurrence.name",
        f"{EVENTS}::test_that_many_rows_fail_is_told_by_the_batch_that_made_them_many_and_once",
    ),
    Mutation(
        "an event is claimed by one worker",
        "src/tallykeep/engine/webhooks/deliverer.sql",
        "    LIMIT :free\n    FOR UPDATE OF deliveries SKIP LOCKED\n",
        "    LIMIT :free\n",
        f"{DELIVERIES}::test_what_another_worker_is_claiming_is_left_to_it",
    ),
    Mutation(
        "what is on its way is not sent by others",
        "src/tallykeep/engine/webhooks/deliverer.sql",
        "due_at = statement_timestamp() + :lease::interval",
        "due_at = statement_timestamp()",
        f"{DELIVERIES}::test_what_was_claimed_by_a_worker_that_died_is_due_again_after_the_lease",
    ),
    Mutation(
        "an attempt that comes back late changes nothing",
        "src/tallykeep/engine/webhooks/deliverer.sql",
        "    AND attempts = :attempts\n    AND resent_after < attempts\nRETURNING status",
        "    AND resent_after < attempts\nRETURNING status",
        f"{DELIVERIES}::test_an_attempt_that_comes_back_late_says_nothing_of_the_one_after_it",
    ),
    Mutation(
        "an attempt from before an event was sent again changes nothing",
        "src/tallykeep/engine/webhooks/deliverer.sql",
        "    AND resent_after < attempts\nRETURNING status",
        "RETURNING status",
        f"{DELIVERIES}::test_an_attempt_that_was_under_way_when_an_event_was_sent_again_does_not_stand_for_the_one_after_it",
    ),
    Mutation(
        "an end is sent behind its start",
        "src/tallykeep/engine/webhooks/deliverer.sql",
        "AND earlier.step < first_due.step",
        "AND earlier.step < 0",
        f"{DELIVERIES}::test_the_end_waits_for_the_start_until_that_has_failed_often",
    ),
    Mutation(
        "a webhook has its share of what is under way",
        "src/tallykeep/engine/webhooks/deliverer.sql",
        "CASE WHEN webhooks.failing_since IS NULL THEN :share_of_webhook ELSE 1 END",
        "1000 + :share_of_webhook",
        f"{DELIVERIES}::test_a_receiver_that_hangs_holds_up_no_other_one_of_the_project_or_of_others",
    ),
    Mutation(
        "a webhook that fails is left alone for a while",
        "src/tallykeep/engine/webhooks/deliverer.sql",
        "paused_until = timestamp + least(timestamp - coalesce(failing_since, timestamp), :max_pause::interval)",
        "paused_until = timestamp",
        f"{DELIVERIES}::test_a_receiver_that_fails_is_left_alone_for_a_while_however_many_events_wait",
    ),
    Mutation(
        "events of an action that goes on are not forgotten",
        "src/tallykeep/engine/webhooks/deliverer.sql",
        "AND actions.id = deliveries.action_id\n",
        "AND actions.id = ''\n",
        f"{UPKEEP}::test_an_event_of_an_action_that_goes_on_is_not_forgotten_and_so_not_recorded_anew",
    ),
    Mutation(
        "addresses are checked at each delivery",
        "src/tallykeep/engine/webhooks/sending.py",
        "self._resolve, allow_private=self._allow_private)",
        "self._resolve, allow_private=True)",
        f"{ADDRESSES}::test_a_name_that_turns_to_loopback_behind_the_check_is_never_connected_to",
    ),
    Mutation(
        "every address of a host is checked",
        "src/tallykeep/engine/webhooks/addresses.py",
        "for address in addresses if not allow_private else ():",
        "for address in addresses[:1] if not allow_private else ():",
        f"{ADDRESSES}::test_a_host_is_refused_if_one_of_its_addresses_is_not_public",
    ),
    Mutation(
        "the address that was checked is connected to",
        "src/tallykeep/engine/webhooks/sending.py",
        "self._connect(last, port",
        "self._connect(host, port",
        f"{ADDRESSES}::test_it_is_the_address_that_was_checked_which_is_connected_to",
    ),
    Mutation(
        "of a connection so many bytes are read",
        "src/tallykeep/engine/webhooks/sending.py",
        "        if self._left <= 0:\n",
        "        if False:\n",
        "tests/db/test_webhook_deliveries.py::test_answers_before_the_answer_are_cut_off",
    ),
    Mutation(
        "slow webhooks leave room for others of their project",
        "src/tallykeep/engine/webhooks/deliverer.sql",
        "(PARTITION BY project_id ORDER BY of_webhook, due_at",
        "(PARTITION BY project_id ORDER BY due_at",
        "tests/db/test_webhook_deliveries.py::test_who_is_slow_leaves_others_of_the_project_some_room",
    ),
)
