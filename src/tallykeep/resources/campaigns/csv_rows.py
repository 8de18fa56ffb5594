"""The rows of files that are imported into a campaign."""

from typing import Any

from tallykeep.formats.csv.titles import normal_title, wrong_width
from tallykeep.resources.fields import numerals
from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields import validators as cleaning
from tallykeep.resources.fields.numerals import NO_MARKS, Marks, marked
from tallykeep.resources.fields.validators import Cleaner, Problem
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import take

_FIELDS: dict[str, tuple[str, Cleaner]] = {
    "Code": ("code", cleaning.key_text),
    "Active": ("active", spellings.boolean),
    "Category": ("category", cleaning.text),
    "Loyalty Points": ("loyalty_points", numerals.whole_number),
    "Gift Amount": ("gift_amount", numerals.cents),
    "Redemption Limit": ("redemption_limit", numerals.whole_number),
    "Redeemed Quantity": ("redeemed_quantity", numerals.whole_number),
    "Redeemed Amount": ("redeemed_amount", numerals.cents),
    "Start Date": ("start_date", spellings.timestamp),
    "Expiration Date": ("expiration_date", spellings.timestamp),
    "Additional Info": ("additional_info", cleaning.text),
}
TITLES = tuple(_FIELDS)
_COLUMNS = {normal_title(title): column for title, column in _FIELDS.items()}
# Of the standalone form: here they come from the campaign.
READ_OVER = {"vouchertype", "discounttype", "discounteffect", "value", "validationruleid"}


_LAST_TIMESTAMP = spellings.last_timestamp
# Where a file says what a voucher is worth.
WORTH_TITLES = {"loyalty_card": "Loyalty Points", "gift": "Gift Amount"}


def read_cells(
    header: list[str],
    cells: list[str],
    checker: MetadataChecker,
    *,
    marks: Marks = NO_MARKS,
    last_day_counts: bool = False,
) -> dict[str, Any]:
    """A row as a JSON voucher; raises Problem with every problem."""
    values: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    problems: list[str] = []
    if any(cell.strip() for cell in cells[len(header) :]):
        problems.append(wrong_width(len(cells), len(header)))
    for number, (title, cell) in enumerate(zip(header, cells, strict=False), 1):
        stripped, normal = cell.strip(), normal_title(title)
        if not stripped or normal in READ_OVER:
            continue
        if not normal:
            problems.append(f"column {number} has a value, but no name in the header")
        elif normal not in _COLUMNS:
            read = checker.from_cell(title, marks.get(title))
            take(metadata, problems, title, None if stripped == "null" else cell, read)
            metadata.setdefault(title)
        elif stripped != "null":
            name, clean = _COLUMNS[normal]
            read = _LAST_TIMESTAMP if name == "expiration_date" and last_day_counts else marked(clean, marks.get(title))
            take(values, problems, name, stripped, read, label=title)
    if problems:
        raise Problem("; ".join(problems))
    return _shaped(values, metadata)


def _shaped(values: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    points, amount = values.pop("loyalty_points", None), values.pop("gift_amount", None)
    if points is not None:
        values["loyalty_card"] = {"points": points}
    if amount is not None:
        values["gift"] = {"amount": amount}
    if "redemption_limit" in values:
        values["redemption"] = {"quantity": values.pop("redemption_limit")}
    values.setdefault("code", "")
    return {**values, "metadata": metadata} if metadata else values
