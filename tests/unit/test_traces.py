"""Addresses in cells, in texts and in names of files: whose they are, whatever stands beside them."""

import string
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.formats.people.person import Person
from tests.growth import grows_too_fast

NEILL = Person(traces=frozenset({"neill@example.com", "cust_00ab"}))
JUERGEN = Person(traces=frozenset({"jürgen@exämple.de"}))
ATEXT = string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~"
SPECIAL = "!#$&'*/=?^`{|}~"
NOT_ASCII_BESIDE = "\u00a0„“”«»‘’：。，、（）「」\u200b\u2009\ufeff–—…·•→🙂邮箱です은"


@given(st.text(ATEXT, min_size=1, max_size=8))
def test_a_cell_that_is_another_address_is_never_taken(before: str) -> None:
    cell = f"{before}neill@example.com"
    assert not NEILL.is_in(cell)
    assert not NEILL.is_in(f"\u00a0{cell.upper()} ")
    assert NEILL.without(cell) == cell


@pytest.mark.parametrize("special", ATEXT)
def test_each_character_of_an_address_makes_another(special: str) -> None:
    assert not NEILL.is_in(f"x{special}neill@example.com")
    assert not NEILL.is_in(f"{special}neill@example.com")


@pytest.mark.parametrize("special", SPECIAL.replace("=", ""))
def test_in_a_text_an_address_is_no_part_of_a_longer_one(special: str) -> None:
    assert not NEILL.is_in(f"write to x{special}neill@example.com, please")
    assert not NEILL.is_in(f"'x{special}neill@example.com', neil@example.com")


@pytest.mark.parametrize(
    "text",
    [
        "'neill@example.com'", "say 'neill@example.com'", "{neill@example.com}", "Neill|neill@example.com|Linz",
        "mailto:x@example.com?to=neill@example.com", "see a?x=1&to=neill@example.com&y=2", "mail=neill@example.com, x",
        "https://example.com/people/neill@example.com", "a@example.com/neill@example.com", "is *neill@example.com*",
        "x#neill@example.com#", "or /neill@example.com", "is neill@example.com_2", "x%20<neill%40example.com>",
        "NEILL@example.com.", "neill@example.com?", "(neill@example.com)", "neill@example.com\nx/neill@example.com",
    ],
)  # fmt: skip
def test_in_a_text_what_texts_put_around_addresses_ends_them(text: str) -> None:
    assert NEILL.is_in(text)
    assert "neill@" not in NEILL.without(text).lower().removesuffix("x/neill@example.com").replace("%40", "-")


@pytest.mark.parametrize("beside", NOT_ASCII_BESIDE)
def test_what_is_not_ascii_beside_an_address_is_no_part_of_it(beside: str) -> None:
    for text in (f"an {beside}neill@example.com", f"an neill@example.com{beside}", f"x {beside}cust_00ab{beside}"):
        assert NEILL.is_in(text), text
    if not beside.isalnum():  # with letters around it, it might be an address as a whole
        assert NEILL.is_in(f"{beside}neill@example.com{beside}")


@pytest.mark.parametrize("text", ["é neill@example.comé", "to éneill@example.com", "a e\u0301neill@example.com"])
def test_letters_that_are_not_ascii_are_a_part_of_it(text: str) -> None:
    assert not NEILL.is_in(text)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("beside", ["", " ", "„", "an "])
def test_letters_that_are_not_ascii_are_found_in_any_case_and_form(form: str, beside: str) -> None:
    for address in ("jürgen@exämple.de", "JÜRGEN@EXÄMPLE.DE", "JüRGEN@EXämPLE.de"):
        text = beside + unicodedata.normalize(form, address)  # type: ignore[arg-type]
        assert JUERGEN.is_in(text)
        assert JUERGEN.may_be_in(text.encode())
        assert JUERGEN.without(text) == f"{beside}erased"
    assert not JUERGEN.is_in(f"{beside}jurgen@exämple.de")
    assert not JUERGEN.is_in("jan-jürgen@exämple.de")


def test_pieces_that_are_put_into_one_form_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a million marks in a row it would take hours."""
    normalize, lengths = unicodedata.normalize, set[int]()

    def watched(form: Any, text: str) -> str:
        lengths.add(len(text))
        return normalize(form, text[:256])

    monkeypatch.setattr("tallykeep.formats.people.traces.unicodedata.normalize", watched)
    assert not JUERGEN.is_in("@" + "\u0301\u0316" * 500_000)
    assert max(lengths) <= 256


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("export_neill@example.com_2024.csv", "export_erased_2024.csv"),
        ("orders-neill@example.com.xlsx.csv", "orders-erased.xlsx.csv"),
        ("neill@example.com-export.csv.gz", "erased-export.csv.gz"), ("neill%40example.com.csv", "erased.csv"),
        ("NEILL@example.com (1).csv", "erased (1).csv"), ("for neill@example.com.csv", "for erased.csv"),
        ("neill@example.com.2024.csv", "erased.2024.csv"), ("„neill@example.com“.csv", "„erased“.csv"),
        ("customer_cust_00ab.json", "customer_erased.json"), ("neill@example.com", "erased"),
        ("o'neill@example.com.csv", None), ("neill@example.com.au.csv", None), ("x+neill@example.com.csv", None),
        ("joneill@example.com.csv", None), ("customers 50%.csv", None), ("", None),
    ],
)  # fmt: skip
def test_names_of_files_lose_them_whatever_joins_their_words(name: str, left: str | None) -> None:
    assert NEILL.without_in_name(name) == (name if left is None else left)


@pytest.mark.parametrize(
    "text",
    [
        "set email='neill@example.com' now", "email='neill@example.com'", "Contact: neill\u200b@example.com",
        "call neill@exam\u00adple.com please",
    ],
)  # fmt: skip
def test_quotes_behind_a_name_and_invisible_characters_hide_nobody(text: str) -> None:
    assert NEILL.is_in(text)
    assert "neill" not in NEILL.without(text)


@pytest.mark.parametrize(
    "text",
    [
        "ｎｅｉｌｌ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ＮＥＩＬＬ@example.com", "neill＠example.com", "neill@example．com",
        "neⅰll@example.com", "neiℓℓ@example.com", "ⓝⓔⓘⓛⓛ@example.com", "𝓃𝑒𝒾𝓁𝓁@example.com", "neiˡˡ@example.com",
        "to ｎｅｉｌｌ@example.com, please", "„ｎｅｉｌｌ＠example.com“", "see a?to=ｎｅｉｌｌ%40example.com",
        "is neill％40example.com",
        "neill@example.com or ｎｅｉｌｌ＠example.com", "ｎｅｉ\u200bｌｌ@example.com", "customer ｃｕｓｔ＿００ａｂ",
    ],
)  # fmt: skip
def test_characters_that_stand_for_others_hide_nobody(text: str) -> None:
    assert NEILL.is_in(text)
    left = unicodedata.normalize("NFKC", NEILL.without(text)).lower().replace("\u200b", "")
    assert "neill@" not in left
    assert "cust_" not in left


@pytest.mark.parametrize(
    "text",
    [
        "ｏ'ｎｅｉｌｌ@example.com", "ｊｏneill@example.com", "①neill@example.com", "ｎｅｉｌｌ@example.com．au",
        "ｎｅｉｌ@example.com", "write to ｘ＋neill％40example.org", "ﬁn", "…", "",
    ],
)  # fmt: skip
def test_what_is_another_address_in_plain_letters_is_somebody_else(text: str) -> None:
    assert not NEILL.is_in(text)
    assert NEILL.without(text) == text


@pytest.mark.parametrize("beside", "™…㈱")
def test_what_stands_for_letters_beside_an_address_is_no_part_of_it(beside: str) -> None:
    assert NEILL.is_in(f"an {beside}neill@example.com{beside} x")


def test_somebody_whose_own_address_is_written_so_is_found_in_either_form() -> None:
    fiona = Person(traces=frozenset({"ﬁona＠ｅxample.com"}))
    for text in ("ﬁona＠ｅxample.com", "fiona@example.com", "to FIONA@example.com", "ﬁona@example.com"):
        assert fiona.is_in(text)
        assert fiona.may_be_in(text.encode())
        assert "fiona" not in unicodedata.normalize("NFKC", fiona.without(text)).lower()


@pytest.mark.parametrize(
    ("name", "left"),
    [("ｎｅｉｌｌ＠example.com.csv", "erased.csv"), ("x_ｎｅｉｌｌ@example.com-2.csv", "x_erased-2.csv")],
)
def test_names_of_files_lose_them_in_either_form(name: str, left: str) -> None:
    assert NEILL.without_in_name(name) == left


@pytest.mark.parametrize("unit", ["ｎ", "ﷺ", "ｎ＠", "ｶﾞ", "ﬁ\u0301", "neill＠"])
def test_time_grows_with_the_length_of_a_text(unit: str) -> None:
    for person in (NEILL, JUERGEN):
        assert not grows_too_fast(person.without, lambda size: unit * size, 20_000)


def test_encoded_signs_hide_nobody() -> None:
    person = Person(traces=frozenset({"neill+1@example.com"}))
    assert person.may_have_trace_in(b"mailto:neill%2B1@example.com")
