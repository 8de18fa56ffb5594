"""The rows of files that are imported into a campaign."""

from typing import Any

from tallykeep.resources import cleaning
from tallykeep.resources.cleaning import Cleaner, Problem
from tallykeep.resources.metadata import MetadataChecker
from tallykeep.resources.vouchers.from_csv import normalise_header

_COLUMNS: dict[str, tuple[str, Cleaner]] = {
    "code": ("code", cleaning.key_text),
    "active": ("active", cleaning.boolean),
    "category": ("category", cleaning.text),
    "loyaltypoints": ("loyalty_points", cleaning.cell_whole_number),
    "giftamount": ("gift_amount", cleaning.cell_cents),
    "redeemedquantity": ("redeemed_quantity", cleaning.cell_whole_number),
    "redeemedamount": ("redeemed_amount", cleaning.cell_cents),
    "startdate": ("start_date", cleaning.moment),
    "expirationdate": ("expiration_date", cleaning.moment),
    "additionalinfo": ("additional_info", cleaning.text),
}
# Of the standalone form: here they come from the campaign.
_READ_OVER = {"vouchertype", "discounttype", "discounteffect", "value", "validationruleid", "redemptionlimit"}


def read_cells(header: list[str], cells: list[str], checker: MetadataChecker) -> dict[str, Any]:
    """A row as a JSON voucher; raises Problem with every problem."""
    values: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    problems: list[str] = []
    if any(cell.strip() for cell in cells[len(header) :]):
        problems.append(f"the row has {len(cells)} cells, but the header has {len(header)}")
    for title, cell in zip(header, cells, strict=False):
        stripped, normal = cell.strip(), normalise_header(title)
        if not stripped or normal in _READ_OVER:
            continue
        if normal not in _COLUMNS:
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
    return {**values, "metadata": metadata} if metadata else values
