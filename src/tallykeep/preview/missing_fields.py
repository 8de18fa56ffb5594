"""Fields that a file lacks, and texts that are its own words, as far as `defaults` and `values` can supply them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tallykeep.catalog.row_types import ImportedRowType
from tallykeep.core.rows import Failure
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.plain_texts import CLEARING


@dataclass(frozen=True, slots=True)
class Needed:
    """A field whose absence makes `rows` of the previewed rows fail."""

    title: str
    choices: tuple[str, ...]
    rows: int


def needed(row_type: ImportedRowType, missing: Sequence[str], failures: Sequence[Failure], tried: int) -> list[Needed]:
    """Return the fields that are missing, and those that rows need."""
    counts = {each.title: tried if each.title in missing else _wanting(each, failures) for each in row_type.fields}
    return [
        Needed(each.title, each.choices, counts[each.title])
        for each in row_type.fields
        if each.title in missing or counts[each.title]
    ]


def _wanting(field: Field, failures: Sequence[Failure]) -> int:
    titles = "|".join(map(re.escape, (field.title, *field.others)))
    required = re.compile(rf"(?:^|; )(?:{titles}) is required(?:;|$)", re.IGNORECASE)
    return sum(1 for failure in failures if required.search(failure.reason))


def unknown_values(field: Field, cells: Iterable[str]) -> tuple[str, ...]:
    """Return the different texts in these cells that are none of the field's choices, in their order."""
    texts = dict.fromkeys(cell.strip() for cell in cells)
    return tuple(text for text in texts if text not in ("", CLEARING) and not _is_known(field, text))


def _is_known(field: Field, text: str) -> bool:
    try:
        meant = field.clean_cell(text)
    except Problem:
        return False
    return not isinstance(meant, str) or meant in field.choices
