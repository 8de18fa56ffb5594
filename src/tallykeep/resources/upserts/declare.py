"""What a resource that is upserted declares of itself."""

from dataclasses import dataclass
from typing import LiteralString

from tallykeep.resources.cleaning import Cleaner


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its name in JSON and in the table, its columns in files, and what reads both.

    `inside` names the JSON object it is part of, such as `address`.
    """

    name: str
    clean: Cleaner
    titles: tuple[str, ...]
    clean_cell: Cleaner
    inside: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """One kind of resource: its fields and its queries (see the .sql file beside each declaration).

    `columns` are the table's columns that a change writes, in the order of the staging table.
    """

    noun: str
    prefix: str
    fields: tuple[Field, ...]
    columns: tuple[str, ...]
    json_columns: tuple[str, ...]
    defaults: dict[str, object]
    create_stage: LiteralString
    clear_stage: LiteralString
    copy_stage: LiteralString
    lock_by_source_id: LiteralString
    lock_by_id: LiteralString
    insert_staged: LiteralString
    update_staged: LiteralString

    @property
    def error_key(self) -> str:
        """The key of the error for a row that cannot be taken (wire format)."""
        return f"invalid_{self.noun}"
