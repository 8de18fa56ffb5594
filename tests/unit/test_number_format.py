"""Number formats: a number as its cell shows it."""

import time
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.formats.xlsx.number_format import NumberFormat
from tallykeep.formats.xlsx.number_format_section import general

ACCOUNTING = '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-'
PHONE = "[<=9999999]###-####;(###) ###-####"


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        # plain numbers: rounded, without grouping, without zeros at the end
        ("0", 14.5, "15"),
        ("0", -0.4, "0"),
        ("0.00", 14.567, "14.57"),
        ("0.00", 14.5, "14.5"),
        ("0.00", 100, "100"),
        ("0.0", 0.05, "0.1"),
        ("0.00", 1.005, "1.01"),
        ("#,##0.00", 1234.5, "1234.5"),
        ("#,##0", 5_000, "5000"),
        ("#.##", 0.5, "0.5"),
        ("??0", 5, "5"),
        ("0,", 12_345, "12"),
        ("[Red]0.0", 2.25, "2.3"),
        ("0_-", 7, "7"),
        ("* 0", 7, "7"),
        ("[>=100]0;0.0", 199.55, "200"),
        ("[>=100]0;0.0", 99.55, "99.6"),
        # percent
        ("0%", 0.15, "15%"),
        ("0%", 0.155, "16%"),
        ("0.0%", 0.155, "15.5%"),
        ("0.00%", 0.15, "15%"),
        ("0\\ %", 0.15, "15 %"),
        ("0%", 1, "100%"),
        ("0%;[Red]0%", -0.5, "-50%"),
        ("0%", 0, "0%"),
        # currencies stand behind
        ('#,##0.00\\ "€"', 1025.5, "1025.5 €"),
        ("[$€-407]#,##0.00", 25.5, "25.5 €"),
        ("#,##0.00 [$zł-415]", 25.5, "25.5 zł"),
        ("$#,##0.00", 5, "5 $"),
        ("[$-407]0.0", 2.5, "2.5"),
        (ACCOUNTING, 3.5, "3.5 €"),
        (ACCOUNTING, -3.5, "-3.5 €"),
        (ACCOUNTING, 0, "0 €"),
        # the sign is never lost
        ("#,##0_);(#,##0)", -5, "-5"),
        ("0.00;[Red]0.00", -5, "-5"),
        ("[Red][<0]0;0", -3, "-3"),
        ('0.00" EUR";[Red]0.00" EUR"', -5, "-5.00 EUR"),
        ('_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)', 0, "0"),
        # zeros in front, and text
        ("00000", 123, "00123"),
        ("00000", 123_456, "123456"),
        ("00000", -12, "-00012"),
        ("0000-0000", 12_345_678, "1234-5678"),
        ("00000-0000", 10_671_234, "01067-1234"),
        ('"SUM-"0000', 7, "SUM-0007"),
        ("\\A\\-000", 7, "A-007"),
        ("+0", 491_234, "+491234"),
        ("\\+0", 491_234, "+491234"),
        ("(000) 000-0000", 5_551_234_567, "(555) 123-4567"),
        (PHONE, 5_551_234, "555-1234"),
        (PHONE, 2_125_551_234, "(212) 555-1234"),
        ("0## ## ##", 123_456_789, "12345 67 89"),
        ("0## ## ##", 12_345, "001 23 45"),
        ('0.00" kg"', 2.5, "2.50 kg"),
        ('#,##0" pcs"', 1_200, "1200 pcs"),
        ('0.00,,"M"', 12_345_678, "12.35M"),
        ('General" pcs"', 14.5, "14.5 pcs"),
        ('"day "0', 3, "day 3"),
        ("\\d0", 3, "d3"),
        # sections
        ("0;-0;;@", 0, ""),
        (";;;", 5, ""),
        ('0;0;"none"', 0, "none"),
        ('[=1]"one";[=2]"two";0', 2, "two"),
        ('[=1]"one";[=2]"two";0', 3, "3"),
        ("#", 0, ""),
        # scientific
        ("0.00E+00", 123_456, "1.23E+05"),
        ("0.00E+00", 0.000123, "1.23E-04"),
        ("0.0E+0", 9.96, "1.0E+1"),
        ("0E-0", 500, "5E2"),
        ("##0.0E+0", 123_456, "123.5E+3"),
        ("0.00E+00", 0, "0.00E+00"),
        # all digits
        ("General", 4_006_381_333_931, "4006381333931"),
        ("", 14.5, "14.5"),
        ("@", 14.5, "14.5"),
        ("# ?/?", 0.5, "0.5"),
        # codes that are cut off
        ('"open', 5, "open"),
        ("0\\", 5, "5"),
        ("0_", 5, "5"),
        ("[Blue", 5, "[Blue"),
    ],
)
def test_numbers_as_their_cells_show_them(code: str, value: float, text: str) -> None:
    assert NumberFormat(code).number(float(value)) == text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("@", "a"),
        ("0", "a"),
        ('"ID-"@', "ID-a"),
        ("0;0;0;@", "a"),
        ('0;0;0;"no "@', "no a"),
        (";;;", ""),
        ("General", "a"),
    ],
)
def test_texts_as_their_cells_show_them(code: str, text: str) -> None:
    known = NumberFormat(code)
    assert known.text("a") == text
    assert known.changes_text == (text != "a")


@pytest.mark.parametrize(
    "code", ["dd.mm.yyyy", "[$-407]d. mmmm yyyy", "mmm-yy", "[h]:mm", "[mm]:ss", "h:mm AM/PM", "s.00"]
)
def test_dates_are_not_numbers(code: str) -> None:
    known = NumberFormat(code)
    assert known.is_date
    assert not known.changes_numbers


@given(value=st.integers(-(10**14), 10**14), decimals=st.integers(0, 3), shown=st.integers(0, 4))
def test_plain_formats_only_round(value: int, decimals: int, shown: int) -> None:
    number = value / 10**decimals
    text = NumberFormat("#,##0" + "." * bool(shown) + "0" * shown).number(number)
    exact = Decimal(f"{number:.15g}")
    assert Decimal(text) == exact.quantize(Decimal(1).scaleb(-shown), rounding=ROUND_HALF_UP)
    assert not text.endswith(".") and not ("." in text and text.endswith("0"))


@given(value=st.integers(0, 10**14), digits=st.integers(2, 18))
def test_zeros_in_front_keep_the_digits(value: int, digits: int) -> None:
    assert NumberFormat("0" * digits).number(float(value)) == str(value).zfill(digits)


@given(code=st.text(st.sampled_from('0#?.,%E+-;@"\\_*[]<>=$€ /dGeneral5'), max_size=30), value=st.floats(-1e14, 1e14))
def test_any_code_shows_something_or_nothing(code: str, value: float) -> None:
    known = NumberFormat(code)
    assert isinstance(known.number(value), str)
    assert isinstance(known.text("a"), str)


@given(st.floats(-1e15, 1e15))
def test_general_keeps_fifteen_digits(value: float) -> None:
    assert float(general(value)) == float(f"{value:.15g}")
    assert "e" not in general(value).lower()


def test_long_codes_are_refused_and_the_longest_are_quick() -> None:
    with pytest.raises(ValueError, match="100000 characters"):
        NumberFormat("0" * 100_000)
    started = time.perf_counter()
    for part in ("0", "[", '"', "%", "0.", "#,", "E+0", "(", "\\", ";", "$"):
        known = NumberFormat((part * 500)[:500])
        for value in (5.0, -1.5, 1e-300, 9e14):
            known.number(value)
    assert time.perf_counter() - started < 5
