"""Changes that PostgreSQL makes new resources of, or merges into what exists, as a set: one for each key.

What rows of one batch say of one key is put together first, in their order. Where rows set something to null, this
says what a new resource has; what becomes of one that exists is for who goes through the rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tallykeep.core import exact_json
from tallykeep.db.copy_format import NULL, SPECIAL, copy_text
from tallykeep.resources.fields.json_columns import Column, read_present
from tallykeep.resources.upserts.report_lines import ReportLine
from tallykeep.resources.upserts.set_writing import in_parts, lines_of, made_at
from tallykeep.resources.upserts.spec import Change, UpsertSpec

Numbered = tuple[Change, str]  # with the id that a new resource gets


@dataclass(slots=True)
class ChangeSet:
    """Changes by source_id, those of one key as one; `unkeyed` have none and make new resources.

    `with_nulls` are the keys of which something is set to null.
    """

    by_key: dict[str, Change] = field(default_factory=dict)
    unkeyed: list[Change] = field(default_factory=list)
    with_nulls: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.by_key) + len(self.unkeyed)

    def __iter__(self) -> Iterator[Change]:
        yield from self.by_key.values()
        yield from self.unkeyed


def change_set(changes: Iterable[Change], required: Sequence[str] = ()) -> ChangeSet | None:
    """Put changes of one key together; None where one names an id, or lacks something that new resources need."""
    made = ChangeSet()
    for change in changes:
        if change.id is not None or (required and any(change.values.get(name) is None for name in required)):
            return None
        key = change.source_id
        if key is None:
            made.unkeyed.append(change)
            continue
        if _has_nulls(change.values):
            made.with_nulls.add(key)
        earlier = made.by_key.get(key)
        made.by_key[key] = change if earlier is None else _followed_by(earlier, change)
    return made


def _has_nulls(values: dict[str, Any]) -> bool:
    parts = values.values()
    if None in parts:
        return True
    return dict in map(type, parts) and any(type(part) is dict and None in part.values() for part in parts)


def _followed_by(earlier: Change, later: Change) -> Change:
    """Return the change that does what the two do, one after the other; it keeps the row of the first."""
    values = earlier.values | later.values
    for name, value in later.values.items():
        if type(value) is dict and type(before := earlier.values.get(name)) is dict:
            values[name] = before | value
    return Change(earlier.row, earlier.source_id, values=values, metadata=earlier.metadata | later.metadata)


class Outcome:
    """What became of changes that were written as a set: of `rows`, with `ids` for new resources.

    `existing` are the source_ids of what was there before, each with its id.
    """

    def __init__(
        self, changes: ChangeSet, rows: Sequence[Change], ids: Sequence[str], existing: Mapping[str, str]
    ) -> None:
        self.existing = existing
        self._changes = changes
        self._rows = rows
        self._ids = ids

    @property
    def ids(self) -> dict[int, str]:
        """The id of what each row is of."""
        id_of = {**dict(zip(self._changes.by_key, self._ids, strict=False)), **self.existing}
        keyed = [change for change in self._rows if change.source_id is not None] if self._unkeyed else self._rows
        keys: Iterator[Any] = (change.source_id for change in keyed)
        ids = dict(zip([change.row for change in keyed], map(id_of.__getitem__, keys), strict=True))
        return ids | {change.row: made for made, change in self._unkeyed.items()}

    @property
    def created(self) -> dict[str, int]:
        """The source_ids of what was new, or its ids where it has none, each with its first row."""
        new = {key: change.row for key, change in self._changes.by_key.items() if key not in self.existing}
        return new | {made: change.row for made, change in self._unkeyed.items()}

    @property
    def made(self) -> set[str]:
        """The ids of what was new."""
        if not self.existing:
            return set(self._ids)
        keyed = zip(self._changes.by_key, self._ids, strict=False)
        return {made for key, made in keyed if key not in self.existing}.union(self._unkeyed)

    @property
    def lines(self) -> list[ReportLine]:
        """The lines of a report, one for each row."""
        first = set(self.created.values())
        return [ReportLine(change.row, change.key or "", change.row not in first, True) for change in self._rows]

    @property
    def _unkeyed(self) -> dict[str, Change]:
        return dict(zip(self._ids[len(self._changes.by_key) :], self._changes.unkeyed, strict=True))


@dataclass(frozen=True, slots=True)
class NumberedChanges:
    """A set of changes, and the ids that new resources get, in the same order."""

    spec: UpsertSpec
    changes: ChangeSet
    ids: Sequence[str]

    def __len__(self) -> int:
        return len(self.changes)

    def staged(self) -> Iterator[str]:
        """Yield lines of the staging table, see Writable."""
        for some in in_parts(list(zip(self.changes, self.ids, strict=True))):
            yield _staged_text(self.spec, some)

    def new(self, parameters: dict[str, Any]) -> Iterator[str]:
        """Yield lines of the table, see Writable."""
        for some in in_parts(sorted(zip(self.changes, self.ids, strict=True), key=_key_and_id)):
            yield _new_text(self.spec, parameters, some)


def _key_and_id(numbered: Numbered) -> tuple[bool, str, str]:
    key = numbered[0].source_id
    return key is None, key or "", numbered[1]


def _staged_text(spec: UpsertSpec, numbered: Sequence[Numbered]) -> str:
    """Return what COPY takes to the staging table: key, id, row and the table's columns."""
    ids, rows = [made for _, made in numbered], [str(change.row) for change, _ in numbered]
    return lines_of([_keys(numbered), ids, rows, *_columns(spec, numbered, {})])


def _new_text(spec: UpsertSpec, parameters: dict[str, Any], numbered: Sequence[Numbered]) -> str:
    """Return what COPY takes to the table: project, id, key, the table's columns, and when it is made."""
    made = made_at(spec, [change.row for change, _ in numbered], parameters)
    columns = _columns(spec, numbered, spec.table.default_texts)
    return lines_of([str(parameters["project_id"]), [each for _, each in numbered], _keys(numbered), *columns, made])


def _keys(numbered: Sequence[Numbered]) -> Column:
    return read_present([change.source_id for change, _ in numbered], NULL, _texts)


def _columns(spec: UpsertSpec, numbered: Sequence[Numbered], defaults: Mapping[str, str]) -> Iterator[Column]:
    """Yield the table's columns, in which `defaults` stand for what is not said."""
    table = spec.table
    values = [change.values for change, _ in numbered]
    for name in table.columns[:-1]:
        absent = defaults.get(name, NULL)
        read = partial(_json_texts, absent) if name in table.json_columns else _texts
        yield read_present([each.get(name) for each in values], absent, read)
    metadata = [change.metadata or None for change, _ in numbered]
    yield read_present(metadata, defaults.get("metadata", NULL), _metadata_texts)


def _texts(values: Sequence[Any]) -> Sequence[str]:
    if _ONLY_TEXTS.issuperset(map(type, values)) and not SPECIAL.search("".join(values)):
        return values
    return list(map(copy_text, values))


_ONLY_TEXTS = frozenset({str})


def _json_texts(absent: str, values: Sequence[Any]) -> Sequence[str]:
    """Write JSON values; of an object what is not null, as what is `absent` where that is all."""
    return [absent if value == {} else _json_text(value) for value in map(_without_nulls, values)]


def _without_nulls(value: Any) -> Any:
    if type(value) is dict and None in value.values():
        return {name: part for name, part in value.items() if part is not None}
    return value


def _metadata_texts(values: Sequence[dict[str, Any]]) -> Sequence[str]:
    return list(map(_json_text, values))


def _json_text(value: Any) -> str:
    text = exact_json.dumps(value).decode()
    return text.replace("\\", "\\\\") if "\\" in text else text  # nothing else that COPY escapes stands in JSON
