"""Declarations of a noun beside its fields; each has a plain noun's needs as its default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tallykeep.resources.lists.spec import Order

Endpoint = Literal["list", "create", "get", "update", "delete"]
ENDPOINTS: tuple[Endpoint, ...] = ("list", "create", "get", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A field of the answer that no row gives: `compute` makes it of the table's row.

    One that is `optional` is left out where that returns None.
    """

    name: str
    compute: Callable[[dict[str, Any]], Any]
    json_type: Any
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDeclaration:
    """The noun's list, beside the filters of its fields and the two times.

    Pages are counted up to `max_page`; the other attributes are those of `ListSpec`.
    """

    orders: Mapping[str, Order] = field(default_factory=dict)
    shortcuts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    cursor: str | None = None
    max_page: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How a preview distinguishes the noun's rows from others.

    `prefixes` are words in front of a column's name that only say what the rows are, in small letters without accents
    and blanks; the noun itself is one. JSON rows have one property of each group in `expected`, or of the fields if
    there is none. With `needs_little`, rows are taken for the noun whatever they lack.
    """

    prefixes: tuple[str, ...] = ()
    expected: tuple[tuple[str, ...], ...] = ()
    needs_little: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The required field that has the key of another resource, `noun` in a `table` of its own: an id or a source_id.

    What is stored is the id.
    """

    field: str
    noun: str
    table: str
