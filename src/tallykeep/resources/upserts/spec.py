"""The declaration of an upserted noun."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from tallykeep.core.compatibility import Compatibility
from tallykeep.core.ids import wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import PROJECT, SCHEMAS
from tallykeep.resources.fields.field import Field, as_it_stands
from tallykeep.resources.lists.conditions import text, timestamp
from tallykeep.resources.lists.spec import BY_TIME, ListSpec, Order
from tallykeep.resources.upserts.declaring.declarations import (
    ENDPOINTS,
    Computed,
    Endpoint,
    ListDeclaration,
    Recognition,
    Reference,
)
from tallykeep.resources.upserts.statements import Statements, Table, matching


@dataclass(slots=True)
class Change:
    """The changes of one row: `values` by field (None clears), `metadata` to add; or its problems."""

    row: int
    source_id: str | None = None
    id: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def key(self) -> str | None:
        """The key that the row gives."""
        return self.source_id if self.source_id is not None else self.id


# Whether something exists by now that was missing when it mattered; called after everything else is locked.
Recheck = Callable[[], Awaitable[bool]]
# Resolves what changes refer to, adds a problem to those that refer to nothing, and returns what checks it again.
Resolve = Callable[[Connection, int, list[Change], datetime], Awaitable[list[Recheck]]]


# The id that a resource got here, by which rows may name it too.
ID = Field(name="id", titles=("id",))


@dataclass(frozen=True, kw_only=True, eq=False)
class UpsertSpec:
    """A noun whose resources are upserted: its table, its fields, and what is true of it beyond them.

    `source_id` is the key that clients give it. With `own_timestamps`, resources that are written together still differ
    in the microsecond. What is written, shown, listed, imported, exported, described and recognized follows from here.
    """

    noun: str
    prefix: str
    source_id: Field
    fields: tuple[Field, ...]
    table_name: str
    title: str = ""  # what it is called on pages, where that is not the noun itself
    own_timestamps: bool = False
    source_id_required: bool = False  # of what a file makes anew
    resolve: Resolve | None = None
    reference: Reference | None = None
    depends_on: tuple[str, ...] = (PROJECT, SCHEMAS)  # the gates held while it is written
    computed: tuple[Computed, ...] = ()
    list_declaration: ListDeclaration = field(default_factory=ListDeclaration)
    recognition: Recognition = field(default_factory=Recognition)
    endpoints: tuple[Endpoint, ...] = ENDPOINTS
    brings: str = ""  # what is created along with it, as the OpenAPI document says it
    update_rule: str = "fields left out stay, metadata is added to"
    compatibility: Mapping[Endpoint, Compatibility] | None = None  # None: the reference API has no such noun

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
            reference=None if self.reference is None else (self.reference.field, self.reference.table),
            required=tuple(field.column_name for field in stored if field.required),
        )

    @cached_property
    def statements(self) -> Statements:
        """The statements of its table."""
        return Statements(self.table)

    @cached_property
    def list_spec(self) -> ListSpec:
        """The list of it: filtered by its fields and by when it was written."""
        declared = self.list_declaration
        filters = {name: each for field in self.fields for name, each in field.filters.items()}
        return ListSpec(
            noun=self.plural,
            matching=matching(self.table_name, self.parent_key),
            fields={"id": text(), "source_id": text(), **filters, "created_at": timestamp(), "updated_at": timestamp()},
            orders={
                # Ids grow with time; where every resource has a time of its own, a list can be gone on with behind it.
                "created_at": Order("created_at" if self.own_timestamps else "id"),
                "updated_at": Order("updated_at", nullable=True),
                **declared.orders,
            },
            shortcuts={**declared.shortcuts, **BY_TIME},
            refused=declared.refused,
            cursor=declared.cursor,
        )

    def show(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row of its table in wire format."""
        precision = "microseconds" if self.own_timestamps else "milliseconds"
        return {
            "id": row["id"],
            "source_id": row["source_id"],
            **{name: show(row[column]) for name, column, show in self._shown},
            **self._computed_of(row),
            "metadata": row["metadata"],
            "created_at": wire_time(row["created_at"], precision),
            "updated_at": wire_time(row["updated_at"], precision),
            "object": self.noun,
        }

    @cached_property
    def _shown(self) -> list[tuple[str, str, Callable[[Any], Any]]]:
        """The name in JSON of each column that is shown, the column, and what makes JSON of its value."""
        stored = [field for field in self.fields if field.stored]
        plain = {field.name: (field.column_name, field.show) for field in stored if field.inside is None}
        columns = {field.inside or field.name: (field.inside or "", as_it_stands) for field in stored} | plain
        return [(name, column, show) for name, (column, show) in columns.items()]

    def _computed_of(self, row: dict[str, Any]) -> dict[str, Any]:
        values = ((each, each.compute(row)) for each in self.computed)
        return {each.name: value for each, value in values if value is not None or not each.optional}

    @property
    def parent_key(self) -> str | None:
        """The field with the key of the resource that it is below; None where it is below none."""
        return next((field.name for field in self.fields if field.is_parent), None)

    @property
    def plural(self) -> str:
        """Its plural, in paths and lists."""
        return self.table_name

    @property
    def name(self) -> str:
        """Its name for people, in the middle of a sentence."""
        return self.title or self.noun

    @property
    def one(self) -> str:
        """The same with its article."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    @property
    def people_call_them(self) -> str:
        """Its plural for people, in the middle of a sentence."""
        return f"{self.title}s" if self.title else self.plural

    @property
    def plural_title(self) -> str:
        """The same at the head of a page."""
        return self.people_call_them[0].upper() + self.people_call_them[1:]

    @property
    def titles(self) -> tuple[str, ...]:
        """The columns a file may have for it, metadata aside."""
        return ("source_id", ID.title, *(title for field in self.fields for title in field.titles))

    @property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        """The same, titles of one meaning together."""
        return (("source_id",), ID.titles, *(field.titles for field in self.fields if field.titles))

    @property
    def file_fields(self) -> tuple[Field, ...]:
        """The fields that files have, in the order of the template: its key first, our own id not among them."""
        return (self.source_id, *(field for field in self.fields if field.titles))

    @property
    def error_key(self) -> str:
        """The key of the error for a row that cannot be taken (wire format)."""
        return f"invalid_{self.noun}"
