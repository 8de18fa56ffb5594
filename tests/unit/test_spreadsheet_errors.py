"""Cells with a spreadsheet's error: told apart from other text, however long that is."""

import pytest

from tallykeep.core.rows import Row
from tallykeep.formats.csv.spreadsheet_errors import refuse_errors


@pytest.mark.parametrize("cell", ["#N/A", " #REF! ", "#DIGITS!1234567890123456", "#ERROR! of some kind", "#N/A\n"])
def test_errors_fail_their_row(cell: str) -> None:
    assert "Value: " in str(refuse_errors([Row(1, ["A", cell])], ["Code", "Value"])[0].problem)


@pytest.mark.parametrize("cell", ["#1", "# N/A", "a #N/A", "#DIGITS!", "#ERROR!", "#ERROR! " + " " * 500_000 + "\nx"])
def test_other_text_does_not(cell: str) -> None:
    assert refuse_errors([Row(1, ["A", cell])], ["Code", "Value"])[0].problem is None
