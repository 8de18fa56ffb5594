"""The types of fields that nouns are made of: how each is read, filtered by, described and recognized."""

from typing import Any, LiteralString

from psycopg import sql

from tallykeep.core.ids import wire_time
from tallykeep.resources.fields import cleaning, numerals
from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.filters import Filter
from tallykeep.resources.fields.json_types import Time
from tallykeep.resources.lists import conditions


def text_field(name: str, *titles: str, inside: str | None = None, **more: Any) -> Field:
    """Declare a text, within the object `inside` if there is one; `more` are further attributes of the field."""
    if inside is None:
        filters = {name: conditions.text()}
    else:
        filters = {f"{inside}_{name}": conditions.text(_within(inside, name))}
    declared: dict[str, Any] = {"clean": cleaning.text, "clean_cell": cleaning.text, "filters": filters}
    return Field(name=name, titles=titles, inside=inside, **(declared | more))


def key_field(name: str, *titles: str, **more: Any) -> Field:
    """Declare the key of another resource."""
    declared: dict[str, Any] = {"clean": cleaning.key_text, "clean_cell": cleaning.key_text, "shape": "key"}
    return _declare(name, titles, conditions.text(), declared | more)


def choice_field(name: str, *allowed: str, json_type: Any, **more: Any) -> Field:
    """Declare a field of JSON rows that holds one of these words."""
    declared: dict[str, Any] = {"clean": cleaning.one_of(*allowed), "json_type": json_type}
    return _declare(name, (), conditions.word(*allowed), declared | more)


def amount_field(name: str, *titles: str, **more: Any) -> Field:
    """Declare an amount: in cents in JSON, in complete units in files."""
    declared: dict[str, Any] = {
        "clean": cleaning.integer,
        "clean_cell": numerals.cents,
        "json_type": int,
        "description": "In cents.",
        "shape": "number",
    }
    return _declare(name, titles, conditions.number(), declared | more)


def number_field(name: str, *titles: str, **more: Any) -> Field:
    """Declare an integer; no noun has one yet."""
    declared: dict[str, Any] = {
        "clean": cleaning.integer,
        "clean_cell": numerals.integer,
        "json_type": int,
        "shape": "number",
    }
    return _declare(name, titles, conditions.number(), declared | more)


def day_field(name: str, *titles: str, **more: Any) -> Field:
    """Declare a day without a time."""
    declared: dict[str, Any] = {
        "clean": cleaning.day,
        "clean_cell": spellings.day,
        "show": _iso_day,
        "description": "YYYY-MM-DD.",
        "shape": "date",
    }
    return Field(name=name, titles=titles, **(declared | more))


def timestamp_field(name: str, *titles: str, **more: Any) -> Field:
    """Declare a point in time; no noun has one yet."""
    declared: dict[str, Any] = {
        "clean": cleaning.timestamp,
        "clean_cell": spellings.timestamp,
        "show": wire_time,
        "json_type": Time,
        "shape": "date",
    }
    return _declare(name, titles, conditions.timestamp(), declared | more)


def _declare(name: str, titles: tuple[str, ...], condition: Filter, more: dict[str, Any]) -> Field:
    return Field(name=name, titles=titles, **({"filters": {name: condition}} | more))


def _iso_day(day: Any) -> str | None:
    return day.isoformat() if day else None


def _within(holder: str, name: str) -> LiteralString:
    """The SQL of a text within a column of JSON; both are names of our own declarations."""
    return sql.SQL("{} ->> {}").format(sql.Identifier(holder), sql.Literal(name)).as_string(None)
