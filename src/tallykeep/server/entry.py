"""The `tallykeep` command. What serves is imported when it is run: most commands only ask a server elsewhere."""

from dataclasses import fields
from importlib import import_module
from typing import Any

from tallykeep.cli.main import Role, Roles, make_cli

_SERVED_BY = "tallykeep.server.app"


def main() -> None:
    """Run the command line."""
    make_cli(Roles(**{field.name: _later(field.name) for field in fields(Roles)}))(prog_name="tallykeep")


def _later(name: str) -> Role:
    def run(*arguments: Any) -> int:
        role: Role = getattr(import_module(_SERVED_BY), name)
        return role(*arguments)

    return run
