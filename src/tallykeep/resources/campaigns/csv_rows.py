"""The rows of files that are imported into a campaign."""

from typing import Any

from tallykeep.formats.csv.titles import normal_title, wrong_width
from tallykeep.resources.fields import numerals
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.numerals import NO_MARKS, Marks
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import take
from tallykeep.resources.vouchers.fields import BY_NAME, IN_FILES

_POINTS = Field(
    name="loyalty_points",
    titles=("Loyalty Points",),
    shape="number",
    clean_cell=numerals.integer,
    synonyms=(
        "points", "point balance", "loyalty balance", "punkte", "treuepunkte", "punkty", "punkty lojalnościowe",
        "points de fidélité", "puntos", "puntos de fidelidad",
    ),
)  # fmt: skip
_AMOUNT = Field(
    name="gift_amount",
    titles=("Gift Amount",),
    shape="number",
    clean_cell=numerals.cents,
    synonyms=(
        "gift", "gift value", "amount", "balance", "gift balance", "guthaben", "betrag", "geschenkbetrag", "kwota",
        "saldo", "montant", "solde", "importe",
    ),
)  # fmt: skip
# Of the standalone form: here they come from the campaign.
_OF_CAMPAIGN = ("type", "value", "discount_type", "discount_effect", "validation_rule")
IGNORED = {normal_title(BY_NAME[name].title) for name in _OF_CAMPAIGN}
# In the order of the reference API's template, and behind them whatever else vouchers have in files.
_FIRST = (
    *map(BY_NAME.__getitem__, ("code", "active", "category")),
    _POINTS,
    _AMOUNT,
    *map(BY_NAME.__getitem__, ("redemption_quantity", "redeemed_quantity", "redeemed_amount")),
    *map(BY_NAME.__getitem__, ("start_date", "expiration_date")),
)
FIELDS = (
    *_FIRST,
    *(field for field in IN_FILES if field not in _FIRST and field.name not in _OF_CAMPAIGN),
)
# As they are read where the last day counts, and where it does not.
BY_TITLE = {
    counts: {normal_title(title): field.counting_last_day(counts) for field in FIELDS for title in field.titles}
    for counts in (True, False)
}
# Where a file says what a voucher is worth; by the field's name, the object and its member.
WORTH_TITLES = {"loyalty_card": _POINTS.title, "gift": _AMOUNT.title}
WORTH_FIELDS = {_POINTS.name: ("loyalty_card", "points"), _AMOUNT.name: ("gift", "amount")}


def read_cells(
    header: list[str],
    cells: list[str],
    checker: MetadataChecker,
    *,
    marks: Marks = NO_MARKS,
    last_day_counts: bool = False,
) -> dict[str, Any]:
    """Read a row as a JSON voucher; raises Problem with every problem."""
    values: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    problems: list[str] = []
    by_title = BY_TITLE[last_day_counts]
    if any(cell.strip() for cell in cells[len(header) :]):
        problems.append(wrong_width(len(cells), len(header)))
    for number, (title, cell) in enumerate(zip(header, cells, strict=False), 1):
        stripped, normal = cell.strip(), normal_title(title)
        if not stripped or normal in IGNORED:
            continue
        if not normal:
            problems.append(f"column {number} has a value, but no name in the header")
        elif normal not in by_title:
            read = checker.from_cell(title, marks.get(title))
            take(metadata, problems, title, None if stripped == "null" else cell, read)
            metadata.setdefault(title)
        elif stripped != "null":
            field = by_title[normal]
            read = numerals.marked(field.clean_cell, marks.get(title))
            take(values, problems, field.column_name, stripped, read, label=title)
    if problems:
        raise Problem("; ".join(problems))
    return _shaped(values, metadata)


def _shaped(values: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    points, amount = values.pop("loyalty_points", None), values.pop("gift_amount", None)
    if points is not None:
        values["loyalty_card"] = {"points": points}
    if amount is not None:
        values["gift"] = {"amount": amount}
    if "redemption_quantity" in values:
        values["redemption"] = {"quantity": values.pop("redemption_quantity")}
    values.setdefault("code", "")
    return {**values, "metadata": metadata} if metadata else values
