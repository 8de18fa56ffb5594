"""`tallykeep campaigns`: list campaigns and generate vouchers."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import connected
from tallykeep.cli.kit.exits import EXIT_CODES, UsageError
from tallykeep.cli.kit.phrases import ago
from tallykeep.cli.kit.sending import AsJson, DryRun, Key, NoWait, new_key, see_through
from tallykeep.cli.kit.show import out, plain_table, print_json

cli = typer.Typer(no_args_is_help=True, help="List campaigns and generate vouchers.")

_CODE = "Codes"
Part = Annotated[str | None, typer.Option(rich_help_panel=_CODE, show_default=False)]


def addressed(client: Client, name: str) -> str:
    """Return what a path may call the campaign: its name or id, or its id where a path cannot hold the name."""
    if "/" not in name:
        return name
    matches = client.get("/v1/campaigns", **{"filters[name][conditions][$is]": name})["campaigns"]
    return str(matches[0]["id"]) if matches else name


@cli.command("list")
@connected
def list_(
    client: Client,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 10,
    page: Annotated[int, typer.Option(min=1, max=100, help="Which page.")] = 1,
    as_json: AsJson = False,
) -> None:
    """List campaigns, newest first."""
    answer = client.get("/v1/campaigns", limit=limit, page=page)
    if as_json:
        print_json(answer)
        return
    table = plain_table("name", "type", "vouchers", "created")
    for campaign in answer["campaigns"]:
        count = f"{campaign['vouchers_count']:,}" if campaign.get("vouchers_count") is not None else ""
        table.add_row(Text(campaign["name"]), campaign["campaign_type"], count, ago(campaign["created_at"]))
    out().print(table if answer["campaigns"] else "No campaigns.")


@cli.command(help=f"Generate vouchers for a campaign, and watch it.\n\n{EXIT_CODES}")
@connected
def generate(
    client: Client,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its name or id.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many.")],
    prefix: Part = None,
    postfix: Part = None,
    pattern: Annotated[
        str | None, typer.Option(help="Such as 'FALL-####-####'.", rich_help_panel=_CODE, show_default=False)
    ] = None,
    charset: Part = None,
    length: Annotated[int | None, typer.Option(min=1, rich_help_panel=_CODE, show_default=False)] = None,
    category: Annotated[str | None, typer.Option(help="The vouchers' category.", show_default=False)] = None,
    metadata: Annotated[
        list[str] | None, typer.Option("--metadata", help="'key=value', a text; repeat as needed.")
    ] = None,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    idempotency_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Run `tallykeep campaigns generate`."""
    rule = {"prefix": prefix, "postfix": postfix, "pattern": pattern, "charset": charset, "length": length}
    body = _without_empty({"code_config": _without_empty(rule), "category": category, "metadata": _pairs(metadata)})
    path = f"/v1/campaigns/{quote(addressed(client, campaign), safe='')}/vouchers"
    if count == 1:
        _one(client, path, body, dry_run=dry_run, key=idempotency_key, as_json=as_json)
        return
    query = {"vouchers_count": count, **({"dry_run": True} if dry_run else {})}
    started = client.start(path, body, idempotency_key or new_key(), **query)
    raise typer.Exit(see_through(client, started, no_wait=no_wait, as_json=as_json, what="these were generated"))


def _one(client: Client, path: str, body: dict[str, Any], *, dry_run: bool, key: str | None, as_json: bool) -> None:
    """Generate a single voucher, which takes no action; raises UsageError for options that need one."""
    if dry_run or key:
        raise UsageError("--dry-run and --idempotency-key go with more than one voucher")
    voucher = client.post(path, body)
    if as_json:
        print_json(voucher)
    else:
        out().print(Text.assemble("  generated ", (voucher["code"], "bold")))


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, {})}


def _pairs(options: list[str] | None) -> dict[str, str]:
    pairs = {}
    for pair in options or []:
        name, character, value = pair.partition("=")
        if not character or not name:
            raise UsageError(f"--metadata {pair!r} should be 'key=value'")
        pairs[name] = value
    return pairs
