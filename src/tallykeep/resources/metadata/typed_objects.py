"""Metadata that comes as JSON, decoded into a type that is made of its schema and checked by column.

The type is narrower than the schema, for the sake of speed: what does not decode may be right nevertheless.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Annotated, Any

from msgspec import Meta, MsgspecError, Struct, defstruct
from msgspec.json import Decoder

from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields.columns.ordinary_forms import DAYS, Form, form_of, legible
from tallykeep.resources.fields.plain_texts import is_literal
from tallykeep.resources.metadata.checker import CellCheck, MetadataChecker

_MAX_KEYS = 100  # of a schema that is worth a type
_Never = Annotated[int, Meta(gt=0, lt=0)]  # where something stands that takes more than a look at its type
_TYPES: dict[str, Any] = {
    "string": str, "image_url": str, "geopoint": str, "date": str, "datetime": str, "number": float, "boolean": bool,
}  # fmt: skip
_FORMS: dict[str, Form | None] = {"date": DAYS, "datetime": form_of(spellings.timestamp)}


def typed_metadata(checker: MetadataChecker) -> "TypedMetadata | None":
    """Return what tells quickly of most objects whether the checker takes them; None where nothing can."""
    names = list(checker.types)
    if len(names) > _MAX_KEYS or not all(map(is_literal, names)):
        return None
    return TypedMetadata(checker, names)


class TypedMetadata:
    """Tells of objects with usual numbers alone, and nothing that could not be kept, which of them are surely taken."""

    def __init__(self, checker: MetadataChecker, names: Sequence[str]) -> None:
        checks = [checker.cell_check(name) for name in names]
        types = list(map(checker.types.__getitem__, names))
        fields = [(f"k{at}", *_field(types[at], checks[at])) for at in range(len(names))]
        declared = defstruct(
            "_Metadata",
            fields,
            rename={f"k{at}": name for at, name in enumerate(names)},
            kw_only=True,
            forbid_unknown_fields=checker.only_defined,
            gc=False,
        )
        self._one: Decoder[Any] = Decoder(declared)
        self._all: Decoder[Any] = Decoder(list[declared])  # type: ignore[valid-type]
        tests = [(attrgetter(f"k{at}"), checks[at], _FORMS.get(types[at])) for at in range(len(names))]
        self._tests = [test for at, test in enumerate(tests) if types[at] in _TYPES and (test[1].rules or test[2])]

    def are_taken(self, array: bytes, objects: Sequence[bytes]) -> list[bool]:
        """Tell of each object of this array, whose bytes are known one by one as well, whether it is surely taken."""
        rows = self._decoded(array, objects)
        taken = [row is not None for row in rows]
        there = [at for at, row in enumerate(rows) if row is not None]
        decoded = [row for row in rows if row is not None]
        for key, check, form in self._tests if decoded else ():
            for at in _doubtful(list(map(key, decoded)), check, form):
                taken[there[at]] = False
        return taken

    def _decoded(self, array: bytes, objects: Sequence[bytes]) -> Sequence[Struct | None]:
        try:
            rows: list[Struct] = self._all.decode(array)
        except MsgspecError:
            return list(map(self._decoded_one, objects))
        return rows

    def _decoded_one(self, raw: bytes) -> Struct | None:
        try:
            row: Struct = self._one.decode(raw)
        except MsgspecError:
            return None
        return row


def _field(value_type: str, check: CellCheck) -> tuple[Any, ...]:
    """Return a key's type, and its default where it may be missing."""
    declared = _TYPES.get(value_type, _Never)
    return (declared,) if check.required else (declared | None, None)


def _doubtful(values: list[Any], check: CellCheck, form: Form | None) -> list[int]:
    """Return the indexes of the values, None aside, for which a rule does not hold, or that are not of the form."""
    if None in values:
        there = [at for at, value in enumerate(values) if value is not None]
        return [there[at] for at in _doubtful([values[at] for at in there], check, form)] if there else []
    doubtful: list[int] = []
    if form is not None:
        irregular = form.irregular(legible(values) if "\n" in "".join(values) else values)
        doubtful = list(range(len(values))) if irregular is None else irregular
    if check.rules and (refused := check.refused(values)):
        return doubtful + [at for at, value in enumerate(values) if value in refused]
    return doubtful
