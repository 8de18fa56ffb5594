"""Ordinary spellings in files: what they mean, and that none is guessed at."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallykeep.resources.fields import cleaning, numerals
from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.vouchers.cell_choices import DISCOUNT_TYPE_CELL, TYPE_CELL

DAYS = st.dates(date(1000, 1, 1), date(9999, 12, 30))
NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December")  # fmt: skip


def refusal(read: Callable[[str], Any], cell: str) -> str:
    with pytest.raises(Problem) as refused:
        read(cell)
    return str(refused.value)


def spelled_out(day: date) -> list[str]:
    name = NAMES[day.month - 1]
    return [
        f"{day.day}.{day.month}.{day.year:04}",
        f"{day.day:02}.{day.month:02}.{day.year:04}",
        f"{day.day}. {day.month}. {day.year:04}",
        f"{day.year:04}/{day.month}/{day.day}",
        f"{name} {day.day}, {day.year:04}",
        f"{name[:3]} {day.day:02}, {day.year:04}",
        f"{day.day} {name[:3].upper()} {day.year:04}",
        f"{day.day:02}-{name[:3]}-{day.year:04}",
        f"{day.day}. {name} {day.year:04}",
    ]


@given(DAYS)
@example(date(2026, 12, 31))
def test_every_spelling_of_a_date_is_that_date(day: date) -> None:
    for text in spelled_out(day):
        assert spellings.timestamp(text) == cleaning.timestamp(day.isoformat()), text


@given(DAYS)
def test_slashes_are_read_only_where_they_mean_one_day(day: date) -> None:
    day_first, month_first = f"{day.day}/{day.month}/{day.year:04}", f"{day.month:02}/{day.day:02}/{day.year:04}"
    for text in (day_first, month_first, day_first.replace("/", "-")):
        if day.day > 12 or day.day == day.month:
            assert spellings.timestamp(text) == cleaning.timestamp(day.isoformat())
        else:
            assert refusal(spellings.timestamp, text).startswith(
                "may be day/month or month/day, write it like 2026-12-31"
            )


@given(DAYS, st.integers(1, 3_000))
def test_dates_that_do_not_exist_are_said_not_to(day: date, beyond: int) -> None:
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    for text in (f"{last.day + 1 + beyond % 9}.{day.month}.{day.year:04}", f"{last.day + 1}/{day.month}/{day.year:04}",
                 f"{last.day + 1} {NAMES[day.month - 1]} {day.year:04}"):  # fmt: skip
        assert refusal(spellings.timestamp, text) == f"is not a date that exists (actual value is '{text}')"


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("31.12.2026 9:05", "2026-12-31T09:05:00.000+00:00"),
        ("12/31/2026, 09:05:30", "2026-12-31T09:05:30.000+00:00"),
        ("2026-12-31 23:59", "2026-12-31T23:59:00.000+00:00"),
        ("31.12.2026T23:59:59+01:00", "2026-12-31T22:59:59.000+00:00"),
        ("Sept 1, 2026", "2026-09-01T00:00:00.000+00:00"),
        ("1st May 2026", "2026-05-01T00:00:00.000+00:00"),
        ("12/31/2026 11:59 PM", "2026-12-31T23:59:00.000+00:00"),
        ("12/31/2026 11:59:59 pm", "2026-12-31T23:59:59.000+00:00"),
        ("12/31/2026, 11:59\N{NARROW NO-BREAK SPACE}p.m.", "2026-12-31T23:59:00.000+00:00"),
        ("12/31/2026 12:00 AM", "2026-12-31T00:00:00.000+00:00"),
        ("12/31/2026 12:30 PM", "2026-12-31T12:30:00.000+00:00"),
        ("12/31/2026 0:30 AM", "2026-12-31T00:30:00.000+00:00"),
        ("12/31/2026 5pm", "2026-12-31T17:00:00.000+00:00"),
        ("12/31/2026 11:59 PM UTC", "2026-12-31T23:59:00.000+00:00"),
        ("31.12.2026 23:59:59 GMT", "2026-12-31T23:59:59.000+00:00"),
        ("2026-12-31 23:59:59 UTC", "2026-12-31T23:59:59.000+00:00"),
        ("2026-12-31T23:59:59utc", "2026-12-31T23:59:59.000+00:00"),
        ("2026-12-31 23:59:59 UTC+02:00", "2026-12-31T21:59:59.000+00:00"),
        ("Dec 31, 2026 11:59 PM GMT", "2026-12-31T23:59:00.000+00:00"),
    ],
)  # fmt: skip
def test_dates_may_have_a_time(text: str, timestamp: str) -> None:
    assert spellings.timestamp(text) == timestamp


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("31.12.26", "must have a year of four digits"),
        ("12/31/26 5:00 PM", "must have a year of four digits"),
        ("Foo 31, 2026", "must be a date like"),
        ("soon", "must be a date like"),
        ("1.2026", "must be a date like"),
        ("9" * 5000, "must be a date like"),
        ("0/13/2026", "is not a date that exists"),
        ("31.12.2026 25:00", "must be a date like"),
        ("2026-12-31T00:30:00+02:99", "must be a date like"),
        ("31.12.2026 00:30 +0260", "must be a date like"),
        ("2027-02-30", "is not a date that exists"),
        ("01/02/2026 5:00 PM", "may be day/month or month/day"),
        ("12/31/2026 13:00 PM", "must be a date like"),
        ("12/31/2026 0:30 PM", "must be a date like"),
        ("12/31/2026 PM", "must be a date like"),
        ("12/31/2026 11:59 PM CET", "must be a date like"),
    ],
)
def test_other_dates_are_refused(text: str, reason: str) -> None:
    assert refusal(spellings.timestamp, text).startswith(reason)


@given(st.integers(0, 10**10), st.integers(0, 99))
@example(1250, 0)
@example(25, 50)
def test_every_spelling_of_an_amount_is_that_amount(units: int, cents: int) -> None:
    meant = units * 100 + cents
    english, german = f"{units:,}.{cents:02}", f"{units:,}".replace(",", ".") + f",{cents:02}"
    spaced, swiss = f"{units:,}".replace(",", "\N{NO-BREAK SPACE}") + f",{cents:02}", f"{units:,}".replace(",", "’")
    for text in (english, german, spaced, f"{swiss}.{cents:02}", f"{units},{cents:02}"):
        for signed in (text, f"{text} €", f"€{text}", f"${text}", f"{text} EUR", f"CHF {text}"):
            assert numerals.cents(signed) == meant, signed


@given(st.integers(0, 100), st.integers(0, 9))
def test_a_percent_sign_is_no_part_of_the_number(units: int, tenth: int) -> None:
    meant = min(Decimal(f"{units}.{tenth}"), Decimal(100))
    for text in (f"{meant}%", f"{meant} %", f"{meant}\N{NO-BREAK SPACE}%", str(meant).replace(".", ",") + " %"):
        assert numerals.percent(text) == float(meant)
        assert numerals.symbol_of(text) == "PERCENT"


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (numerals.cents, "1,250", "may be 1250 or 1.250, write it as 1250 or as 1.25 (actual value is '1,250')"),
        (numerals.cents, "1,250 €", "may be 1250 or 1.250, write it as 1250 or as 1.25 (actual value is '1,250 €')"),
        (numerals.cents, "1.250 €", "may be 1250 or 1.250, write it as 1250 or as 1.25"),
        (numerals.integer, "1,250", "may be 1250 or 1.250"),
        (numerals.integer, "1.000", "may be 1000 or 1.000, write it as 1000 or as 1 (actual value is '1.000')"),
        (numerals.cents, "12.990", "may be 12990 or 12.990, write it as 12990 or as 12.99"),
        (numerals.cents, "$1.234", "may be 1234 or 1.234, write it as 1234 or as 1.2340"),
        (numerals.number, "-1.250", "may be -1250 or -1.250, write it as -1250 or as -1.25"),
        (numerals.percent, "5.000 %", "may be 5000 or 5.000"),
        (numerals.cents, "15 %", "must be an amount, not a percentage (actual value is '15 %')"),
        (numerals.percent, "15 €", "must be a percentage, not an amount"),
        (numerals.percent, "115 %", "must be between 0 and 100"),
        (numerals.cents, "25,505", "may be 25505 or 25.505"),
        (numerals.cents, "1250,505", "must have at most two decimals (actual value is '1250,505')"),
        (numerals.cents, "1.25.0", "must be a number"),
        (numerals.cents, "1,25,00", "must be a number"),
        (numerals.cents, "25 € $", "must be a number"),
        (numerals.cents, "€", "must be a number"),
        (numerals.cents, ",", "must be a number"),
        (numerals.cents, "-25 €", "must be between 0 and"),
        (numerals.cents, "ten", "must be a number (actual value is 'ten')"),
        (numerals.integer, "5 €", "must be a number"),
        (numerals.integer, "2,5", "must be a whole number (actual value is '2,5')"),
    ],
)
def test_numbers_that_may_mean_two_things_or_nothing_are_refused(
    read: Callable[[str], Any], text: str, reason: str
) -> None:
    assert refusal(read, text).startswith(reason)


@given(st.integers(-(10**12), 10**12), st.integers(0, 6), st.sampled_from(["", "€", " €", " zł"]))
@example(1250, 3, "")
@example(1250000, 0, " €")
@example(125, 3, "")
def test_every_number_in_english_and_german_is_that_number_or_refused(
    digits: int, decimals: int, character: str
) -> None:
    number = Decimal(digits).scaleb(-decimals)
    english, grouped = f"{number:f}", f"{number:,f}"
    for text in (english, grouped):
        for spelled in (text, text.translate({ord(","): ".", ord("."): ","})):
            by_marks = {mark: numerals.any_number(spelled + character, mark) for mark in (".", ",")}
            try:
                read = numerals.any_number(spelled + character)
            except Problem:
                assert {Decimal(each or "") for each in by_marks.values()} >= {number}
                assert len(set(by_marks.values())) == 2
            else:
                assert Decimal(read or "") == number, spelled
                assert set(by_marks.values()) == {read}


@pytest.mark.parametrize("text", ["0.125", "012.345", ".125", "1234.567", "1.2345", "1.250,505", "1,250.505"])
def test_three_decimals_are_clear_where_no_thousands_can_be_meant(text: str) -> None:
    assert numerals.any_number(text) is not None


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1.250", "12.99"], "."),
        (["1.250", "0.125"], "."),
        (["1.250", "1.2 €"], "."),
        (["1.250", "1,250.50"], "."),
        (["1.250", "1,000,000"], "."),
        (["1.250", "12,99"], ","),
        (["1.250", "$ 1.250,00"], ","),
        (["1.250", "1.000.000"], ","),
        (["1.250", "1 250,5"], ","),
        (["1.250", "1,250", "7", "x", ""], None),
        (["1.250", "12.99", "12,99"], None),
        (["31.12.2026", "1.2.3", "9" * 100 + ".5"], None),
    ],
)
def test_other_cells_of_a_column_tell_its_decimal_mark(cells: list[str], mark: str | None) -> None:
    marks = numerals.decimal_marks(cells)
    assert (next(iter(marks)) if len(marks) == 1 else None) == mark


def test_a_column_whose_mark_is_known_has_no_unclear_numbers() -> None:
    for text, by_point, by_comma in (("1.250", 125, 125000), ("1,250", 125000, 125), ("1.250 €", 125, 125000)):
        assert numerals.marked(numerals.cents, ".")(text) == by_point
        assert numerals.marked(numerals.cents, ",")(text) == by_comma
    assert numerals.marked(cleaning.text, ".") is cleaning.text


@pytest.mark.parametrize(
    ("read", "text", "meant"),
    [
        (TYPE_CELL, "Gift card", "GIFT_VOUCHER"),
        (TYPE_CELL, "Geschenkkarte", "GIFT_VOUCHER"),
        (TYPE_CELL, "karta podarunkowa", "GIFT_VOUCHER"),
        (TYPE_CELL, "Bon de réduction", "DISCOUNT_VOUCHER"),
        (TYPE_CELL, "Tarjeta de fidelidad", "LOYALTY_CARD"),
        (DISCOUNT_TYPE_CELL, "Prozent", "PERCENT"),
        (TYPE_CELL, "gift voucher", "GIFT_VOUCHER"),
        (TYPE_CELL, "Gift-Voucher", "GIFT_VOUCHER"),
        (TYPE_CELL, "GIFT", "GIFT_VOUCHER"),
        (TYPE_CELL, "Discount", "DISCOUNT_VOUCHER"),
        (TYPE_CELL, "coupon", "DISCOUNT_VOUCHER"),
        (TYPE_CELL, "loyalty  card", "LOYALTY_CARD"),
        (DISCOUNT_TYPE_CELL, "percentage", "PERCENT"),
        (DISCOUNT_TYPE_CELL, "%", "PERCENT"),
        (DISCOUNT_TYPE_CELL, "Fixed amount", "AMOUNT"),
        (DISCOUNT_TYPE_CELL, "fixed", "FIXED"),
        (spellings.boolean, "Yes", True),
        (spellings.boolean, "nein", False),
        (spellings.boolean, "1", True),
        (spellings.boolean, "FALSE", False),
        *(
            (spellings.boolean, word, True)
            for word in (
                "VERDADERO",
                "sí",
                "Si",
                "s\u0131\u0301".replace("\u0131", "i"),
                "PRAWDA",
                "tak",
                "VRAI",
                "Oui",
                "WAHR",
                "VERO",
                "sì",
                "VERDADEIRO",
                "Sim",
                "WAAR",
                "ja",
                "t",
                "Y",
            )
        ),
        *(
            (spellings.boolean, word, False)
            for word in (
                "FALSO",
                "no",
                "FAŁSZ",
                "fałsz",
                "nie",
                "FAUX",
                "non",
                "FALSCH",
                "Nein",
                "NÃO",
                "nao",
                "ONWAAR",
                "nee",
                "f",
            )
        ),
    ],
)
def test_choices_in_plain_words(read: Callable[[str], Any], text: str, meant: object) -> None:
    assert read(text) == meant


@given(st.text(max_size=80))
def test_whatever_stands_there_is_a_value_or_a_problem(text: str) -> None:
    for read in (spellings.timestamp, numerals.cents, numerals.percent, numerals.integer, spellings.boolean,
                 TYPE_CELL, DISCOUNT_TYPE_CELL):  # fmt: skip
        with suppress(Problem):
            read(text)


@example("1.000")
@given(st.text(alphabet="0123456789.,-+%€ /:TZ", max_size=25))
def test_what_the_wire_format_takes_means_the_same_in_files(text: str) -> None:
    pairs = ((cleaning.timestamp, spellings.timestamp), (cleaning.cell_cents, numerals.cents),
             (cleaning.cell_number, numerals.number))  # fmt: skip
    for strict, lenient in pairs:
        try:
            meant = strict(text)
        except Problem:
            continue
        if numerals.is_two_way(text.strip()):
            with pytest.raises(Problem, match="may be"):
                lenient(text)
        else:
            assert lenient(text) == meant
