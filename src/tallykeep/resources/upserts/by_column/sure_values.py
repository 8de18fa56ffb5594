"""Values of decoded objects that are surely taken: looked at column by column, and cleaned where they stand.

What is not sure here may be right nevertheless; the careful way decides. To clean them again changes nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from msgspec import UNSET, Raw

from tallykeep.core import exact_json
from tallykeep.formats.json.typed_rows import TypedRun
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.array_cells import text_array
from tallykeep.resources.fields.cleaning import MAX_DEPTH, MAX_KEY_BYTES, Problem
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.json_columns import read_keys
from tallykeep.resources.upserts.by_column.typed_members import further_names

JSON_NULL = Raw(b"null")
NOTHING = (UNSET, JSON_NULL)
_DEEPEST = 2  # objects around one that is kept as it is
_ONLY_TEXTS = frozenset({str})
_AS_DECODED = (cleaning.text, cleaning.trimmed, cleaning.integer, cleaning.json_object, text_array)


def are_keys(holders: Sequence[Any], names: Iterable[str], run: TypedRun) -> bool:
    """Clean the keys under these names; False where one is missing, or is not sure."""
    return all(_clean(holders, name, partial(_keys, run)) for name in names)


def _keys(run: TypedRun, keys: Sequence[str]) -> Sequence[str | None]:
    """Read keys as read_keys does; those of most files have no blank in them, and nothing that has to be left out."""
    joined = "".join(keys)
    are_usual = not run.has_escapes and joined.isascii() and " " not in joined and "\x7f" not in joined
    if are_usual and "" not in keys and max(map(len, keys)) <= MAX_KEY_BYTES:
        return keys
    return read_keys(keys, has_escapes=run.has_escapes)


def are_resources(holders: Sequence[Any], fields: Sequence[Field], run: TypedRun) -> bool:
    """Clean what objects say of resources with these fields, and keep the rest; False where something is not sure."""
    outside = [field for field in fields if field.inside is None and not field.is_parent]
    return (
        all(_use_older_name(holders, field) for field in outside if field.older_name is not None)
        and all(_are_values(holders, field, run) for field in outside)
        and all(_are_inside(holders, name, fields, run) for name in dict.fromkeys(field.inside for field in fields))
        and keep(holders, "metadata", run)
        and all(keep(holders, name, run, are_objects=False) for name in _further(holders))
    )


def _are_values(holders: Sequence[Any], field: Field, run: TypedRun) -> bool:
    if field.clean is cleaning.json_object:
        return keep(holders, field.name, run) and not any(map(_may_hold_null, map(attrgetter(field.name), holders)))
    if field.clean not in _AS_DECODED:
        return _clean(holders, field.name, partial(_cleaned, field, run))
    return not run.has_escapes or _hold_texts(holders, field)


def _are_inside(holders: Sequence[Any], name: str | None, fields: Sequence[Field], run: TypedRun) -> bool:
    if name is None:
        return True
    inside = [held for held in map(attrgetter(name), holders) if held]
    return all(_are_values(inside, field, run) for field in fields if field.inside == name)


def _further(holders: Sequence[Any]) -> list[str]:
    return further_names(type(holders[0])) if holders else []


def _clean(holders: Sequence[Any], name: str, read: Callable[[Sequence[str]], Sequence[str | None]]) -> bool:
    """Put what is read in place of the texts of this name; False where one cannot be."""
    values: Sequence[Any] = list(map(attrgetter(name), holders))
    if values.count(UNSET) == len(values):
        return True
    if not _ONLY_TEXTS.issuperset(map(type, values)):
        holders = [holder for holder, value in zip(holders, values, strict=True) if type(value) is str]
        values = [value for value in values if type(value) is str]
    if not values:
        return True
    cleaned = read(values)
    if None in cleaned:
        return False
    if cleaned is not values and cleaned != values:
        for holder, value in zip(holders, cleaned, strict=True):
            setattr(holder, name, value)
    return True


def _use_older_name(holders: Sequence[Any], field: Field) -> bool:
    """Move what stands under a field's older name; False where it says something else."""
    name, older_name = field.name, field.older_name or ""
    for holder, older in zip(holders, map(attrgetter(older_name), holders), strict=True):
        if older is UNSET:
            continue
        value = getattr(holder, name)
        if value is None or value is UNSET:
            setattr(holder, name, older)
        elif older is not None and older != value:
            return False
        setattr(holder, older_name, UNSET)
    return True


def _cleaned(field: Field, run: TypedRun, values: Sequence[str]) -> Sequence[str | None]:
    if field.is_plain is not None and not run.has_escapes and all(map(field.is_plain, values)):
        return values
    try:
        return list(map(field.clean, values))
    except Problem:
        return [None]


def _hold_texts(holders: Sequence[Any], field: Field) -> bool:
    """Whether PostgreSQL can hold the texts: only what is escaped in JSON can be a character that it cannot."""
    values = list(map(attrgetter(field.name), holders))
    if field.clean is text_array:
        values = [text for value in values for text in value or ()]
    return "\0" not in "".join([value for value in values if type(value) is str])


def _may_hold_null(objects: Any) -> bool:
    """Whether something in an object may be null, which a resource does not keep."""
    return objects is not UNSET and b"null" in bytes(objects)


def keep(holders: Sequence[Any], name: str, run: TypedRun, *, are_objects: bool = True) -> bool:
    """Put what is kept as it came into the form in which it is written; False where that cannot be.

    Its own bytes are that form where they say the same as JSON written anew.
    """
    raws = list(map(attrgetter(name), holders))
    if raws.count(UNSET) == len(raws):
        return True
    held = [(holder, raw) for holder, raw in zip(holders, raws, strict=True) if raw not in NOTHING]
    lines = b"\n".join([raw for _, raw in held])
    if run.has_usual_numbers and _are_plain(lines, len(held), are_objects=are_objects):
        return True
    try:
        for holder, raw in held:
            setattr(holder, name, _written_anew(raw, is_object=are_objects))
    except (exact_json.DecodeError, Problem):
        return False
    return True


def _are_plain(lines: bytes, count: int, *, are_objects: bool) -> bool:
    """Whether these are values, a line each, that PostgreSQL can hold, objects if they have to be."""
    if lines.count(b"\n") != count - 1 or b"\\u" in lines or b"\t" in lines or b"\r" in lines:
        return False
    if are_objects and not (lines.startswith(b"{") and lines.count(b"\n{") == count - 1):
        return False
    return lines.count(b"{") + lines.count(b"[") < MAX_DEPTH - _DEEPEST + (count if are_objects else 0)


def _written_anew(raw: Raw, *, is_object: bool) -> Raw:
    """Raises Problem, or DecodeError."""
    value = exact_json.loads(bytes(raw))
    if is_object:
        cleaning.json_object(value)
    cleaning.check_storable([[value]])
    return Raw(exact_json.dumps(value))
