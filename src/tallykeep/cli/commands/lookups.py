"""`tallykeep template`: empty files to fill in."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import connected
from tallykeep.cli.kit.exits import UsageError
from tallykeep.cli.kit.row_types import IMPORTED
from tallykeep.cli.kit.sending import write_file
from tallykeep.cli.kit.show import aside, command
from tallykeep.formats.csv.writer import BYTE_ORDER_MARK

_NO_COLUMNS = "orders"
_ORDER = '{"source_id": "order-1", "status": "PAID", "amount": 1450, "customer": {"source_id": "customer-1"}}'


def _row_types(incomplete: str) -> list[str]:
    return [row_type for row_type in IMPORTED if row_type.startswith(incomplete)]


@connected
def template(
    client: Client,
    row_type: Annotated[str, typer.Argument(metavar="ROW_TYPE", help=", ".join(IMPORTED), autocompletion=_row_types)],
    to: Annotated[
        Path | None, typer.Option("--to", dir_okay=False, help="A file; standard output, if left out.")
    ] = None,
) -> None:
    """Get an empty CSV file with the right header; further columns become metadata."""
    if row_type == _NO_COLUMNS:
        raise UsageError(f"Orders come as JSON or NDJSON, not in columns; an order, on one line:\n{_ORDER}")
    content = client.text(f"/v1/templates/csv/{quote(row_type, safe='')}")
    if to is None:
        typer.echo(content.removeprefix(BYTE_ORDER_MARK), nl=False)
        return
    if to.exists():
        raise UsageError(f"{to} already exists; choose another name")
    write_file(to, iter([content.encode()]))
    aside().print(f"Fill it in, then: {command('import', row_type, str(to))}", markup=False)
