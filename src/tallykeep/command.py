"""The `tallykeep` command. What serves is imported when it is run: most commands only ask a server elsewhere."""

from importlib import import_module
from typing import Any

from tallykeep.cli.main import Role, Roles, make_cli

_SERVED_BY = "tallykeep.app"


def main() -> None:
    """Run the command line."""
    roles = {name: _later(name) for name in ("serve", "api", "worker", "recover_keys")}
    make_cli(Roles(**roles, apply_alone=_later("try_alone")))(prog_name="tallykeep")


def _later(name: str) -> Role:
    def run(*given: Any) -> int:
        role: Role = getattr(import_module(_SERVED_BY), name)
        return role(*given)

    return run
