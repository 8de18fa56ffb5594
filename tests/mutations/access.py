"""Access: what routes ask for, how long keys and tokens are valid, and what keys may do to each other."""

from tests.mutations.mutation import Mutation

EVERY_ROUTE = "tests/http/test_every_route.py"
ACCESS = "tests/db/test_access.py"

MUTATIONS = (
    Mutation(
        "a route that declares nothing is not served",
        "src/tallykeep/api/dependencies/auth.py",
        '            raise RuntimeError(f"{route}: {error}") from None\n',
        "            continue\n",
        "tests/unit/test_permissions.py"
        "::test_a_route_that_does_not_say_what_it_needs_or_does_not_ask_for_it_is_not_served",
    ),
    Mutation(
        "what a route declares is asked for",
        "src/tallykeep/api/dependencies/auth.py",
        "    if need.permission is not None and need.permission not in grant.permissions:\n",
        "    if False:\n",
        f"{EVERY_ROUTE}::test_each_role[reader]",
    ),
    Mutation(
        "hot routes ask for what they declare",
        "src/tallykeep/api/hot_routes.py",
        "        self._one_action = _need(one_action)\n",
        "        self._one_action = Need(None)\n",
        f"{EVERY_ROUTE}::test_each_scope_and_all_but_each[async-actions.read]",
    ),
    Mutation(
        "keys and a token at once are refused",
        "src/tallykeep/api/dependencies/credentials.py",
        "    if shown[4] is not None and any(shown[:4]):\n",
        "    if False:\n",
        f"{EVERY_ROUTE}::test_who_shows_nothing_or_the_wrong_thing",
    ),
    Mutation(
        "a retry takes the permission to submit",
        "src/tallykeep/api/routes/actions/control.py",
        "    require(caller, submits(parent.action_type))\n",
        "",
        f"{EVERY_ROUTE}::test_what_takes_a_second_permission",
    ),
    Mutation(
        "a list as a file takes the permission to see the list",
        "src/tallykeep/api/routes/exports.py",
        "    require(caller, reads(row_type))\n",
        "",
        f"{EVERY_ROUTE}::test_what_takes_a_second_permission",
    ),
    Mutation(
        "an expired key is none",
        "src/tallykeep/tenants/authenticate.sql",
        " AND (expires_at IS NULL OR expires_at > statement_timestamp())\n\n-- name: find_token",
        "\n\n-- name: find_token",
        f"{EVERY_ROUTE}::test_expired_and_revoked_keys_and_their_tokens",
    ),
    Mutation(
        "a token dies with its key",
        "src/tallykeep/tenants/authenticate.sql",
        "    AND revoked_at IS NULL AND (api_keys.expires_at IS NULL",
        "    AND (api_keys.expires_at IS NULL",
        f"{ACCESS}::test_a_key_that_was_revoked_meanwhile_is_given_no_token",
    ),
    Mutation(
        "a token has no more than its key has now",
        "src/tallykeep/tenants/authenticate.py",
        'permissions_of(row["role"], row["scopes"], row["token_scopes"])',
        'permissions_of(row["role"], row["token_scopes"])',
        "tests/http/test_oauth.py::test_a_token_has_what_its_scope_and_its_key_have",
    ),
    Mutation(
        "a stream sends nothing more once its token is revoked",
        "src/tallykeep/api/routes/actions/wait.py",
        "    if watch.ended and await is_still_admitted(request, context):\n",
        "    if watch.ended:\n",
        "tests/http/test_oauth.py::test_a_stream_sends_nothing_more_once_its_token_is_revoked",
    ),
    Mutation(
        "nothing is remembered of a key beyond its end",
        "src/tallykeep/api/dependencies/key_cache.py",
        "min(_SECONDS, known.seconds)",
        "_SECONDS",
        "tests/unit/test_key_cache.py::test_nothing_is_remembered_beyond_its_end",
    ),
    Mutation(
        "a key works from its addresses alone",
        "src/tallykeep/api/dependencies/auth.py",
        "    if grant.networks and not is_within(grant.networks, address):\n",
        "    if False:\n",
        "tests/http/test_keys.py::test_a_key_works_from_its_addresses_alone",
    ),
    Mutation(
        "no key gives what it lacks",
        "src/tallykeep/tenants/keys.py",
        "    if beyond:\n",
        "    if False:\n",
        "tests/http/test_keys.py::test_nobody_gives_what_they_lack",
    ),
    Mutation(
        "no key gives a longer life than its own",
        "src/tallykeep/tenants/keys.py",
        '    if own["expires_at"] is not None and (',
        "    if False and (",
        "tests/http/test_keys.py::test_nobody_gives_more_addresses_or_time_than_they_have",
    ),
    Mutation(
        "application keys do not manage management keys",
        "src/tallykeep/tenants/keys.py",
        '    if kind == "management" and caller.key_kind != "management":\n',
        "    if False:\n",
        "tests/http/test_keys.py::test_application_keys_do_not_manage_management_keys",
    ),
    Mutation(
        "who changes keys is looked at again behind the lock",
        "src/tallykeep/tenants/keys.py",
        '    if Permission.KEYS_MANAGE not in permissions_of(own[0]["role"], own[0]["scopes"]):\n',
        "    if False:\n",
        f"{ACCESS}::test_of_two_that_end_each_other_the_second_finds_itself_ended",
    ),
    Mutation(
        "tokens are counted one after another",
        "src/tallykeep/tenants/tokens.py",
        "    await connection.execute(_sql.lock_project, params)\n",
        "",
        f"{ACCESS}::test_who_asks_for_a_token_counts_those_that_are_given_at_the_same_time",
    ),
    Mutation(
        "a token of OAuth makes no keys",
        "src/tallykeep/tenants/keys.py",
        "    if caller.grant.token_id is not None:\n",
        "    if False:\n",
        f"{ACCESS}::test_no_key_exceeds_its_maker",
    ),
    Mutation(
        "a key leaves tokens to the others of its project",
        "src/tallykeep/tenants/tokens.py",
        '    if live["of_key"] >= MAX_TOKENS_OF_KEY:\n',
        "    if False:\n",
        f"{ACCESS}::test_one_key_leaves_tokens_to_the_others",
    ),
)
