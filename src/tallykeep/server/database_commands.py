"""Commands on the database itself: its schema, a prompt, further keys."""

import json
import sys
from dataclasses import asdict

from tallykeep.core.settings import Settings
from tallykeep.db.migrate import current_revision, migrate, newest_revision
from tallykeep.db.upkeep import database_status, open_prompt, why_unsupported
from tallykeep.server.database import find_database
from tallykeep.server.greeting import shown_keys
from tallykeep.tenants.projects import add_keys_to_first_project


def show_database(settings: Settings, as_json: bool) -> int:
    """Show the state of the database; return 1 if its schema is not this version's."""
    status = database_status(find_database(settings))
    if as_json:
        shown = json.dumps({**asdict(status), "up_to_date": status.is_current, "todo": status.todo}, indent=2)
    else:
        state = "up to date" if status.is_current else "not this version's"
        size = f"{status.size_bytes / 1e6:,.1f} MB"
        shown = f"PostgreSQL {status.version} at {status.where}, {size}; its schema is at"
        shown += f" {status.revision or 'nothing'}, {state}"
        shown += f": {status.todo}" if status.todo else ""
    sys.stdout.write(f"{shown}\n")
    return 0 if status.is_current else 1


def migrate_database(settings: Settings) -> int:
    """Bring the schema up to date, as every start does."""
    database_url = find_database(settings)
    before = current_revision(database_url)
    migrate(database_url)
    came_from = "it was there already" if before == newest_revision() else f"it was at {before or 'nothing'}"
    sys.stdout.write(f"The schema is at {newest_revision()}; {came_from}\n")
    return 0


def prompt_database(settings: Settings) -> int:
    """Become psql on the database; one that this version does not work with is warned of."""
    database_url = find_database(settings)
    if reason := why_unsupported(database_url):
        sys.stderr.write(f"tallykeep: {reason}\n")
    open_prompt(database_url, embedded=settings.database_url is None)
    return 1


def recover_keys(settings: Settings) -> int:
    """Create additional keys for the first project and show them: the way back in after keys were lost."""
    database_url = find_database(settings)
    migrate(database_url)
    keys = add_keys_to_first_project(database_url)
    sys.stdout.write(shown_keys(keys, Settings.model_construct(), heading="These keys are shown this once:"))
    return 0
