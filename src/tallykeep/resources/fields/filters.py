"""What a field declares of the filters of lists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

# Reads one value of the query string; raises Problem.
Reader = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of a field: its SQL, with {column} and {value}, and what reads the value.

    Without `read` it takes no value, with `many` a list of them. `column` stands in for the field's own.
    """

    sql: LiteralString
    read: Reader | None = None
    many: bool = False
    column: LiteralString | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """How a list is filtered by one of its fields; without `column`, of the column of the field's name."""

    conditions: Mapping[str, Condition]
    column: LiteralString | None = None
