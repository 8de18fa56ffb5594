"""Files are worth searching for keys that a spreadsheet has shortened where one of their keys may be one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.batch import Batch, ClaimedBatch, Source
from tallykeep.engine.applying.shortened_keys import ShortenedKeys
from tallykeep.formats.row_reader import read_rows

NAME = "VOUCHERS.IMPORT_CSV"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHORTENED = ("4.00638E+12", "4.00638e12", "4e+12", "1.5e3")


def search(lines: list[list[str]], titles: list[str], kept: list[int], *, quoted: bool = False) -> tuple[bool, bool]:
    """Whether it is worth searching these lines of a file, and whether there is any such key."""
    rows = [[f'"{cells[0]}"', *cells[1:]] if quoted else cells for cells in lines]
    body = b"".join(",".join(cells).encode() + b"\n" for cells in rows)
    source = Source("csv", header=[titles[at] for at in kept], kept=kept, width=len(titles))
    batch = Batch(1, len(lines), body)
    read = read_rows(batch, source)
    keys = ShortenedKeys(ACTION_TYPES[NAME], ClaimedBatch(1, "aa_1", NAME, source, batch, timestamp=NOW))
    return keys.may_occur(read), keys.find(read)


@given(data=st.data(), width=st.integers(1, 12), quoted=st.booleans())
def test_no_shortened_key_is_missed_wherever_its_column_stands(data: st.DataObject, width: int, quoted: bool) -> None:
    kept = data.draw(st.lists(st.integers(0, width - 1), min_size=1, unique=True).map(sorted))
    titles = [f"T{at}" for at in range(width)]
    titles[data.draw(st.sampled_from(kept))] = "Code"
    cell = st.sampled_from([*SHORTENED, "A1", "12.5", "e5", "7E42"])
    lines = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=5))
    may_occur, is_there = search(lines, titles, kept, quoted=quoted)
    assert may_occur or not is_there
    key = titles.index("Code")
    assert is_there == any(cells[key] in SHORTENED for cells in lines)


@pytest.mark.parametrize("at", [0, 1, 3, 8, 10, 11])
def test_such_values_in_other_columns_are_no_reason(at: int) -> None:
    titles = [f"T{column}" for column in range(12)]
    titles[at] = "Code"
    lines = [["A1" if column == at else "1.5e3" for column in range(12)]]
    assert search(lines, titles, list(range(12))) == (False, False)
