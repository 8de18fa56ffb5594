"""The types of fields that lists are filtered by, and the conditions of each (public API documentation, schemas
FilterConditionsString, FilterConditionsDateTime and ParameterFiltersListCampaigns)."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import LiteralString

from tallykeep.db.queries import queries
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual
from tallykeep.resources.fields.filters import Condition, Filter, Reader

_sql = queries(__package__, "conditions.sql")

_NUMBER_TEXT = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_MAX_NUMBER_LENGTH = 1_000
_MAX_DAYS = 700_000


def read_timestamp(value: str) -> datetime:
    """Read a timestamp in a query string: 2016-11-16T14:14:31Z or 2016-11-16. Raises Problem for anything else."""
    try:
        # A plus sign that was not escaped arrives as a space.
        return cleaning.exact_timestamp(value.replace(" ", "+"))
    except Problem:
        raise Problem("cannot be recognized as a ISO-8601 compliant date") from None


def read_number(value: str) -> Decimal:
    """Read a number in a query string: whatever metadata may hold, digit by digit. Raises Problem for anything else."""
    text = value.strip().replace(" ", "+")
    if len(text) > _MAX_NUMBER_LENGTH or not _NUMBER_TEXT.fullmatch(text):
        raise Problem(f"must be a number {actual(value)}")
    return Decimal(text)


def _days(value: str) -> timedelta:
    days = cleaning.cell_integer(value)
    if not 0 <= days <= _MAX_DAYS:
        raise Problem(f"must be a number of days within the calendar, at most {_MAX_DAYS} {actual(value)}")
    return timedelta(days=days)


_PRESENCE = {"$has_value": Condition(sql=_sql.has_value), "$is_unknown": Condition(sql=_sql.is_unknown)}
_MEMBERSHIP: dict[str, Callable[[Reader], Condition]] = {
    "$is": lambda read: Condition(sql=_sql.is_value, read=read),
    "$is_not": lambda read: Condition(sql=_sql.is_not_value, read=read),
    "$in": lambda read: Condition(sql=_sql.is_one_of, read=read, many=True),
    "$not_in": lambda read: Condition(sql=_sql.is_none_of, read=read, many=True),
}
_TEXT = {
    **{name: make(cleaning.text) for name, make in _MEMBERSHIP.items()},
    "$starts_with": Condition(sql=_sql.starts_with, read=cleaning.text),
    "$ends_with": Condition(sql=_sql.ends_with, read=cleaning.text),
    "$contains": Condition(sql=_sql.contains, read=cleaning.text),
    "$not_contain": Condition(sql=_sql.not_contain, read=cleaning.text),
    **_PRESENCE,
}
_COMPARISON = {
    "$more_than": Condition(sql=_sql.more_than, read=read_number),
    "$less_than": Condition(sql=_sql.less_than, read=read_number),
    "$more_than_equal": Condition(sql=_sql.more_than_equal, read=read_number),
    "$less_than_equal": Condition(sql=_sql.less_than_equal, read=read_number),
}
_NUMBER = {
    "$is": Condition(sql=_sql.is_number, read=read_number),
    "$is_not": Condition(sql=_sql.is_not_number, read=read_number),
    "$in": Condition(sql=_sql.is_one_of_numbers, read=read_number, many=True),
    "$not_in": Condition(sql=_sql.is_none_of_numbers, read=read_number, many=True),
    **_COMPARISON,
    **_PRESENCE,
}
# Days are counted back from now: more than 10 is longer ago than that.
_TIMESTAMP = {
    "$after": Condition(sql=_sql.after, read=read_timestamp),
    "$before": Condition(sql=_sql.before, read=read_timestamp),
    "$after_equal": Condition(sql=_sql.after_equal, read=read_timestamp),
    "$before_equal": Condition(sql=_sql.before_equal, read=read_timestamp),
    "$more_than": Condition(sql=_sql.more_days_ago, read=_days),
    "$less_than": Condition(sql=_sql.less_days_ago, read=_days),
    **_PRESENCE,
}
_BOOLEAN = {
    "$is": Condition(sql=_sql.is_boolean, read=cleaning.boolean),
    "$is_not": Condition(sql=_sql.is_not_boolean, read=cleaning.boolean),
}

# Of what has the columns active, start_date and expiration_date.
ACTIVE = Filter(
    {
        "$active": Condition(sql=_sql.in_force),
        "$enabled": Condition(sql=_sql.enabled),
        "$disabled": Condition(sql=_sql.disabled),
        "$expired": Condition(sql=_sql.expired),
    }
)
METADATA = Filter(
    {**_TEXT, **{name: replace(condition, column=_sql.metadata_number) for name, condition in _COMPARISON.items()}},
    _sql.metadata_text,
)


def _day(value: str) -> str:
    if value not in "0123456" or len(value) != 1:
        raise Problem(f"must be a day from 0, Sunday, to 6, Saturday {actual(value)}")
    return value


def days_of_week(column: LiteralString) -> Filter:
    """Filter by days from 0 to 6; none stand for all of them."""
    return Filter({"$is": Condition(sql=_sql.is_valid_on, read=_day, many=True)}, column)


def present(column: LiteralString) -> Filter:
    """Filter by something that is there or not."""
    return Filter(_PRESENCE, column)


def text(column: LiteralString | None = None) -> Filter:
    """Filter by any text."""
    return Filter(_TEXT, column)


def word(*allowed: str, column: LiteralString | None = None) -> Filter:
    """Filter by one of these words."""
    clean = cleaning.one_of(*allowed)
    return Filter({**_TEXT, **{name: make(clean) for name, make in _MEMBERSHIP.items()}}, column)


def number(column: LiteralString | None = None) -> Filter:
    """Filter by a number."""
    return Filter(_NUMBER, column)


def timestamp(column: LiteralString | None = None) -> Filter:
    """Filter by a timestamp."""
    return Filter(_TIMESTAMP, column)


def boolean(column: LiteralString | None = None) -> Filter:
    """Filter by true or false."""
    return Filter(_BOOLEAN, column)


# For properties that no resource here has, such as a holder, and that none of them is, such as a referral code.
NEVER_SET = text(_sql.always_null)
NEVER_TRUE = boolean(_sql.always_false)
