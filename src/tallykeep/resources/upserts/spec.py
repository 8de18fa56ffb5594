"""What a resource that is upserted declares of itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import PROJECT, SCHEMAS
from tallykeep.resources.fields import numerals
from tallykeep.resources.fields.validators import Cleaner
from tallykeep.resources.upserts.statements import Statements, Table


@dataclass(slots=True)
class Change:
    """What one row wants: `values` by field (None clears), `metadata` to add; or the problems found."""

    row: int
    source_id: str | None = None
    id: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def key(self) -> str | None:
        """What the row names itself by."""
        return self.source_id if self.source_id is not None else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its name in JSON and in the table, its columns in files, and what reads both.

    `inside` names the JSON object it is part of, such as `address`. `is_plain` tells quickly of texts without anything
    special in them whether they are taken as they stand.
    """

    name: str
    clean: Cleaner
    titles: tuple[str, ...]
    clean_cell: Cleaner
    inside: str | None = None
    older_name: str | None = None  # what JSON may call it too
    required: bool = False
    is_plain: Callable[[str], object] | None = None

    def marked(self, mark: str | None) -> "Field":
        """The same field for a column in which this mark stands before decimals."""
        return self if mark is None else replace(self, clean_cell=numerals.marked(self.clean_cell, mark))


# Whether something is there by now that was missing when it mattered; asked once everything else is locked.
Recheck = Callable[[], Awaitable[bool]]
# Looks up what changes refer to, and gives a problem to those that refer to nothing; returns how to look for it again.
Resolve = Callable[[Connection, int, list[Change], datetime], Awaitable[list[Recheck]]]


@dataclass(frozen=True, kw_only=True)
class Upserted:
    """One kind of resource: its fields and the table that holds them."""

    noun: str
    prefix: str
    fields: tuple[Field, ...]
    table: Table
    source_id_required: bool = False  # of what a file makes anew
    resolve: Resolve | None = None
    depends_on: tuple[str, ...] = (PROJECT, SCHEMAS)  # the gates held while it is written

    @cached_property
    def statements(self) -> Statements:
        """The statements of its table."""
        return Statements(self.table)

    @property
    def titles(self) -> tuple[str, ...]:
        """The columns a file may have for it, metadata aside."""
        return ("source_id", "id", *(title for field in self.fields for title in field.titles))

    @property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        """The same, titles of one meaning together."""
        return (("source_id",), ("id",), *(field.titles for field in self.fields if field.titles))

    @property
    def error_key(self) -> str:
        """The key of the error for a row that cannot be taken (wire format)."""
        return f"invalid_{self.noun}"
