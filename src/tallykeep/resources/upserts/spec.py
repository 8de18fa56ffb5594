"""What a resource that is upserted declares of itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import PROJECT, SCHEMAS
from tallykeep.resources.fields.field import Field
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


# Whether something is there by now that was missing when it mattered; asked once everything else is locked.
Recheck = Callable[[], Awaitable[bool]]
# Looks up what changes refer to, and gives a problem to those that refer to nothing; returns how to look for it again.
Resolve = Callable[[Connection, int, list[Change], datetime], Awaitable[list[Recheck]]]


# The id that a resource got here, by which rows may name it too.
ID = Field(name="id", titles=("id",))


@dataclass(frozen=True, kw_only=True)
class UpsertSpec:
    """One kind of resource: its fields, and the name of the table that holds them.

    `source_id` is the key that clients give it. With `own_timestamps`, resources that are written together still differ
    in the microsecond.
    """

    noun: str
    prefix: str
    source_id: Field
    fields: tuple[Field, ...]
    table_name: str
    own_timestamps: bool = False
    source_id_required: bool = False  # of what a file makes anew
    resolve: Resolve | None = None
    depends_on: tuple[str, ...] = (PROJECT, SCHEMAS)  # the gates held while it is written

    @cached_property
    def table(self) -> Table:
        """Its table, as the fields that are stored make it; metadata is its last column."""
        stored = [field for field in self.fields if field.stored]
        holders = list(dict.fromkeys(field.inside for field in stored if field.inside is not None))
        return Table(
            name=self.table_name,
            columns=(*dict.fromkeys(field.inside or field.column_name for field in stored), "metadata"),
            json_columns=(*holders, *(field.column_name for field in stored if field.has_json_default), "metadata"),
            objects=(*holders, *(field.column_name for field in stored if field.grows), "metadata"),
            defaults={field.column_name: field.default for field in stored if field.default is not None},
            own_timestamps=self.own_timestamps,
        )

    @cached_property
    def statements(self) -> Statements:
        """The statements of its table."""
        return Statements(self.table)

    @property
    def titles(self) -> tuple[str, ...]:
        """The columns a file may have for it, metadata aside."""
        return ("source_id", ID.title, *(title for field in self.fields for title in field.titles))

    @property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        """The same, titles of one meaning together."""
        return (("source_id",), ID.titles, *(field.titles for field in self.fields if field.titles))

    @property
    def error_key(self) -> str:
        """The key of the error for a row that cannot be taken (wire format)."""
        return f"invalid_{self.noun}"
