"""The rows of files that are imported into a campaign."""

from typing import Any

from tallykeep.model import normal_title, wrong_width
from tallykeep.resources import cleaning, spellings
from tallykeep.resources.cleaning import Cleaner, Problem
from tallykeep.resources.metadata import MetadataChecker

_FIELDS: dict[str, tuple[str, Cleaner]] = {
    "Code": ("code", cleaning.key_text),
    "Active": ("active", spellings.boolean),
    "Category": ("category", cleaning.text),
    "Loyalty Points": ("loyalty_points", spellings.whole_number),
    "Gift Amount": ("gift_amount", spellings.cents),
    "Redemption Limit": ("redemption_limit", spellings.whole_number),
    "Redeemed Quantity": ("redeemed_quantity", spellings.whole_number),
    "Redeemed Amount": ("redeemed_amount", spellings.cents),
    "Start Date": ("start_date", spellings.moment),
    "Expiration Date": ("expiration_date", spellings.moment),
    "Additional Info": ("additional_info", cleaning.text),
}
TITLES = tuple(_FIELDS)
_COLUMNS = {normal_title(title): column for title, column in _FIELDS.items()}
# Of the standalone form: here they come from the campaign.
READ_OVER = {"vouchertype", "discounttype", "discounteffect", "value", "validationruleid"}


# Where a file says what a voucher is worth.
WORTH_TITLES = {"loyalty_card": "Loyalty Points", "gift": "Gift Amount"}


def read_cells(header: list[str], cells: list[str], checker: MetadataChecker) -> dict[str, Any]:
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
            metadata[title] = None if stripped == "null" else checker.from_cell(title)(cell)
        elif stripped != "null":
            name, clean = _COLUMNS[normal]
            try:
                values[name] = clean(stripped)
            except Problem as problem:
                problems.append(f"{title}: {problem}")
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
