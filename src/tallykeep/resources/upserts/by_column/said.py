"""What rows say of resources of one noun: put together by key, in the order of rows, and made into COPY's texts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cache
from operator import attrgetter
from typing import Any

from msgspec import UNSET, Raw, Struct
from msgspec.json import Encoder

from tallykeep.core import exact_json
from tallykeep.db.copy_format import SPECIAL, copy_text
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.array_cells import text_array
from tallykeep.resources.fields.cleaning import Cleaner
from tallykeep.resources.fields.field import Field
from tallykeep.resources.upserts.by_column.ready_set import ReadySet
from tallykeep.resources.upserts.by_column.sure_values import JSON_NULL
from tallykeep.resources.upserts.by_column.typed_members import declared_names, members_of
from tallykeep.resources.upserts.spec import UpsertSpec

Texts = Sequence[str | None]
Writer = Callable[[Sequence[Any]], Texts]

encode = Encoder().encode
_EMPTY = (Raw(b"{}"), JSON_NULL)


class NotSureError(Exception):
    """What is said has to be gone through one after the other."""


class Said:
    """What rows say of resources of one noun, by their source_ids: one decoded object for each.

    `kept` are the source_ids of those that stay as they are where they exist. `has_nulls`: something is set to null.
    Beside its fields, what goes by `more` names says something of a resource.
    """

    def __init__(self, spec: UpsertSpec, *more: str) -> None:
        self.kept: set[str] = set()
        self.has_nulls = False
        self._spec = spec
        self._by_key: dict[str, Any] = {}
        self._holders = tuple(dict.fromkeys(field.inside for field in spec.fields if field.inside is not None))
        self._says = attrgetter(*(name for name, *_ in members_of(spec.fields)), *more)

    def add(self, key: str, said: Any) -> None:
        """Add what a row says; the last value counts."""
        before = self._by_key.get(key)
        if before is None:
            self._by_key[key] = said
        elif before != said:
            self._by_key[key] = _followed_by(before, said)
        else:
            return
        self.has_nulls = self.has_nulls or self._sets_null(said)

    def add_new(self, said: Iterable[tuple[str, Any]]) -> None:
        """Add what rows say of resources that stay as they are where they exist: of each what is said first."""
        by_key, says, kept = self._by_key, self._says, self.kept
        for key, each in said:
            if key not in by_key and (values := says(each)).count(UNSET) < len(values):
                by_key[key] = each
                kept.add(key)

    def override(self, key: str, said: Any) -> None:
        """Add what a row says of a resource, be it new or not.

        Raises NotSureError where it has just been described, or something of it is set to null.
        """
        self.add(key, said)
        if self.has_nulls or key in self.kept:
            raise NotSureError

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def _sets_null(self, said: Any) -> bool:
        return None in self._says(said) or any(None in _values(held) for name in self._holders
                                               if (held := getattr(said, name)))  # fmt: skip

    def ready(self) -> ReadySet:
        """Return the set of these changes, each a row of its own."""
        keys, said = list(self._by_key), list(self._by_key.values())
        columns = dict(columns_said(said, writers_of(self._spec))) if said else {}
        return ReadySet(self._spec, keys, range(1, len(keys) + 1), columns)


def _values(struct: Struct) -> list[Any]:
    return [getattr(struct, name) for name in struct.__struct_fields__]


def _followed_by(before: Any, after: Any) -> Any:
    """Return what says what the two say, one after the other: objects are added to, other values replaced."""
    both = copy(before)
    for name in declared_names(type(after)):
        value, earlier = getattr(after, name), getattr(before, name)
        if value is UNSET or value == JSON_NULL:
            continue
        if isinstance(value, Raw) and isinstance(earlier, Raw) and earlier != JSON_NULL:
            value = Raw(exact_json.dumps(exact_json.loads(bytes(earlier)) | exact_json.loads(bytes(value))))
        elif isinstance(value, Struct) and isinstance(earlier, Struct):
            value = _followed_by(earlier, value)
        setattr(both, name, value)
    return both


def columns_said(said: Sequence[Any], writers: Mapping[str, Writer]) -> Iterator[tuple[str, Texts]]:
    """Yield the columns, of these names, in which anything is said, as COPY's texts; None stands for nothing."""
    for name, write in writers.items():
        values: Sequence[Any] = list(map(attrgetter(name), said))
        missing = values.count(UNSET) + values.count(None)
        if missing == len(values):
            continue
        if not missing:
            yield name, write(values)
        else:
            texts = iter(write([value for value in values if value is not UNSET and value is not None]))
            yield name, [None if value is UNSET or value is None else next(texts) for value in values]


def text_column(values: Sequence[str]) -> Texts:
    """Write texts."""
    return list(map(copy_text, values)) if SPECIAL.search("".join(values)) else values


def integer_column(values: Sequence[int]) -> Texts:
    """Write whole numbers."""
    return list(map(str, values))


def object_column(raws: Sequence[Raw]) -> Texts:
    """Write objects that are kept as they are; one without anything in it says nothing."""
    return [None if raw in _EMPTY else escaped(str(raw, "utf-8")) for raw in raws]


def _trimmed(values: Sequence[str]) -> Texts:
    return text_column([value.strip() for value in values])


def _arrays(values: Sequence[list[str]]) -> Texts:
    return [escaped(encode(value).decode()) for value in values]


def _holders(values: Sequence[Struct]) -> Texts:
    texts = [escaped(encode(value).decode()) for value in values]
    return [None if text == "{}" else text for text in texts]


def escaped(text: str) -> str:
    """Escape JSON for COPY: nothing but backslashes has to be."""
    return text.replace("\\", "\\\\") if "\\" in text else text


_BY_CLEANER: dict[Cleaner, Writer] = {
    cleaning.trimmed: _trimmed,
    cleaning.integer: integer_column,
    cleaning.json_object: object_column,
    text_array: _arrays,
}


def _writer(field: Field) -> tuple[str, Writer]:
    if field.inside is not None:
        return field.inside, _holders
    return field.name, _BY_CLEANER.get(field.clean, text_column)


@cache
def writers_of(spec: UpsertSpec) -> dict[str, Writer]:
    """Return what writes the table's columns, by their names. What a resource refers to is found later."""
    return {**dict(_writer(field) for field in spec.fields if not field.is_parent), "metadata": object_column}
