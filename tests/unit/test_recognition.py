"""What columns of any title and any cells are taken for, held to what must never be."""

import re
from difflib import get_close_matches

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallykeep.catalog.row_types import ROW_TYPES
from tallykeep.engine.applying.shortened_keys import is_shortened
from tallykeep.formats.csv.titles import normal_title
from tallykeep.preview.cell_shapes import is_text_formula
from tallykeep.preview.recognition import _ALIKE, SeenColumn, _closest, _plain, _words, candidates
from tallykeep.preview.resemblance import Lexicon
from tests.sizes import examples

WORDS = sorted(
    {word for row_type in ROW_TYPES.values() for field in row_type.fields for word in (field.title, *field.synonyms)}
)
TITLES = st.sampled_from(WORDS) | st.builds(
    lambda word, at, character: word[:at] + character + word[at:],
    st.sampled_from(WORDS),
    st.integers(0, 9),
    st.sampled_from("sxd2 "),
)
CELLS = st.sampled_from(
    ["A-1", "A-2", "7", "8", "x", "yes", "no", "ada@example.test", "bo@example.test", "2026-01-05", "5.1.2026", "9.50",
     "10 €", "+49 30 123456", "https://example.test/a.jpg", "DISCOUNT_VOUCHER", "PERCENT", "4.00638E+12", "Signup form",
     "likes to walk a lot", "'7", '="7"', "null", "Ada Lark"]
)  # fmt: skip
COLUMNS = st.lists(st.builds(SeenColumn, TITLES, st.lists(CELLS, max_size=6).map(tuple)), min_size=1, max_size=6)
SHAPES = {"Email": "@", "Birthdate": "2026", "Expiration Date": "2026", "image_url": "http"}


@settings(max_examples=examples(200), deadline=None)
@given(COLUMNS)
def test_no_column_is_a_field_against_what_it_holds(columns: list[SeenColumn]) -> None:
    for candidate in candidates(columns, "csv", None):
        titles = [recognized.title for recognized in candidate.fields.values()]
        assert len(set(titles)) == len(titles), "each field once"
        for at, recognized in candidate.fields.items():
            cells = [cell for cell in columns[at].cells if cell != "null"]
            if recognized.by == "title" or not cells:
                continue
            if recognized.title in candidate.row_type.keys:
                assert recognized.by != "similarity"
                assert len(cells) < 2 or all(map(is_shortened, cells)) or 1 < len(set(cells)) >= len(cells) / 2
            if character := SHAPES.get(recognized.title):
                assert sum(character in cell for cell in cells) >= len(cells) / 2


@settings(max_examples=examples(50), deadline=None)
@given(COLUMNS)
def test_our_own_titles_stay_ours(columns: list[SeenColumn]) -> None:
    for row_type in ("vouchers", "customers", "products", "skus"):
        first = ROW_TYPES[row_type].fields[0].title
        # Of two columns of one title the second is called otherwise before this: `Code (2)`.
        others = [column for column in columns if normal_title(column.title) != normal_title(first)]
        (candidate,) = [
            each for each in candidates([SeenColumn(first), *others], "csv", None) if each.row_type.name == row_type
        ]
        assert (candidate.fields[0].title, candidate.fields[0].by) == (first, "title")


def test_a_title_without_end_is_none_of_ours() -> None:
    likeliest = candidates([SeenColumn("Email"), SeenColumn("(" * 200_000)], "csv", None)[0]
    assert [each.title for each in likeliest.fields.values()] == ["Email"]


@pytest.mark.parametrize("title", ["(" * 60_000, "a" + "\u0301\u0316" * 60_000, "(a" * 30_000 + ")"])
def test_long_titles_take_no_longer_than_they_are(title: str) -> None:
    """Open brackets, and marks that Unicode wants in another order, took minutes: more than a test may."""
    assert normal_title(f" {title}_") == title
    assert not any(candidate.fields for candidate in candidates([SeenColumn(title)], "csv", None))


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(sorted(ROW_TYPES)), TITLES)
def test_the_closest_word_is_the_one_that_difflib_finds(row_type: str, title: str) -> None:
    spelling = _plain(title)
    assert [_closest(row_type, spelling)] == (
        get_close_matches(spelling, _words(row_type), n=1, cutoff=_ALIKE) or [None]
    )


@given(
    st.lists(st.text("abcäα", min_size=1, max_size=12), min_size=1, max_size=12, unique=True),
    st.text("abcäα", min_size=1, max_size=12), st.sampled_from([0.3, 0.6, 0.75, 0.9]),
)  # fmt: skip
def test_no_word_is_ruled_out_that_resembles(words: list[str], spelling: str, alike: float) -> None:
    """Also where different characters are told apart by the same bit, and words have some of them twice."""
    assert [Lexicon(words).closest(spelling, alike)] == (
        get_close_matches(spelling, words, n=1, cutoff=alike) or [None]
    )


@given(st.text("='\" 01-a@\n", max_size=8))
def test_signs_that_keep_digits_are_seen(cell: str) -> None:
    is_formula = re.fullmatch(r'=\s?"[^"]*"', cell) is not None
    has_apostrophe = len(cell) > 1 and cell[0] == "'" and cell[1] in "0123456789+-=@"
    assert is_text_formula(cell) == (is_formula or has_apostrophe)
