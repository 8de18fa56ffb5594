"""Ordinary spellings in files: what they mean, and that none is guessed at."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallykeep.resources import cleaning, spellings
from tallykeep.resources.cleaning import Problem
from tallykeep.resources.vouchers.columns import DISCOUNT_TYPE_CELL, TYPE_CELL

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
        assert spellings.moment(text) == cleaning.moment(day.isoformat()), text


@given(DAYS)
def test_slashes_are_read_only_where_they_mean_one_day(day: date) -> None:
    day_first, month_first = f"{day.day}/{day.month}/{day.year:04}", f"{day.month:02}/{day.day:02}/{day.year:04}"
    for text in (day_first, month_first, day_first.replace("/", "-")):
        if day.day > 12 or day.day == day.month:
            assert spellings.moment(text) == cleaning.moment(day.isoformat())
        else:
            assert refusal(spellings.moment, text).startswith("may be day/month or month/day, write it like 2026-12-31")


@given(DAYS, st.integers(1, 3_000))
def test_dates_that_do_not_exist_are_said_not_to(day: date, beyond: int) -> None:
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    for text in (f"{last.day + 1 + beyond % 9}.{day.month}.{day.year:04}", f"{last.day + 1}/{day.month}/{day.year:04}",
                 f"{last.day + 1} {NAMES[day.month - 1]} {day.year:04}"):  # fmt: skip
        assert refusal(spellings.moment, text) == f"is not a date that exists (actual value is '{text}')"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("31.12.2026 9:05", "2026-12-31T09:05:00.000+00:00"),
        ("12/31/2026, 09:05:30", "2026-12-31T09:05:30.000+00:00"),
        ("2026-12-31 23:59", "2026-12-31T23:59:00.000+00:00"),
        ("31.12.2026T23:59:59+01:00", "2026-12-31T22:59:59.000+00:00"),
        ("Sept 1, 2026", "2026-09-01T00:00:00.000+00:00"),
        ("1st May 2026", "2026-05-01T00:00:00.000+00:00"),
    ],
)  # fmt: skip
def test_dates_may_have_a_time(text: str, moment: str) -> None:
    assert spellings.moment(text) == moment


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("31.12.26", "must have a year of four digits"),
        ("Foo 31, 2026", "must be a date like"),
        ("soon", "must be a date like"),
        ("1.2026", "must be a date like"),
        ("9" * 5000, "must be a date like"),
        ("0/13/2026", "is not a date that exists"),
        ("31.12.2026 25:00", "must be a date like"),
        ("2027-02-30", "is not a date that exists"),
    ],
)
def test_other_dates_are_refused(text: str, reason: str) -> None:
    assert refusal(spellings.moment, text).startswith(reason)


@given(st.integers(0, 10**10), st.integers(0, 99))
@example(1250, 0)
@example(25, 50)
def test_every_spelling_of_an_amount_is_that_amount(whole: int, cents: int) -> None:
    meant = whole * 100 + cents
    english, german = f"{whole:,}.{cents:02}", f"{whole:,}".replace(",", ".") + f",{cents:02}"
    spaced, swiss = f"{whole:,}".replace(",", "\N{NO-BREAK SPACE}") + f",{cents:02}", f"{whole:,}".replace(",", "’")
    for text in (english, german, spaced, f"{swiss}.{cents:02}", f"{whole},{cents:02}"):
        for signed in (text, f"{text} €", f"€{text}", f"${text}", f"{text} EUR", f"CHF {text}"):
            assert spellings.cents(signed) == meant, signed


@given(st.integers(0, 100), st.integers(0, 9))
def test_a_percent_sign_is_no_part_of_the_number(whole: int, tenth: int) -> None:
    meant = min(Decimal(f"{whole}.{tenth}"), Decimal(100))
    for text in (f"{meant}%", f"{meant} %", f"{meant}\N{NO-BREAK SPACE}%", str(meant).replace(".", ",") + " %"):
        assert spellings.percent(text) == float(meant)
        assert spellings.sign_of(text) == "PERCENT"


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (spellings.cents, "1,250", "may be 1250 or 1.250, write it without a comma (actual value is '1,250')"),
        (spellings.cents, "1,250 €", "may be 1250 or 1.250, write it without a comma"),
        (spellings.cents, "1.250 €", "may be 1250 or 1.250, write it without the sign"),
        (spellings.whole_number, "1,250", "may be 1250 or 1.250"),
        (spellings.cents, "15 %", "must be an amount, not a percentage (actual value is '15 %')"),
        (spellings.percent, "15 €", "must be a percentage, not an amount"),
        (spellings.percent, "115 %", "must be between 0 and 100"),
        (spellings.cents, "25,505", "may be 25505 or 25.505"),
        (spellings.cents, "1250,505", "must have at most two decimals (actual value is '1250,505')"),
        (spellings.cents, "1.25.0", "must be a number"),
        (spellings.cents, "1,25,00", "must be a number"),
        (spellings.cents, "25 € $", "must be a number"),
        (spellings.cents, "€", "must be a number"),
        (spellings.cents, ",", "must be a number"),
        (spellings.cents, "-25 €", "must be between 0 and"),
        (spellings.cents, "ten", "must be a number (actual value is 'ten')"),
        (spellings.whole_number, "5 €", "must be a number"),
        (spellings.whole_number, "2,5", "must be a whole number (actual value is '2,5')"),
    ],
)
def test_numbers_that_may_mean_two_things_or_nothing_are_refused(
    read: Callable[[str], Any], text: str, reason: str
) -> None:
    assert refusal(read, text).startswith(reason)


def test_a_point_alone_stays_a_decimal_point() -> None:
    assert spellings.cents("1.250") == 125


@pytest.mark.parametrize(
    ("read", "text", "meant"),
    [
        (TYPE_CELL, "Gift card", "GIFT_VOUCHER"),
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
    ],
)
def test_choices_in_plain_words(read: Callable[[str], Any], text: str, meant: object) -> None:
    assert read(text) == meant


@given(st.text(max_size=80))
def test_whatever_stands_there_is_a_value_or_a_problem(text: str) -> None:
    for read in (spellings.moment, spellings.cents, spellings.percent, spellings.whole_number, spellings.boolean,
                 TYPE_CELL, DISCOUNT_TYPE_CELL):  # fmt: skip
        with suppress(Problem):
            read(text)


@given(st.text(alphabet="0123456789.,-+%€ /:TZ", max_size=25))
def test_what_the_wire_format_takes_means_the_same_in_files(text: str) -> None:
    pairs = ((cleaning.moment, spellings.moment), (cleaning.cell_cents, spellings.cents),
             (cleaning.cell_number, spellings.number))  # fmt: skip
    for strict, lenient in pairs:
        try:
            meant = strict(text)
        except Problem:
            continue
        assert lenient(text) == meant
