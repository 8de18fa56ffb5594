"""Commands as users run them: piped, or in a terminal, against a really running server."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.forking import run_forked
from tests.server import Api
from tests.terminal import Terminal

COMMAND = [sys.executable, "-m", "tallykeep"]
_MAX_SECONDS = 120
EXAMPLES = Path(__file__).parents[2] / "examples"


def environment(api: Api | None, **variables: str) -> dict[str, str]:
    """Nothing of who runs the tests but what is needed; with a project's keys where there is an `api`."""
    kept = ("PYTHONPATH", "LANG", "HOME", "XDG_CONFIG_HOME")
    env = {"PATH": "/usr/bin:/bin", **{name: os.environ[name] for name in kept if name in os.environ}}
    if api is not None:
        env |= {"TALLYKEEP_URL": api.url}
        env |= {"TALLYKEEP_APP_ID": api.keys.app_id, "TALLYKEEP_APP_TOKEN": api.keys.app_token}
    return env | variables


def run(
    api: Api | None, *words: str, stdin: bytes | None = None, cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with its output piped."""
    env = environment(api, **variables)
    code, output, errors = run_forked(words, env, cwd or Path.cwd(), stdin, _MAX_SECONDS)
    return subprocess.CompletedProcess(words, code, output, errors)


def in_terminal(
    api: Api | None, *words: str, columns: int = 80, lines: int = 40, cwd: Path | None = None, **variables: str
) -> Terminal:
    """Run a command in a terminal."""
    return Terminal([*COMMAND, *words], environment(api, **variables), columns=columns, lines=lines, cwd=cwd)
