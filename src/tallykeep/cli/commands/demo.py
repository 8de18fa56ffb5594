"""`tallykeep demo`: a tour on a database of its own that is thrown away afterwards."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.syntax import Syntax

from tallykeep.cli.commands.file_jobs import Wanted, send_files
from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import Connection

_START_SECONDS = 120
_ADDRESS = re.compile(r"http://\S+")
_SHOWN_FAILURES = 3


def demo(
    examples: Annotated[Path, typer.Option(exists=True, file_okay=False, help="The directory of example files.")],
) -> None:
    """Start on an embedded database, import the example files, show the outcome, stop."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="tallykeep-demo-") as directory:
        where = Connection("", "demo-app", secrets.token_urlsafe(24), origin="of the demo")
        console.print("Starting PostgreSQL, API and worker on a throw-away database …")
        server, url = _start(Path(directory), where)
        try:
            _tour(console, replace(where, url=url), examples)
        finally:
            _stop(server)
    console.print("Stopped. Nothing is left behind; [bold]make serve[/bold] starts a server that keeps its data.")


def _start(directory: Path, keys: Connection) -> tuple[subprocess.Popen[str], str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("TALLYKEEP_")}
    env |= {
        "TALLYKEEP_DATA_DIR": str(directory),
        "TALLYKEEP_PORT": "0",
        "TALLYKEEP_APP_ID": str(keys.app_id),
        "TALLYKEEP_APP_TOKEN": str(keys.app_token),
        "TALLYKEEP_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "tallykeep", "serve"]
    server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True)
    match = None
    for line in server.stdout or ():
        if match := _ADDRESS.search(line):
            break
    if match is None:
        _stop(server)
        raise typer.Exit(1)
    return server, match.group()


def _stop(server: subprocess.Popen[str]) -> None:
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(_START_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _tour(console: Console, where: Connection, examples: Path) -> None:
    console.print(f"Serving on {where.url}\n")
    with where.client() as client:
        _define_schema(client, json.loads((examples / "voucher-metadata-schema.json").read_text()))
        send_files(client, [str(file) for file in sorted(examples.glob("*-vouchers.*"))], Wanted("import", None))
        last = client.get("/v1/async-actions", limit=1)["async_actions"][0]["id"]
        action = client.get(f"/v1/async-actions/{last}")
    console.print()
    console.print(f"The last action as the API returns it, GET /v1/async-actions/{last}:")
    failures = action["result"]["failed"]
    if len(failures) > _SHOWN_FAILURES:
        action["result"]["failed"] = [*failures[:_SHOWN_FAILURES], f"… {len(failures) - _SHOWN_FAILURES} more"]
    console.print(
        Syntax(json.dumps(action, indent=2, ensure_ascii=False), "json", background_color="default", word_wrap=True)
    )


def _define_schema(client: Client, schema: dict[str, object]) -> None:
    (project,) = client.get("/management/v1/projects")["data"]
    client.post(f"/management/v1/projects/{project['id']}/metadata-schemas", schema)
