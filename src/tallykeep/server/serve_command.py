"""`tallykeep serve`: all roles."""

from tallykeep.core.logs import configuring as log
from tallykeep.core.settings import Settings
from tallykeep.server.database import prepare_database
from tallykeep.server.short_tokens import require_long_tokens
from tallykeep.server.supervisor import Supervisor


def serve(settings: Settings) -> int:
    """Run all roles until told to stop; returns the exit code."""
    log.configure(settings)
    require_long_tokens(settings)
    return Supervisor(settings, prepare_database=prepare_database).run()
