"""What both scripts make of a row of the file: the least that the columns of the table ask for."""

import json
import time
from typing import Any

PROJECT_ID = 1
_METADATA = ("Region", "Reference", "Budget", "Handed Out", "Link", "Checked")


def values_of(row: dict[str, str], number: int) -> dict[str, Any]:
    """A voucher's columns; raises ValueError for a number or a flag that is none."""
    if row["Active"] not in ("TRUE", "FALSE"):
        raise ValueError(f"Active: {row['Active']}")
    return {
        "project_id": PROJECT_ID,
        "code": row["Code"],
        "id": f"v_{time.time_ns():x}{number:x}",
        "type": row["Voucher Type"],
        "active": row["Active"] == "TRUE",
        "category": row["Category"],
        "start_date": row["Start Date"],
        "expiration_date": row["Expiration Date"],
        "discount": json.dumps({"type": row["Discount Type"], "amount_off": round(float(row["Value"]) * 100)}),
        "redemption_quantity": int(row["Redemption Limit"]),
        "additional_info": row["Additional Info"],
        "metadata": json.dumps({name: row[name] for name in _METADATA if name in row}),
    }
