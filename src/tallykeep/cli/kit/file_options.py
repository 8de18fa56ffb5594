"""The options that say how a file is to be read: its columns, its cells, and the file itself."""

import json
from typing import Annotated, Any

import typer

from tallykeep.cli.kit.exits import UsageError

Campaign = Annotated[str | None, typer.Option("--campaign", help="The campaign to import into, by name or id.")]
Named = Annotated[
    list[str] | None, typer.Option("--map", help="Read a column by another title: 'Gutschein=Code'. Repeat as needed.")
]
Skipped = Annotated[list[str] | None, typer.Option("--skip", help="A column to leave out. Repeat as needed.")]
Defaults = Annotated[
    list[str] | None,
    typer.Option(
        "--default", help="A text for cells that are empty or whose column is missing: 'Discount Type=PERCENT'."
    ),
]
Values = Annotated[
    list[str] | None,
    typer.Option("--value", help="What a text in the file means: 'Voucher Type:Gutschein=GIFT_VOUCHER'."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Take what was detected, even where that is not certain.")]


def mapping_of(named: list[str] | None, skipped: list[str] | None) -> dict[str, str | None]:
    """Return columns by their new titles, None to skip them; raises UsageError."""
    mapping: dict[str, str | None] = dict.fromkeys(skipped or [])
    for pair in named or []:
        column, character, title = pair.rpartition("=")
        if not character or not column.strip() or not title.strip():
            raise UsageError(f"--map {pair!r} should be 'Title=name', such as 'Gutschein=Code'")
        mapping[column] = title
    return mapping


def parameters_of(submission_options: dict[str, Any]) -> dict[str, Any]:
    """Return the submission options that are set, as parameters of a request."""
    present = {name: value for name, value in submission_options.items() if value not in (None, {})}
    return {name: json.dumps(value) if isinstance(value, dict) else value for name, value in present.items()}


def as_options(options: dict[str, Any]) -> list[str]:
    """Return options as they are typed on a command line, without those that are not set."""
    words: list[str] = []
    for name, value in options.items():
        if value is True:
            words.append(f"--{name}")
        elif isinstance(value, list):
            words += [word for each in value for word in (f"--{name}", each)]
        elif value is not None and value is not False:
            words += [f"--{name}", str(value)]
    return words


def defaults_of(pairs: list[str] | None) -> dict[str, str]:
    """Return texts for empty cells, by field; raises UsageError."""
    defaults: dict[str, str] = {}
    for pair in pairs or []:
        title, character, text = pair.partition("=")
        if not character or not title.strip() or not text.strip():
            raise UsageError(f"--default {pair!r} should be 'Title=text', such as 'Discount Type=PERCENT'")
        defaults[title.strip()] = text.strip()
    return defaults


def values_of(rules: list[str] | None) -> dict[str, dict[str, str]]:
    """Return what texts of the file mean, by field; raises UsageError."""
    values: dict[str, dict[str, str]] = {}
    for each in rules or []:
        title, colon, pair = each.partition(":")
        text, character, meant = pair.rpartition("=")
        if not colon or not character or not title.strip() or not text.strip():
            raise UsageError(
                f"--value {each!r} should be 'Title:text=meaning', such as 'Voucher Type:Gutschein=GIFT_VOUCHER'"
            )
        values.setdefault(title.strip(), {})[text.strip()] = meant.strip()
    return values
