"""Metadata of own values: its columns, the schema that the dirty sort is held to, and what breaks that schema."""

from typing import Any

from benchmarks.files import own_values as own
from benchmarks.files.own_values import Value

COLUMNS: dict[str, Value] = {
    "Region": own.region,
    "Reference": own.reference,
    "Budget": own.shifted(own.amount, 1_000),
    "Handed Out": own.day,
    "Link": own.link,
    "Checked": own.boolean,
}
SCHEMA: dict[str, Any] = {
    "Region": {"type": "string", "optional": False, "eq": ["Europe", "Asia", "Africa", "America"]},
    "Reference": {"type": "string", "min_length": 8, "max_length": 24},
    "Budget": {"type": "number", "gte": 0, "lt": 1_000_000},
    "Handed Out": {"type": "date"},
    "Link": {"type": "image_url"},
    "Checked": {"type": "boolean"},
}
# What replaces the cells of a row, by column; {n} is the row's number.
FLAWS: tuple[dict[str, str], ...] = (
    {"Region": "Atlantis {n}"},
    {"Region": ""},
    {"Reference": "{n}"},
    {"Reference": "REF-{n}-that-is-far-too-long"},
    {"Budget": "about {n}"},
    {"Budget": "-{n}"},
    {"Budget": "9{n}000000"},
    {"Handed Out": "yesterday {n}"},
    {"Handed Out": "2026-02-30"},
    {"Link": "shop/{n}.png"},
    {"Checked": "perhaps {n}"},
)
_EXTRA: tuple[Value, ...] = (own.amount, own.note, own.reference, own.start, own.integer, own.email, own.link)


def extra(columns: int) -> dict[str, Value]:
    """So many further columns, each with values of its own."""
    return {
        f"Extra {number:02}": own.shifted(_EXTRA[number % len(_EXTRA)], 100_003 * number)
        for number in range(1, columns + 1)
    }
