"""Commands that pages, messages and documents name are commands that there are."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from tallykeep.cli.main import Roles, make_cli

ROOT = Path(__file__).parents[2]
_PATTERNS = ("src/tallykeep/**/*.py", "src/tallykeep/**/*.html", "src/tallykeep/**/*.js", "docs/**/*.md", "README.md")
# Where a command begins: in code, or behind a colon and before the end of a message.
_NAMED = re.compile(r"(?:[`>/]|: )tallykeep ((?:[a-z-]+ ?){1,2})")
_COMMANDS: Any = typer.main.get_command(make_cli(Roles(**{field.name: int for field in fields(Roles)})))


def named_commands() -> list[tuple[str, str]]:
    files = [path for pattern in _PATTERNS for path in ROOT.glob(pattern)]
    return [
        (str(path.relative_to(ROOT)), command.strip())
        for path in sorted(files)
        for command in dict.fromkeys(_NAMED.findall(path.read_text()))
    ]


@pytest.mark.parametrize(("path", "words"), named_commands())
def test_it_is_a_command(path: str, words: str) -> None:
    command: Any = _COMMANDS
    for word in words.split():
        if word.startswith("-"):
            break
        if not hasattr(command, "commands"):
            break  # a command's own arguments
        assert word in command.commands, f"{path} names `tallykeep {words}`"
        command = command.commands[word]


def test_the_sign_in_page_names_what_makes_keys_where_all_are_lost() -> None:
    assert ("src/tallykeep/dashboard/pages/sign_in/sign_in.html", "keys recover") in named_commands()
