"""The columns of a file: renamed, left out, required."""

import re

import pytest

from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import InvalidPayloadError, InvalidQueryError
from tallykeep.engine.file_rules.column_mapping import Mapping, choose_columns
from tallykeep.formats.row_reader import read_rows

GERMAN = ["Gutschein", "Art", "Wert", "Notiz"]


def chosen(header: list[str], mapping: Mapping | None = None, *required: tuple[str, ...]) -> Source:
    return choose_columns(Source("csv", header), mapping or {}, required)


def test_without_wishes_nothing_changes() -> None:
    source = Source("csv", ["Code", "Value"], ";")
    assert choose_columns(source, {}, (("Code",),)) == source


def test_columns_are_renamed_and_skipped() -> None:
    source = chosen(GERMAN, {"gut schein": "Code", "ART": " Voucher Type ", "Notiz": None}, ("Code",))
    assert (source.header, source.kept, source.width) == (["Code", "Voucher Type", "Wert"], [0, 1, 2], 4)


def test_columns_of_one_name_are_dealt_with_by_the_mapping() -> None:
    source = Source("csv", ["Code", "Note", "Note (2)", "Note (3)"], repeated=[2, 3])
    for mapping, header in (
        ({"Note (2)": None, "note (3)": "Remark"}, ["Code", "Note", "Remark"]),
        ({"Note": None, "Note (2)": "Note", "Note (3)": None}, ["Code", "Note"]),
        ({"Note (2)": "Note (2)", "Note (3)": "Note (3)"}, source.header),
    ):
        assert choose_columns(source, mapping, ()).header == header
    for mapping, left in (({}, "Note (2), Note (3)"), ({"Note": None, "Note (3)": "Remark"}, "Note (2)")):
        with pytest.raises(InvalidPayloadError, match=re.escape(f"later ones are called {left}. ")) as refused:
            choose_columns(source, mapping, ())
        assert "names the column 'Note' more than once" in refused.value.details
        assert 'say so with mapping, such as {"Note (' in refused.value.details
    with pytest.raises(InvalidQueryError, match="so is another column"):
        choose_columns(source, {"Note (2)": "Note", "Note (3)": None}, ())


def test_titles_may_be_swapped() -> None:
    assert chosen(["A", "B"], {"A": "B", "B": "A"}).header == ["B", "A"]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"Nothing": "Code"}, "names the column 'Nothing', which the file does not have: Gutschein, Art, Wert, Notiz"),
        ({"Art": "Code", "Wert": "code"}, "calls 'Art' 'Code', and so is another column: Gutschein, Code, code"),
        ({"Art": "wert"}, "calls 'Art' 'wert', and so is another column"),
        ({"Art": "Type", "art": "Kind"}, "names the column 'Art' twice"),
        ({"Art": " "}, "should give 'Art' a title"),
        (dict.fromkeys(GERMAN), "skips every column"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(mapping: Mapping, words: str) -> None:
    with pytest.raises(InvalidQueryError, match=re.escape(words)):
        chosen(GERMAN, mapping)


def test_a_mapping_onto_a_title_that_is_skipped_is_fine() -> None:
    assert chosen(["A", "Code"], {"A": "Code", "Code": None}).header == ["Code"]


def test_rows_without_columns_cannot_be_mapped() -> None:
    with pytest.raises(InvalidQueryError, match="have none"):
        choose_columns(Source("json"), {"A": "B"}, ())


def test_a_missing_column_is_told_with_what_was_found() -> None:
    with pytest.raises(InvalidPayloadError) as refused:
        chosen(GERMAN, None, ("Code",))
    assert "no column Code" in refused.value.details
    assert "It has: Gutschein, Art, Wert, Notiz" in refused.value.details
    assert '{"Gutschein":"Code"}' in refused.value.details
    with pytest.raises(InvalidPayloadError, match="no column name or source_id"):
        chosen(GERMAN, None, ("name", "source_id"))
    assert chosen(["SOURCE ID"], None, ("name", "source_id")).header == ["SOURCE ID"]
    with pytest.raises(InvalidPayloadError, match=r"It has: c0, .*, c19 and 980 more"):
        chosen([f"c{n}" for n in range(1000)], None, ("Code",))


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (["Code", "row", "line", "reason"], [0]),
        (["Code", "row", "line", "reason", "Value"], None),
        (["Code", "line", "reason", "row"], None),
        (["Code", "Row", "Line", "Reason"], None),
        (["Code", "row", "reason"], None),
        (["row", "line", "reason"], None),
    ],
)
def test_only_the_three_last_columns_of_failed_rows_are_ours(header: list[str], kept: list[int] | None) -> None:
    assert chosen(header).kept == kept


def test_a_mapping_that_names_them_wants_them() -> None:
    assert chosen(["Code", "row", "reason"], {"row": "Seat"}).header == ["Code", "Seat", "reason"]


@pytest.mark.parametrize("skipped", ["A", "B", "C"])
def test_rows_are_read_with_the_kept_cells_only(skipped: str) -> None:
    source = chosen(["A", "B", "C"], {skipped: None})
    rows = read_rows(Batch(1, 4, b'a,b,c\na\na,b,c, ,\na,"b",c,d\n'), source)
    full = [cell for cell in "abc" if cell != skipped.lower()]
    short = [cell if cell == "a" else "" for cell in full]
    assert [row.value for row in rows] == [full, short, full, [*full, "d"]]
    assert [row.problem for row in rows] == [None, None, None, "the row has 4 cells, but the header has 3"]


def test_one_kept_column_is_still_a_row() -> None:
    source = chosen(["A", "B"], {"A": None})
    assert [row.value for row in read_rows(Batch(1, 1, b"a,bcd\n"), source)] == [["bcd"]]
