"""Rows into changes: what a JSON object or a file's row says of a resource."""

from collections.abc import Callable
from typing import Any

from tallykeep.core.rows import Row
from tallykeep.formats.csv.titles import normal_title, wrong_width
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner, Problem
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.numerals import NO_MARKS, Marks
from tallykeep.resources.fields.plain_texts import CLEARING
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.upserts.spec import Change, UpsertSpec

Reader = Callable[[Row], Change]


def json_reader(spec: UpsertSpec) -> Reader:
    """Reads changes that come as JSON objects."""

    def read(row: Row) -> Change:
        change = Change(row.number)
        values = row.value
        if row.problem is not None or not isinstance(values, dict):
            change.problems.append(row.problem or f"the row must be an object {cleaning.actual(values)}")
            return change
        for name, clean in (("source_id", cleaning.key_text), ("id", cleaning.key_text)):
            if not cleaning.is_blank(values.get(name)):
                setattr(change, name, _cleaned(change, name, clean, values[name]))
        for field in spec.fields:
            read_json_field(change, field, values)
        if values.get("metadata") is not None:
            change.metadata = _cleaned(change, "metadata", cleaning.json_object, values["metadata"]) or {}
        return change

    return read


def read_json_field(change: Change, field: Field, values: dict[str, Any]) -> None:
    """Read the field's value, wherever it stands in the row's values, into the change; problems are added to it."""
    holder = values if field.inside is None else values.get(field.inside)
    if holder is None and field.inside in values:
        _put(change, field, None)
    label = field.name if field.inside is None else f"{field.inside}.{field.name}"
    if holder is not None and not isinstance(holder, dict):
        problem = f"{field.inside}: must be an object {cleaning.actual(holder)}"
        if problem not in change.problems:
            change.problems.append(problem)
    elif holder and (field.name in holder or field.older_name in holder):
        # The official SDKs write null for the name that was not used.
        value, older = holder.get(field.name), holder.get(field.older_name or field.name)
        value = older if value is None else value
        if older not in (None, value):
            change.problems.append(f"{field.older_name}: differs from {field.name} {cleaning.actual(older)}")
        _put(change, field, None if value is None else _cleaned(change, label, field.clean, value))


def ids_reader(by: str, metadata: dict[str, Any]) -> Reader:
    """Reads changes that come as bare keys, the same metadata for all; `by` is the property that held them."""

    def read(row: Row) -> Change:
        change = Change(row.number, metadata=metadata)
        if row.problem is not None:
            change.problems.append(row.problem)
        elif not row.value or cleaning.is_blank(row.value):
            change.problems.append(f"{by}: must not hold empty keys")
        else:
            key = _cleaned(change, by, cleaning.key_text, row.value)
            if by == "source_ids":
                change.source_id = key
            else:
                change.id = key
        return change

    return read


def csv_reader(spec: UpsertSpec, header: list[str], checker: MetadataChecker, marks: Marks = NO_MARKS) -> Reader:
    """Reads changes that come as the rows of a file with this header; unknown columns become metadata."""
    titles = {normal_title(title): field for field in spec.fields for title in field.titles}
    keys = {"sourceid": "source_id", "id": "id"}
    known = [
        (index, name, titles[normal_title(name)].marked(marks.get(name)))
        for index, name in enumerate(header)
        if normal_title(name) in titles
    ]
    keyed = [(index, name, keys[normal_title(name)]) for index, name in enumerate(header) if normal_title(name) in keys]
    taken = {index for index, *_ in known} | {index for index, *_ in keyed}
    extra = [(index, name, checker.from_cell(name, marks.get(name))) for index, name in enumerate(header)
             if index not in taken]  # fmt: skip

    def read(row: Row) -> Change:
        change = Change(row.number)
        filled = row.value or []
        cells = [*filled, *[""] * (len(header) - len(filled))]
        if row.problem is not None:
            change.problems.append(row.problem)
        elif any(cell.strip() for cell in cells[len(header) :]):
            change.problems.append(wrong_width(len(cells), len(header)))
        for index, title, name in keyed:
            if cells[index].strip() not in ("", CLEARING):
                setattr(change, name, _cleaned(change, title, cleaning.key_text, cells[index].strip()))
        for index, title, field in known:
            cell = cells[index].strip()
            if cell:
                value = None if cell == CLEARING else _cleaned(change, title, field.clean_cell, cell)
                _refuse_another(change, field, title, value, cell)
                _put(change, field, value)
        for index, name, from_cell in extra:
            cell = cells[index].strip()
            if cell and not name:
                change.problems.append(f"column {index + 1} has a value, but no name in the header")
            elif cell:
                value = None if cell == CLEARING else _cleaned(change, name, from_cell, cells[index])
                change.metadata[name] = value
        return change

    return read


def _refuse_another(change: Change, field: Field, title: str, value: Any, cell: str) -> None:
    """A field may have several titles: columns of both must not contradict each other."""
    holder = change.values if field.inside is None else change.values.get(field.inside, {})
    if holder.get(field.name, value) != value:
        change.problems.append(f"{title}: differs from another column of the same meaning {cleaning.actual(cell)}")


def _put(change: Change, field: Field, value: Any) -> None:
    if field.inside is None:
        change.values[field.name] = value
    else:
        change.values.setdefault(field.inside, {})[field.name] = value


def _cleaned(change: Change, label: str, clean: Cleaner, value: Any) -> Any:
    try:
        return clean(value)
    except Problem as problem:
        change.problems.append(f"{label}: {problem}")
        return None
