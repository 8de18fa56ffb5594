"""The declaration of a field: whatever reads, writes, shows, filters or recognizes a resource's fields asks it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tallykeep.resources.fields import numerals
from tallykeep.resources.fields.cleaning import Cleaner
from tallykeep.resources.fields.filters import Filter

# The shapes of cells, by which a preview recognizes a column.
Shape = Literal["email", "phone", "date", "number", "boolean", "link", "name", "key", "key_or_email"]


def as_it_stands(value: Any) -> Any:
    """Return the value unchanged."""
    return value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """One field: its names in JSON, in files and in the table, and what becomes of its values on every way.

    In the JSON of rows, where it is `in_json`, it is `name`, within the object `inside` if that is set; `clean` reads
    its value. A `composed` field is read and shown along with others, by what knows them all.

    In files it has `titles`, the last of them the template's, and `synonyms` in the files of others; `clean_cell` reads
    its cells, which are one of `choices` where there are any. `is_plain` tells quickly of texts without anything
    special in them whether they are taken as they stand. Where the last day counts, `last_day` are the two that
    read its value and its cells instead: a day alone ends with its end.

    Where it is `stored`, it has a column in the table, named as `column` says, else as itself. `default` is what a new
    resource has, and what null resets the column to. An update adds to a column that `grows`, leaves one that `stays`,
    and replaces others.

    One that `is_parent` has the key of the resource that this one is below, which paths of the API name.

    `show` makes JSON of a stored value, `export` a cell's value of the resource in wire format; `filters` are what
    lists are filtered by, under these names. `json_type` and `description` tell the OpenAPI document what its JSON is.

    `shape` is what cells of others' files look like. In short lists of resources it is a column if it is `in_summary`,
    and it is searched for what people look for if it is `searched`.
    """

    name: str
    clean: Cleaner = as_it_stands
    inside: str | None = None
    older_name: str | None = None  # what JSON may call it too
    in_json: bool = True
    composed: bool = False
    required: bool = False
    titles: tuple[str, ...] = ()
    clean_cell: Cleaner = as_it_stands
    choices: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    is_plain: Callable[[str], object] | None = None
    last_day: tuple[Cleaner, Cleaner] | None = None
    stored: bool = True
    column: str | None = None
    default: Any = None
    grows: bool = False
    stays: bool = False
    is_parent: bool = False
    show: Callable[[Any], Any] = as_it_stands
    export: Callable[[dict[str, Any]], Any] | None = None
    filters: Mapping[str, Filter] = field(default_factory=dict)
    json_type: Any = str
    description: str = ""
    shape: Shape | None = None
    in_summary: bool = False
    searched: bool = False

    @property
    def title(self) -> str:
        """Return the title of its column in the template; raises IndexError if files have none."""
        return self.titles[-1]

    @property
    def is_amount(self) -> bool:
        """Whether it is an amount: in cents, but in complete units in files."""
        return self.clean_cell is numerals.cents

    @property
    def is_standalone(self) -> bool:
        """Whether JSON rows give it by itself, so that its own cleaner is enough to read it."""
        return self.in_json and not self.composed

    @property
    def others(self) -> tuple[str, ...]:
        """The titles of the same meaning."""
        return self.titles[:-1]

    @property
    def column_name(self) -> str:
        """The name of its column in the table, and of its value among those of a row."""
        return self.column or self.name

    @property
    def path(self) -> str:
        """Return its path in JSON: `redemption.quantity`."""
        return self.name if self.inside is None else f"{self.inside}.{self.name}"

    @property
    def has_json_default(self) -> bool:
        """Whether its default is an object or an array, which its column then holds as JSON."""
        return isinstance(self.default, dict | list)

    def is_null(self, body: dict[str, Any]) -> bool:
        """Whether this JSON says that the field is null, and not only nothing of it."""
        holder = body if self.inside is None else body.get(self.inside)
        return isinstance(holder, dict) and self.name in holder and holder[self.name] is None

    def marked(self, mark: str | None) -> "Field":
        """Return the same field for a column in which this mark stands before decimals."""
        return self if mark is None else replace(self, clean_cell=numerals.marked(self.clean_cell, mark))

    def counting_last_day(self, counts: bool) -> "Field":
        """Return the field as it is read where the last day counts, or does not."""
        if not counts or self.last_day is None:
            return self
        clean, clean_cell = self.last_day
        return replace(self, clean=clean, clean_cell=clean_cell)

    def exported(self, shown: dict[str, Any]) -> Any:
        """Return the value of its cell in a file, out of the resource in wire format; amounts in units, not cents."""
        if self.export is not None:
            return self.export(shown)
        holder = shown if self.inside is None else shown[self.inside] or {}
        value = holder.get(self.name)
        return numerals.units(value) if self.is_amount else value
