"""Metadata against its schema: a schema is compiled once into checks, then run on every row.

A reason names the whole definition, then the value, as the wire format does (captured examples of GET
/v1/async-actions/{id}): «unit: must be a number, property is required (actual value is 'EUR')».
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual, shown
from tallykeep.resources.metadata.cell_types import typed, typed_array
from tallykeep.resources.metadata.rules import Definition, Refused, Test, rules_of

STANDARD_TYPES = ("string", "number", "boolean", "date", "datetime", "image_url", "object", "geopoint")

_PLURALS = {
    "string": "strings", "number": "numbers", "boolean": "booleans", "date": "dates", "datetime": "datetimes",
    "image_url": "image URLs", "object": "objects", "geopoint": "geopoints",
}  # fmt: skip
_SINGULARS = {
    "string": "a string", "number": "a number", "boolean": "a boolean", "date": "a date", "datetime": "a datetime",
    "image_url": "an image URL", "object": "an object", "geopoint": "a geopoint",
}  # fmt: skip
CellType = Literal["text", "number", "date", "other"]
_CELL_TYPES: dict[str, CellType] = {
    "string": "text", "image_url": "text", "geopoint": "text", "number": "number", "date": "date", "datetime": "date",
}  # fmt: skip
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_GEOPOINT = re.compile(r"\s*+([+-]?\d{1,3}(?:\.\d{1,99})?)\s*+,\s*+([+-]?\d{1,3}(?:\.\d{1,99})?)\s*+", re.ASCII)
_SCHEMES = ("http://", "https://")
MAX_PROBLEMS = 100  # problems of one object: more are nobody's to read


@dataclass(frozen=True, slots=True)
class MetadataSchema:
    """Checks one resource type's metadata against the project's schema; `nested` holds its custom schemas by name."""

    properties: Mapping[str, Definition]
    allow_defined_only: bool = False
    nested: Mapping[str, "MetadataSchema"] | None = None


class MetadataChecker:
    """A compiled schema. Without one (None) any metadata that can be stored is taken."""

    def __init__(self, schema: MetadataSchema | None) -> None:
        properties = schema.properties if schema else {}
        nested = (schema.nested if schema else None) or {}
        self._fields = {
            name: _Field(name, definition, nested)
            for name, definition in properties.items()
            if not definition.get("deleted")
        }
        # The keys that must be there, each with what is said of a row without it.
        self.missing = [(field.name, field.reason_missing()) for field in self._fields.values() if field.required]
        self._only_defined = bool(schema and schema.allow_defined_only)

    @property
    def takes_anything(self) -> bool:
        """Whether any metadata that can be stored is taken."""
        return not self._fields and not self._only_defined

    def problems(self, metadata: dict[str, Any], unread: Collection[str] = ()) -> list[str]:
        """List every reason why this metadata cannot be taken, in the order of its keys; empty when it can.

        Keys that are `unread` were there, but could not be read.
        """
        problems: list[str] = []
        if self._fields or self._only_defined:
            for name, value in metadata.items():
                if len(problems) == MAX_PROBLEMS:
                    return [*problems, "metadata has more problems than these"]
                field = self._fields.get(name)
                if field is None:
                    if self._only_defined:
                        problems.append(_undefined(name, value))
                elif not field.accepts(value):
                    problems.append(field.reason(value))
            present = metadata.keys() | unread
            problems.extend(reason for name, reason in self.missing if name not in present)
        return problems or self._storable(metadata)

    def takes(self, metadata: dict[str, Any]) -> bool:
        """Whether metadata that can be stored has no problem; quicker than `problems` where it has."""
        if any(name not in metadata for name, _ in self.missing):
            return False
        for name, value in metadata.items():
            field = self._fields.get(name)
            if self._only_defined if field is None else not field.accepts(value):
                return False
        return True

    @staticmethod
    def _storable(metadata: dict[str, Any]) -> list[str]:
        try:
            cleaning.check_storable(metadata)
        except Problem as problem:
            return [f"metadata {problem}"]
        return []

    @property
    def defined(self) -> frozenset[str]:
        """The keys that the schema says something of."""
        return frozenset(self._fields)

    @property
    def types(self) -> dict[str, str]:
        """The type of the values of each key that the schema defines, `array` where they are arrays of it."""
        return {name: "array" if field.array else field.type for name, field in self._fields.items()}

    @property
    def only_defined(self) -> bool:
        """Whether no other keys are taken."""
        return self._only_defined

    @property
    def required(self) -> frozenset[str]:
        """The keys that must be there."""
        return frozenset(name for name, _ in self.missing)

    def cell_check(self, name: str, mark: str | None = None) -> "CellCheck":
        """Return what reads and checks a file's cells for this key, each by itself; `mark` is as for from_cell."""
        field = self._fields.get(name)
        if field is not None:
            return field.cell_check(self.from_cell(name, mark))
        rules = (_all,) if self._only_defined else ()
        is_taken = not self._only_defined
        return CellCheck(str, "text", rules, lambda _: is_taken, False, is_taken, partial(_undefined, name))

    def from_cell(self, name: str, mark: str | None = None) -> Callable[[str], Any]:
        """Return the reader of a file's cells for this key: typed by its definition, else the text as it stands.

        `mark` stands before the decimals in the column. The reader raises Problem for what may mean two things.
        """
        field = self._fields.get(name)
        return partial(field.from_cell, mark=mark) if field else str


@dataclass(frozen=True, slots=True)
class CellCheck:
    """What reads and checks the cells of one key's column, each by itself.

    `read` makes a value of a cell; it raises Problem. Cells of the type `text` are their values, right or wrong, those
    that are `number` or `date` often, and `other` ones seldom. Each of `rules` tells which values of such cells it does
    not hold for, `accepts` whether any value is taken; of one that is not, `reason` says why.
    """

    read: Callable[[str], Any]
    cell_type: CellType
    rules: tuple[Refused, ...]
    accepts: Test
    required: bool
    nullable: bool
    reason: Callable[[Any], str]

    def refusal(self, value: Any) -> str | None:
        """Say why this value of a cell, None for a null, is not to be taken as the schema has it; None where it is."""
        is_taken = self.nullable if value is None else self.accepts(value)
        return None if is_taken else self.reason(value)

    def refused(self, values: Sequence[Any]) -> AbstractSet[Any]:
        """Return those of these values, of cells of its type, for which a rule does not hold."""
        if len(self.rules) == 1:
            return self.rules[0](values) if values else set()
        return set().union(*(refused(values) for refused in self.rules)) if values else set()


def _all(values: Sequence[Any]) -> set[Any]:
    return set(values)


def _undefined(name: str, value: Any) -> str:
    return f"{shown(name)}: is not defined in the metadata schema {actual(value)}"


class _Field:
    """One definition, compiled: `tests` all have to hold for a value (for each item of an array)."""

    def __init__(self, name: str, definition: Definition, nested: Mapping[str, MetadataSchema]) -> None:
        self.name = name
        self.type: str = definition.get("type") or "string"
        self.array = bool(definition.get("array"))
        self.required = definition.get("optional") is False
        self._nested = _nested_checker(definition, nested)
        self._rules = rules_of(definition)
        self._tests: list[Test] = [_TYPE_TESTS[self.type], *(rule.holds for rule in self._rules)]
        value_type = f"an array of {_PLURALS[self.type]}" if self.array else _SINGULARS[self.type]
        described = [f"must be {value_type}"]
        if self.required:
            described.append("property is required")
        self._description = f"{name}: " + ", ".join([*described, *(rule.words for rule in self._rules)])

    def cell_check(self, read: Callable[[str], Any]) -> CellCheck:
        cell_type: CellType = "other" if self.array else _CELL_TYPES.get(self.type, "other")
        of_type = [_CHECKED_TEXTS[self.type]] if self.type in _CHECKED_TEXTS else []
        rules = (*of_type, *(rule.refused for rule in self._rules))
        return CellCheck(read, cell_type, rules, self.accepts, self.required, not self.required, self.reason)

    def accepts(self, value: Any) -> bool:
        if value is None:
            return not self.required
        if not self.array:
            return self._item(value)
        return isinstance(value, list) and all(map(self._item, value))

    def _item(self, value: Any) -> bool:
        for test in self._tests:
            if not test(value):
                return False
        return self._nested is None or not self._nested.problems(value)

    def reason(self, value: Any) -> str:
        if self._nested is not None and isinstance(value, dict):
            inner = self._nested.problems(value)
            if inner:
                return "; ".join(f"{self.name}.{problem}" for problem in inner)
        return f"{self._description} {actual(value)}"

    def reason_missing(self) -> str:
        return f"{self._description} (no value was given)"

    def from_cell(self, cell: str, *, mark: str | None = None) -> Any:
        return typed_array(self.type, cell) if self.array else typed(self.type, cell, mark)


def _nested_checker(definition: Definition, nested: Mapping[str, MetadataSchema]) -> "MetadataChecker | None":
    schema = nested.get(definition.get("object_type") or "") if definition.get("type") == "object" else None
    # A nested object's schema cannot hold another nested object, so one level is all there is.
    return MetadataChecker(MetadataSchema(schema.properties, schema.allow_defined_only)) if schema else None


def _is_number(value: Any) -> bool:
    return cleaning.is_number(value)


def _is_timestamp(value: Any) -> bool:
    try:
        cleaning.timestamp(value)
    except Problem:
        return False
    return True


def _is_image_url(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(_SCHEMES)


def _is_geopoint(value: Any) -> bool:
    if isinstance(value, dict):
        latitude, longitude = value.get("lat"), value.get("lon", value.get("lng"))
    else:
        match = _GEOPOINT.fullmatch(value) if isinstance(value, str) else None
        latitude, longitude = (float(match[1]), float(match[2])) if match else (None, None)
    return _within(latitude, 90) and _within(longitude, 180)


def _within(value: Any, limit: int) -> bool:
    return _is_number(value) and abs(value) <= limit


_TYPE_TESTS: dict[str, Test] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: isinstance(value, str) and bool(_DATE.match(value)) and _is_timestamp(value),
    "datetime": _is_timestamp,
    "image_url": _is_image_url,
    "object": lambda value: isinstance(value, dict),
    "geopoint": _is_geopoint,
}
_CHECKED_TEXTS: dict[str, Refused] = {  # of types whose texts are not all right
    "image_url": lambda values: {value for value in values if not value.startswith(_SCHEMES)},
    "geopoint": lambda values: {value for value in values if not _is_geopoint(value)},
}
