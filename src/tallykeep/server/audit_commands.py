"""Commands on the audit log that need the database itself."""

import json
import sys
from dataclasses import asdict

from tallykeep.core.errors import DatabaseUnavailableError, TallykeepError
from tallykeep.core.settings import Settings
from tallykeep.db.connections.session import connect
from tallykeep.db.migrate import migrate
from tallykeep.server.database import find_database
from tallykeep.tenants.audit.verify import Anchor, BadAnchorError, Verdict, verify

_SERVER = "(no project)"
_BROKEN, _USAGE, _UNAVAILABLE = 1, 2, 4  # exit codes, as those of the command line


def verify_audit(settings: Settings, project: str | None, anchor: str | None, as_json: bool) -> int:
    """Verify the chains of the audit log and show their anchors; return 1 only where one does not hold."""
    try:
        verdicts = _verdicts(settings, project, anchor)
    except TallykeepError as error:
        sys.stderr.write(f"tallykeep: {error}\n")
        return _UNAVAILABLE if isinstance(error, DatabaseUnavailableError) else _USAGE
    if as_json:
        shown = json.dumps([{**asdict(each), "anchor": each.anchor} for each in verdicts], indent=2)
    else:
        shown = "\n".join(map(_described, verdicts)) or "The audit log is empty."
    sys.stdout.write(f"{shown}\n")
    return _BROKEN if any(verdict.problem for verdict in verdicts) else 0


def _verdicts(settings: Settings, project: str | None, anchor: str | None) -> list[Verdict]:
    known = Anchor.read(anchor) if anchor else None
    if known is not None and project is None:
        raise BadAnchorError("An anchor is of one project; say which with --project")
    database_url = find_database(settings)
    migrate(database_url)
    with connect(database_url) as connection:
        return list(verify(connection, project, known))


def _described(verdict: Verdict) -> str:
    of = verdict.project or _SERVER
    if verdict.problem:
        entry = f" ({verdict.entry_id})" if verdict.entry_id else ""
        fits = f"; those from {verdict.first} to {verdict.last} fit" if verdict.last >= verdict.first else ""
        return f"{of}  BROKEN: {verdict.problem}{entry}{fits}"
    pending = f", {verdict.pending} more not chained yet" if verdict.pending else ""
    count = verdict.last - verdict.first + 1
    removed = f", {verdict.first - 1} before them were removed for their age" if verdict.first > 1 else ""
    entries = f"{count} {'entry fits' if count == 1 else 'entries fit'}{removed}{pending}"
    return f"{of}  {entries}\n  anchor {verdict.anchor}"
