"""A list's query string, read: what to select, in which order. Whatever cannot be taken at its word is a 400."""

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from tallykeep.core.errors import InvalidQueryError
from tallykeep.db.queries import queries
from tallykeep.resources.fields.cleaning import Problem, actual
from tallykeep.resources.fields.filters import Condition, Filter
from tallykeep.resources.lists.conditions import METADATA
from tallykeep.resources.lists.spec import ListSpec

_sql = queries(__package__, "page.sql")

Name = tuple[str, ...]

# filters[code][conditions][$in][0], and as it is also documented: [filters][code][conditions][$in][0]
_PART = re.compile(r"[^\[\]]+")
_INDEX = re.compile(r"(?<=.)\[\d*+\]$")
# A text or a number of a list as Python writes it, up to the comma behind it.
_ELEMENT = re.compile(r"""\s*+('(?:[^'\\]++|\\.)*+'|"(?:[^"\\]++|\\.)*+"|[\w.+-]{1,100}+)\s*+(?:,|\Z)""", re.DOTALL)
_MAX_CONDITIONS = 100
_NO_VALUE = ("", "true", "{}")


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection of a list: its conditions, their parameters and the order, as SQL composed of fixed forms."""

    conditions: sql.Composable
    parameters: dict[str, Any]
    order: sql.Composable

    @property
    def is_filtered(self) -> bool:
        """Whether the list has conditions."""
        return bool(self.parameters)


def read_selection(list_spec: ListSpec, query: Iterable[tuple[str, str]]) -> Selection:
    """Read a query string's pairs; raises InvalidQueryError that names the parameter. Unknown ones are read over."""
    return _Reading(list_spec, _grouped(query)).selection()


def _grouped(query: Iterable[tuple[str, str]]) -> dict[Name, list[str]]:
    """Group the values by name, with those of `ids`, `ids[]` and `ids[0]` together, without empty ones."""
    grouped: dict[Name, list[str]] = {}
    for name, value in query:
        parts = tuple(_PART.findall(_INDEX.sub("", name)))
        grouped.setdefault(parts, []).append(value)
    beside = Counter(_owner(name) for name in grouped)
    return {name: values for name, values in grouped.items() if not _is_null(name, values, beside[_owner(name)])}


def _owner(name: Name) -> Name:
    """Return what a parameter is a part of: the field of a filter, or the object that holds it."""
    return name[:2] if name[:1] == ("filters",) else name[:1]


def _is_null(name: Name, values: list[str], beside: int) -> bool:
    """Whether the official Python SDK says so that a part of an object is absent: it writes all parts of it.

    A filter's only condition is taken at its word: there, None is a text as any other.
    """
    if values != ["None"] or len(name) == 1:
        return False
    is_condition = name[0] == "filters" and len(name) > 3
    return not is_condition or beside > 1


class _Reading:
    """One query string, while it is read."""

    def __init__(self, list_spec: ListSpec, params: dict[Name, list[str]]) -> None:
        self._list_spec = list_spec
        self._params = params
        self._parameters: dict[str, Any] = {}
        self._conditions: list[sql.Composable] = []

    def selection(self) -> Selection:
        """Read every parameter."""
        order = self._order()
        filters = [(name, values) for name, values in self._params.items() if name[:1] == ("filters",)]
        for name, values in self._params.items():
            self._read_parameter(name, values)
        self._read_filters(filters)
        self._read_cursor(order)
        conditions = sql.SQL(" AND ").join(self._conditions or [sql.SQL(_sql.no_condition)])
        return Selection(conditions, self._parameters, self._ordered(order))

    def _read_parameter(self, name: Name, values: list[str]) -> None:
        label = _label(name)
        if label in self._list_spec.shortcuts:
            field, condition = self._list_spec.shortcuts[label]
            self._conditions.append(self._condition(label, field, self._list_spec.fields[field], condition, values))
        elif name[:1] and name[0] in self._list_spec.refused:
            raise _refused(label, self._list_spec.refused[name[0]])
        elif known := [known for known in self._list_spec.shortcuts if _PART.findall(known)[:1] == list(name[:1])]:
            raise _refused(label, f"is not known; use {' or '.join(known)}")

    def _read_filters(self, filters: list[tuple[Name, list[str]]]) -> None:
        junction = "and"
        conditions: list[sql.Composable] = []
        for name, values in filters:
            if name[1:] == ("junction",):
                junction = values[-1].lower()
            else:
                conditions.append(self._filter(name, values))
        if len(conditions) > _MAX_CONDITIONS:
            raise _refused("filters", f"has {len(conditions)} conditions; at most {_MAX_CONDITIONS} are possible")
        if junction not in ("and", "or"):
            raise _refused("filters[junction]", f"must be one of and, or {actual(junction)}")
        if conditions:
            joined = sql.SQL(" OR ") if junction == "or" else sql.SQL(" AND ")
            self._conditions.append(sql.SQL("({})").format(joined.join(conditions)))

    def _filter(self, name: Name, values: list[str]) -> sql.Composable:
        label = _label(name)
        match name[1:]:
            # Both are documented for `active`.
            case (field, "conditions", condition) | (field, condition) if condition != "conditions":
                return self._condition(label, field, self._field(label, field), condition, values)
        raise _refused(label, "must have the form filters[id][conditions][$is]")

    def _field(self, label: str, name: str) -> Filter:
        if self._list_spec.has_metadata and name.startswith("metadata.") and name != "metadata.":
            return METADATA
        if name not in self._list_spec.fields:
            known = ", ".join([*self._list_spec.fields, *(["metadata.…"] if self._list_spec.has_metadata else [])])
            raise _refused(label, f"is no field that {self._list_spec.noun} can be filtered by; there are {known}")
        return self._list_spec.fields[name]

    def _condition(
        self, label: str, name: str, field: Filter, condition_name: str, values: list[str]
    ) -> sql.Composable:
        condition = field.conditions.get(condition_name)
        if condition is None:
            known = ", ".join(field.conditions)
            raise _refused(label, f"is no condition for {name}; there are {known}")
        parts: dict[str, sql.Composable] = {"column": self._column(name, field, condition)}
        value = _value(label, condition, values)
        if condition.read is not None:
            parts["value"] = self._parameter(value)
        return sql.SQL("({})").format(sql.SQL(condition.sql).format(**parts))

    def _column(self, name: str, field: Filter, condition: Condition) -> sql.Composable:
        column = condition.column or field.column
        if column is None:
            return sql.Identifier(name)
        if field is METADATA:
            return sql.SQL("({})").format(sql.SQL(column).format(key=self._parameter(name.removeprefix("metadata."))))
        return sql.SQL("({})").format(sql.SQL(column))

    def _parameter(self, value: Any) -> sql.Placeholder:
        name = f"condition_{len(self._parameters)}"
        self._parameters[name] = value
        return sql.Placeholder(name)

    def _order(self) -> str:
        order = self._params.get(("order",), [self._list_spec.default_order])[-1]
        if order not in self._list_spec.order_names:
            raise _refused("order", f"must be one of {', '.join(self._list_spec.order_names)} {actual(order)}")
        return order

    def _ordered(self, name: str) -> sql.Composable:
        order = self._list_spec.orders[name.removeprefix("-")]
        if name.startswith("-"):
            form = _sql.descending_to_null if order.nullable else _sql.descending
        else:
            form = _sql.ascending_from_null if order.nullable else _sql.ascending
        return sql.SQL(form).format(column=sql.Identifier(order.column))

    def _read_cursor(self, order: str) -> None:
        cursor = self._list_spec.cursor
        if cursor is None or (cursor,) not in self._params:
            return
        column = order.removeprefix("-")
        if "$after" not in (field := self._list_spec.fields[column]).conditions:
            raise _refused(cursor, f"cannot be used with order={order}; use one of created_at and updated_at")
        condition = "$before" if order.startswith("-") else "$after"
        self._conditions.append(self._condition(cursor, column, field, condition, self._params[(cursor,)]))


def _value(label: str, condition: Condition, values: list[str]) -> Any:
    try:
        if condition.many:
            read = condition.read or str
            return [read(value) for text in values for value in _elements(text)]
        if len(values) > 1:
            raise Problem("must be given once")
        if condition.read is not None:
            return condition.read(values[0])
        if values[0].lower() not in _NO_VALUE:
            raise Problem(f"takes no value but true {actual(values[0])}")
    except Problem as problem:
        raise _refused(label, str(problem)) from None


def _elements(text: str) -> list[str]:
    """Split one value of a list: itself, or where a client wrote an array into it, the array's elements.

    The official Python SDK sends ids=['a', 'b'], as Python writes a list.
    """
    if not (text.startswith("[") and text.endswith("]")):
        return [text]
    elements: list[str] = []
    at = 1
    while match := _ELEMENT.match(text, at, len(text) - 1):
        try:
            elements.append(str(ast.literal_eval(match[1])))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return [text]
        at = match.end()
    return elements if not text[at:-1].strip() else [text]


def _label(name: Name) -> str:
    return "".join([*name[:1], *(f"[{part}]" for part in name[1:])])


def _refused(label: str, problem: str) -> InvalidQueryError:
    return InvalidQueryError(f"Property .{label} {problem}")
