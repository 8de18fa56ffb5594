"""The `tallykeep` command. Each role is imported when it is run: most commands only ask a server elsewhere."""

import gc
from importlib import import_module
from types import ModuleType
from typing import Any

from tallykeep.cli.main import Role, Roles, make_cli


def main() -> None:
    """Run the command line."""
    roles = Roles(
        serve=_later("serve_command", "serve"),
        api=_later("api_process", "api"),
        worker=_later("worker_process", "worker"),
        try_isolated=_later("worker_process", "try_isolated"),
        show_database=_later("database_commands", "show_database"),
        migrate_database=_later("database_commands", "migrate_database"),
        prompt_database=_later("database_commands", "prompt_database"),
        recover_keys=_later("database_commands", "recover_keys"),
        verify_audit=_later("audit_commands", "verify_audit"),
    )
    make_cli(roles)(prog_name="tallykeep")


def _later(module: str, name: str) -> Role:
    def run(*arguments: Any) -> int:
        role: Role = getattr(_imported(module), name)
        return role(*arguments)

    return run


def _imported(module: str) -> ModuleType:
    """Import a module of this package without looking for cycles: what is imported stays, and is never looked at again.

    To look for them takes an eighth of the time that a role needs to start.
    """
    gc.disable()
    imported = import_module(f"tallykeep.server.{module}")
    gc.freeze()
    gc.enable()
    return imported
