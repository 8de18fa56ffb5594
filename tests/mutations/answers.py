"""What answers, links, files and logs give away."""

from tests.mutations.mutation import Mutation

SAFE = "tests/http/test_safe_answers.py"
ANSWERS = "src/tallykeep/api/transport/safe_answers.py"
LOGS = "tests/unit/test_logs.py"

MUTATIONS = (
    Mutation(
        "every answer carries the headers of the table",
        ANSWERS,
        '            message["headers"] = _safe(message["headers"], added)\n',
        "",
        f"{SAFE}::test_every_route_protects_its_answers",
    ),
    Mutation(
        "what has an entity tag may be kept and asked for again",
        ANSWERS,
        'if name == b"etag":',
        "if False:",
        f"{SAFE}::test_what_has_an_entity_tag_may_be_kept_and_asked_for_again",
    ),
    Mutation(
        "what is refused before it is a request is protected too",
        "src/tallykeep/api/transport/http_protocol.py",
        "head + HEAD + retry",
        "head + retry",
        f"{SAFE}::test_what_is_refused_before_it_is_a_request_is_protected_too",
    ),
    Mutation(
        "redirects name a path only",
        ANSWERS,
        "_REDIRECTS = frozenset({301, 302, 303, 307, 308})",
        "_REDIRECTS = frozenset()",
        f"{SAFE}::test_no_redirect_leads_where_the_client_said_that_we_are",
    ),
    Mutation(
        "nobody is believed who is no trusted proxy",
        "src/tallykeep/server/api_process.py",
        "        proxy_headers=settings.trusted_proxies is not None,\n"
        "        forwarded_allow_ips=list(settings.trusted_proxies or ()),\n",
        "",
        f"{SAFE}::test_nobody_is_believed_who_says_that_it_came_by_tls",
    ),
    Mutation(
        "hosts that are not trusted are refused",
        ANSWERS,
        "if not self.hosts.trusts_all and ",
        "if False and ",
        f"{SAFE}::test_hosts_that_are_not_ours_are_refused",
    ),
    Mutation(
        "closed paths are not there",
        ANSWERS,
        "if is_closed(path, self.closed_paths):",
        "if False:",
        f"{SAFE}::test_closed_paths_are_not_there",
    ),
    Mutation(
        "links begin with the public URL",
        "src/tallykeep/api/dependencies/context.py",
        'f"{self.settings.public_url}/" if self.settings.public_url else str(request.base_url)',
        "str(request.base_url)",
        f"{SAFE}::test_links_begin_with_the_public_url",
    ),
    Mutation(
        "a link to a report ends with the key that got it",
        "src/tallykeep/engine/downloads/report_files.py",
        "    if not await is_key_valid(",
        "    if False and not await is_key_valid(",
        "tests/http/test_report_links.py::test_a_link_ends_with_the_key_that_got_it",
    ),
    Mutation(
        "no cell of a file for a spreadsheet is a formula",
        "src/tallykeep/formats/csv/formulas.py",
        'return _FORMULA.sub("\'", str(cell))',
        "return str(cell)",
        "tests/unit/test_formulas.py::test_no_cell_is_a_formula_whatever_separates_cells",
    ),
    Mutation(
        "texts of errors that may hold values are not logged",
        "src/tallykeep/core/logs/failures.py",
        '    return "" if not str(error) else None\n',
        "    return str(error)\n",
        f"{LOGS}::test_texts_of_errors_that_may_hold_values_are_left_out",
    ),
    Mutation(
        "of what the database refuses the row is not logged",
        "src/tallykeep/core/logs/failures.py",
        "    if error.sqlstate.startswith(_WITH_VALUES):\n        return None\n",
        "",
        "tests/db/test_log_reasons.py::test_what_the_database_refuses_is_said_without_the_row",
    ),
    Mutation(
        "credentials are taken out of every line of a log",
        "src/tallykeep/core/logs/configuring.py",
        "        redact,\n",
        "",
        f"{LOGS}::test_loggers_of_libraries_are_held_to_it",
    ),
    Mutation(
        "PostgreSQL's own log holds no rows",
        "src/tallykeep/db/embedded.py",
        '            "log_min_messages": "log",\n            "log_error_verbosity": "terse",\n',
        "",
        "tests/http/test_logs_keep_secrets.py::test_marked_secrets_and_rows_are_in_no_log",
    ),
    Mutation(
        "copies for a spreadsheet are taken by no door",
        "src/tallykeep/formats/csv/header.py",
        "    refuse_copy(names)\n",
        "",
        "tests/http/test_spreadsheet_files.py::test_a_copy_is_taken_by_no_door",
    ),
)
