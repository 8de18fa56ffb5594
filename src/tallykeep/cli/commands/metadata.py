"""`tallykeep metadata`: list definitions, and purge keys."""

import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import connected
from tallykeep.cli.kit.exits import EXIT_CODES, InterruptedByUserError, UsageError
from tallykeep.cli.kit.phrases import rows
from tallykeep.cli.kit.progress import Bars
from tallykeep.cli.kit.sending import AsJson, DryRun, NoWait, follow, new_key, see_through
from tallykeep.cli.kit.show import aside, out, plain_table, print_json

cli = typer.Typer(no_args_is_help=True, help="List metadata definitions, and purge keys.")

Resource = Annotated[str, typer.Argument(metavar="RESOURCE", help="voucher, customer, product, order or campaign.")]
MetadataKey = Annotated[str, typer.Argument(metavar="KEY", help="The metadata key.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@cli.command("list")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the definitions of each resource type."""
    answer = client.get("/v1/metadata-schemas")
    if as_json:
        print_json(answer)
        return
    table = plain_table("resource", "key", "type", "")
    for schema in answer["schemas"]:
        for name, definition in schema["properties"].items():
            table.add_row(schema["related_object"], Text(name), definition["type"], _remark(definition))
    out().print(table if table.row_count else "Nothing is defined.")


@cli.command()
@connected
def remove(client: Client, resource: Resource, key: MetadataKey) -> None:
    """Deactivate a definition; resources keep their metadata."""
    client.delete(_path(resource, key))
    out().print(f"  removed; back with: tallykeep metadata restore {resource} {key}", markup=False)


@cli.command()
@connected
def restore(client: Client, resource: Resource, key: MetadataKey) -> None:
    """Activate a removed definition again."""
    client.post(f"{_path(resource, key)}/restore")
    out().print("  restored")


@cli.command(
    help="Remove a key from every resource of a type, for good. It is counted first, and you have to type the key."
    f"\n\n{EXIT_CODES}"
)
@connected
def purge(
    client: Client,
    resource: Resource,
    key: MetadataKey,
    yes: Yes = False,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Run `tallykeep metadata purge`."""
    path = f"{_path(resource, key)}/purge"
    if not dry_run and not yes:
        _confirm(resource, key, _count(client, path))
    query = {"dry_run": True} if dry_run else {}
    started = client.start(path, None, new_key(), **query)
    raise typer.Exit(see_through(client, started, no_wait=no_wait, as_json=as_json, what="this was purged"))


def _count(client: Client, path: str) -> int:
    """Count the resources that have the key, by a dry run."""
    started = client.start(path, None, new_key(), dry_run=True)
    with Bars(aside()) as bars:
        return int(follow(client, bars, started.action_id)["total_count"])


def _confirm(resource: str, key: str, count: int) -> None:
    extent = f"{rows(count).replace('row', resource)}, for good"
    if not sys.stdin.isatty():
        raise UsageError(f"This would remove {key!r} from {extent}; there is no terminal to confirm it: say --yes")
    if typer.prompt(f"This removes {key} from {extent}. Type {key} to continue", err=True) != key:
        raise InterruptedByUserError("That is not the key: nothing was purged.")


def _path(resource: str, key: str) -> str:
    return f"/v1/metadata-schemas/{quote(resource, safe='')}/definitions/{quote(key, safe='')}"


def _remark(definition: dict[str, Any]) -> str:
    remarks = {"optional": "optional", "array": "array", "deleted": "removed"}
    return ", ".join(remark for name, remark in remarks.items() if definition.get(name))
