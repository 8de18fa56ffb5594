"""The audit log."""

from tests.mutations.mutation import MIGRATIONS, Mutation

_TENANTS = "src/tallykeep/tenants/audit"

MUTATIONS = (
    Mutation(
        "audit log: a submission is accepted with its entry",
        "src/tallykeep/engine/intake/group_commit.py",
        '_sql.action + ",\\n" + SUBMITTED_ENTRY + ",\\n"',
        '_sql.action + ",\\n"',
        "tests/db/test_audit_entries.py::test_an_action_has_one_entry_of_its_start_and_one_of_its_end[one batch]",
    ),
    Mutation(
        "audit log: an action ends with its entry",
        "src/tallykeep/engine/applying/accounting.py",
        '_sql.close_batch + ",\\n" + END_ENTRY + _sql.closed_batch',
        "_sql.close_batch + _sql.closed_batch",
        "tests/db/test_audit_entries.py::test_an_action_has_one_entry_of_its_start_and_one_of_its_end[several]",
    ),
    Mutation(
        "audit log: an action that ends early does so with its entry",
        "src/tallykeep/engine/applying/accounting.py",
        '_sql.end_if_unfinished + ",\\n" + END_ENTRY + _sql.ended',
        "_sql.end_if_unfinished + _sql.ended",
        "tests/db/test_audit_entries.py::test_what_is_canceled_has_both_entries_once",
    ),
    Mutation(
        "audit log: actions that end together do so with their entries",
        "src/tallykeep/engine/applying/joint/accounting.py",
        '_sql.close_jointly + ",\\n" + END_ENTRY + _sql.closed_jointly',
        "_sql.close_jointly + _sql.closed_jointly",
        "tests/db/test_audit_entries.py::test_small_actions_that_end_together_have_their_entries_each",
    ),
    Mutation(
        "audit log: a single write is told",
        "src/tallykeep/api/dependencies/context.py",
        "    done = await work(connection)\n    await _tell(connection, request, caller)\n",
        "    done = await work(connection)\n",
        "tests/http/test_audit_routes.py::test_a_change_leaves_one_entry[PUT /v1/vouchers/{code}]",
    ),
    Mutation(
        "audit log: what was sent before is told once",
        "src/tallykeep/api/routes/resources/campaigns.py",
        "    attempt_of(request).is_done = accepted is None\n",
        "",
        "tests/http/test_audit_routes.py::test_a_submission_that_is_sent_again_changes_nothing",
    ),
    Mutation(
        "audit log: one at a time adds to a chain",
        f"{_TENANTS}/chaining.sql",
        "FOR UPDATE OF chains SKIP LOCKED",
        "",
        "tests/db/test_audit_chain.py::test_a_chain_that_somebody_has_in_hand_is_left_out",
    ),
    Mutation(
        "audit log: an entry that was chained is not chained again",
        f"{_TENANTS}/chainer.py",
        "                dropped = await connection.execute(_sql.drop_chained)\n",
        "                dropped = await connection.execute(_sql.any_pending)\n",
        "tests/db/test_audit_chain.py::test_an_entry_that_is_written_again_after_it_was_chained_is_dropped",
    ),
    Mutation(
        "audit log: a broken chain is in nobody's way",
        f"{_TENANTS}/chainer.py",
        "return after if dropped.rowcount else await _chain_next(connection, after)",
        "return after",
        "tests/db/test_audit_chain.py::test_a_broken_chain_is_neither_continued_nor_in_the_way_of_others",
    ),
    Mutation(
        "audit log: every entry is hashed again",
        f"{_TENANTS}/verify.py",
        'if entry_hash(self._chain["project"], entry, number, self.hash) != bytes(entry["hash"]):',
        "if False:",
        "tests/db/test_audit_chain.py::test_whatever_is_done_to_the_chain_shows",
    ),
    Mutation(
        "audit log: a gap shows",
        f"{_TENANTS}/verify.py",
        "        if number > expected:\n",
        "        if False:\n",
        "tests/db/test_audit_chain.py::test_whatever_is_done_to_the_chain_shows",
    ),
    Mutation(
        "audit log: a chain that is shorter than its anchor shows",
        f"{_TENANTS}/verify.py",
        "return None if self._is_anchored else self._without_anchor()",
        "return None",
        "tests/db/test_audit_chain.py::test_whoever_hashes_everything_anew_is_caught_by_the_anchor",
    ),
    Mutation(
        "audit log: nothing behind an entry that is kept is removed",
        f"{_TENANTS}/retention.sql",
        "bool_and(created_at < statement_timestamp() - :age::interval) OVER (ORDER BY number) AS is_old",
        "created_at < statement_timestamp() - :age::interval AS is_old",
        "tests/db/test_audit_chain.py::test_retention_removes_from_the_old_end_only",
    ),
    Mutation(
        "audit log: the right to remove ends with its transaction",
        f"{_TENANTS}/retention.py",
        "    await connection.execute(_sql.forbid_removing)\n",
        "",
        "tests/db/test_audit_chain.py::test_the_right_to_remove_ends_with_its_transaction",
    ),
    Mutation(
        "audit log: entries are not changed by mistake",
        f"{MIGRATIONS}/0025_audit.sql",
        "REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM PUBLIC, CURRENT_USER;",
        "",
        "tests/db/test_audit_chain.py::test_an_owner_cannot_change_or_delete_entries_by_mistake",
    ),
    Mutation(
        "audit log: refusals that differ are bounded",
        "src/tallykeep/api/auditing/refusals.py",
        "self._different[entry.project_id] >= MAX_DIFFERENT:",
        "False:",
        "tests/unit/test_audit.py::test_a_flood_of_refusals_that_differ_is_bounded_and_counted",
    ),
    Mutation(
        "audit log: what is no key is not kept",
        f"{_TENANTS}/entries.sql",
        "CASE WHEN attempt.project_id IS NOT NULL OR known.project_id IS NOT NULL THEN attempt.key_id END",
        "attempt.key_id",
        "tests/http/test_audit_routes.py::test_what_is_sent_in_place_of_a_key_is_not_kept",
    ),
)
