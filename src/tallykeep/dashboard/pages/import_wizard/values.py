"""The wizard's answers for a file: meanings of its own words (`values`), and one value for all rows (`defaults`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from tallykeep.core import exact_json

_TEXT, _DEFAULT = "value", "default"  # how the form's fields begin: -field-, -text-, -to-, each with a number
_ADDED = "default-add"
_MAX_TEXTS = 30  # of a column; one with more is hardly what it is taken for


@dataclass(frozen=True, slots=True)
class Translation:
    """One text of the file, in the column of one field, and what it means; empty where it stays as it is."""

    field: str
    text: str
    to: str
    choices: list[str]


@dataclass(frozen=True, slots=True)
class Constant:
    """One value for all rows that have none; `rows` is how many of the previewed rows fail without it."""

    field: str
    to: str
    choices: list[str]
    rows: int


def submission_options_of(form: FormData) -> dict[str, str]:
    """Return the submission options `values` and `defaults` from the form's fields, as JSON, without empty ones."""
    values: dict[str, dict[str, str]] = {}
    for field, text, to in _filled(form, _TEXT):
        if to:
            values.setdefault(field, {})[text] = to
    defaults = {field: to for field, _, to in _filled(form, _DEFAULT) if to}
    options = {"values": values, "defaults": defaults}
    return {name: exact_json.dumps(value).decode() for name, value in options.items() if value}


def _filled(form: FormData, begin: str) -> list[tuple[str, str, str]]:
    """Return field, text and what it becomes, in the form's order."""
    numbers = [name.removeprefix(f"{begin}-field-") for name in form if name.startswith(f"{begin}-field-")]

    def part(name: str, number: str) -> str:
        return str(form.get(f"{begin}-{name}-{number}", ""))

    return [(part("field", number), part("text", number), part("to", number)) for number in numbers]


def translations(seen: dict[str, Any], form: FormData) -> list[Translation]:
    """Return every text that is unknown, or was until somebody said what it means, in a stable order."""
    shown: list[Translation] = []
    entered = [(field, text) for field, text, _ in _filled(form, _TEXT)]
    for column in seen["columns"]:
        field, choices = column["target"], column["choices"]
        if not choices:
            continue
        meanings: dict[str, str] = seen["values"].get(field, {})
        known = {*meanings, *column["unknown_values"]}
        before = [text for of, text in entered if of == field and text in known]
        texts = list(dict.fromkeys((*before, *meanings, *column["unknown_values"])))[:_MAX_TEXTS]
        shown += [Translation(field, text, meanings.get(text, ""), choices) for text in texts]
    return shown


def constants(seen: dict[str, Any], form: FormData) -> list[Constant]:
    """Return the fields without which rows fail, and those that somebody set or added."""
    needed = {each["title"]: each["rows"] for each in seen["needed"] if each["title"] != _key(seen)}
    wanted = {*needed, *seen["defaults"], str(form.get(_ADDED, ""))}
    before = [field for field, *_ in _filled(form, _DEFAULT)]
    order = dict.fromkeys((*before, *needed, *seen["defaults"], *wanted))
    choices = {field["title"]: field["choices"] for field in seen["fields"]}
    return [
        Constant(field, seen["defaults"].get(field, ""), choices.get(field, []), needed.get(field, 0))
        for field in order
        if field and field in wanted
    ]


def _key(seen: dict[str, Any]) -> str:
    """Return the title of the key's field, which cannot have one value for all rows."""
    return str(seen["fields"][0]["title"]) if seen["fields"] else ""


def further(seen: dict[str, Any], shown: Iterable[Constant]) -> list[str]:
    """Return the other fields without a column, which might have one value for all rows."""
    there = {column["target"] for column in seen["columns"]} | {each.field for each in shown}
    names = ("id", "source_id", _key(seen))
    titles = [field["title"] for field in seen["fields"]]
    return [title for title in titles if title not in there and title.lower() not in names and title != _key(seen)]
