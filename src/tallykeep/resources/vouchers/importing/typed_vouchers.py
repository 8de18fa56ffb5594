"""Vouchers that come as JSON, decoded into types that are made of their fields.

Where one of them has a value that its field never takes, a run of rows is decoded into types that hold any values, and
such are found by column, so that the others are read as quickly as ever.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from msgspec import Raw, Struct, defstruct
from msgspec.structs import asdict, astuple

from tallykeep.core import exact_json
from tallykeep.formats.json.typed_rows import TypedRows, TypedRun, has_few_brackets
from tallykeep.resources.categories.labels import FIELDS as CATEGORY_FIELDS
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import MAX_INTEGER, Cleaner
from tallykeep.resources.fields.json_columns import Integer
from tallykeep.resources.vouchers.domain import DISCOUNT, EXTRA_NAMES, VOUCHER_TYPES, WORTH
from tallykeep.resources.vouchers.fields import IN_JSON, INSIDE_JSON

Columns = Mapping[str, Sequence[Any]]

REDEEMED = ("redeemed_quantity", "redeemed_amount")  # in imports into a campaign
WORTH_NAMES = {DISCOUNT: "discount", **{voucher_type: name for voucher_type, (name, *_) in WORTH.items()}}
NOTHING = LEFT_OUT, JSON_NULL = Raw(b""), Raw(b"null")


class _Value(NamedTuple):
    """What a field's values decode into, what they are in Python, and which of some such values are not taken."""

    declared: Any
    python_type: type
    refused: Callable[[Collection[Any]], Iterable[Any]] | None = None

    def others(self, column: Sequence[Any]) -> set[int]:
        """Return where a column has other values, None aside."""
        python_type = self.python_type
        mistyped: set[int] = set()
        if not {python_type, type(None)}.issuperset(map(type, column)):
            pairs = enumerate(column)
            mistyped = {at for at, value in pairs if type(value) is not python_type and value is not None}
        if self.refused is None:
            return mistyped
        refused = set(self.refused([value for value in column if type(value) is python_type]))
        if not refused:
            return mistyped
        return mistyped | {at for at, value in enumerate(column) if type(value) is python_type and value in refused}


def _not_integers(numbers: Collection[int]) -> Iterable[int]:
    if not numbers or (min(numbers) >= 0 and max(numbers) <= MAX_INTEGER):
        return ()
    return (number for number in numbers if not 0 <= number <= MAX_INTEGER)


def _not_types(texts: Collection[str]) -> Iterable[str]:
    return set(texts).difference(VOUCHER_TYPES)


_TEXT, _BOOLEAN, _INTEGER = _Value(str, str), _Value(bool, bool), _Value(Integer, int, _not_integers)
_TYPE = _Value(Literal[VOUCHER_TYPES], str, _not_types)
# By the cleaners that fields have.
_VALUES: dict[Cleaner, _Value] = {
    cleaning.key_text: _TEXT,
    cleaning.text: _TEXT,
    cleaning.json_boolean: _BOOLEAN,
    cleaning.integer: _INTEGER,
    cleaning.timestamp: _TEXT,
    cleaning.last_timestamp: _TEXT,
}
_ANY_BUT_OBJECTS = str | int | float | bool | list[Any] | None


class TypedVouchers:
    """Decodes rows, of an import into a campaign or of another, and makes columns of those that are of their types."""

    def __init__(self, *, is_into_campaign: bool) -> None:
        self._values = _values(is_into_campaign)
        self._names = _forms(is_into_campaign)[0].__struct_fields__
        self.rows = _typed_rows(is_into_campaign)

    def columns(self, run: TypedRun) -> tuple[Columns, dict[int, set[str]]]:
        """Return the columns of the rows that were decoded, and the parts of them with values of other types.

        In the columns stands None for such a value, or for the object that it is in; the parts are by row, counted
        among those that were decoded. Without any of these there are no columns.
        """
        decoded = [row for row in run.rows if row is not None]
        if not decoded:
            return {}, {}
        columns = dict(zip(self._names, zip(*map(astuple, decoded), strict=True), strict=True))
        mistyped: dict[int, set[str]] = {}
        if not run.is_declared:
            for name, others in self._others(columns):
                columns[name] = tuple([None if at in others else value for at, value in enumerate(columns[name])])
                for at in others:
                    mistyped.setdefault(at, set()).update(_PARTS[name])
        return columns, mistyped

    def _others(self, columns: Columns) -> Iterator[tuple[str, set[int]]]:
        """Yield the names of columns with values of other types, and the rows that have such."""
        for name, value in self._values.items():
            if others := value.others(columns[name]):
                yield name, others
        for holder, fields in INSIDE_JSON.items():
            objects = columns[holder]
            others = {at for at, each in enumerate(objects) if each is not None and not isinstance(each, Struct)}
            if others:
                objects = [None if at in others else each for at, each in enumerate(objects)]
            for field in fields:
                others |= _VALUES[field.clean].others(values_inside(objects, field.name))
            if others:
                yield holder, others


def values_inside(holders: Sequence[Any], name: str) -> Sequence[Any]:
    """Return the values of this name in objects, of which some may be missing."""
    part = attrgetter(name)
    if all(holders):
        return list(map(part, holders))
    return [None if holder is None else part(holder) for holder in holders]


def as_read(row: Struct, parts: Iterable[str]) -> dict[str, Any] | None:
    """Return what some parts of a decoded row are made of, as exact_json reads it; None where it may read it otherwise.

    No string in the row has an escape, and no number is one that cannot be kept.
    """
    values: dict[str, Any] = {}
    try:
        for name in {name for part in parts for name in _SOURCES[part]}:
            if (value := getattr(row, name, None)) is not None and (not isinstance(value, Raw) or value != LEFT_OUT):
                values[name] = _as_read(value)
    except (exact_json.DecodeError, exact_json.EncodeError):
        return None
    return values


def _as_read(value: Any) -> Any:
    """Return one value; raise DecodeError where so many others are in it that it might not be read, or EncodeError."""
    if isinstance(value, Struct):
        return {name: _as_read(part) for name, part in asdict(value).items() if part is not None}
    if isinstance(value, Raw):
        return exact_json.loads(_shallow(bytes(value)))
    if isinstance(value, dict | list):
        _shallow(exact_json.dumps(value))
    return value


def _shallow(written: bytes) -> bytes:
    if not has_few_brackets(written):
        raise exact_json.CannotKeepError("may be nested too deep")
    return written


# The parts of a row, as COPY takes them, in which the fields of its JSON end, and what each part is made of.
_PARTS: dict[str, tuple[str, ...]] = {
    **{field.name: (field.column_name,) for field in IN_JSON},
    **{holder: tuple(field.column_name for field in fields) for holder, fields in INSIDE_JSON.items()},
    **{name: (name,) for name in ("type", *REDEEMED)},
    **dict.fromkeys(CATEGORY_FIELDS, ("category",)),
}
_WORTH = ("type", *WORTH_NAMES.values())
_SOURCES: dict[str, tuple[str, ...]] = {
    **{field.column_name: (field.name,) for field in IN_JSON},
    **{field.column_name: (holder,) for holder, fields in INSIDE_JSON.items() for field in fields},
    **{name: (name,) for name in (*REDEEMED, "metadata")},
    **dict.fromkeys(_WORTH, _WORTH),
    "category": CATEGORY_FIELDS,
    "extras": EXTRA_NAMES,
}


@cache
def _values(is_into_campaign: bool) -> dict[str, _Value]:
    """Return what stands at the top of rows, but for objects and what is kept as it is."""
    redeemed = REDEEMED if is_into_campaign else ()
    return {
        **{field.name: _VALUES[field.clean] for field in IN_JSON},
        "type": _TYPE,
        **dict.fromkeys(CATEGORY_FIELDS, _TEXT),
        **dict.fromkeys(redeemed, _INTEGER),
    }


@cache
def _typed_rows(is_into_campaign: bool) -> TypedRows:
    return TypedRows(*_forms(is_into_campaign))


@cache
def _forms(is_into_campaign: bool) -> tuple[type[Struct], type[Struct], type[Struct]]:
    """Make the type of rows, the same with any values, and the latter with unknown fields."""
    return (
        _row_type(is_into_campaign, any_values=False, strict=True),
        _row_type(is_into_campaign, any_values=True, strict=True),
        _row_type(is_into_campaign, any_values=True, strict=False),
    )


def _row_type(is_into_campaign: bool, *, any_values: bool, strict: bool) -> type[Struct]:
    """Make a type of rows; `strict` where no fields are allowed but those that are declared."""

    def optional(name: str, value: _Value) -> tuple[str, Any, None]:
        return name, Any if any_values else value.declared | None, None

    def inside(holder: str) -> Any:
        parts = [optional(field.name, _VALUES[field.clean]) for field in INSIDE_JSON[holder]]
        made = defstruct(f"_{holder}", parts, gc=False, forbid_unknown_fields=strict)
        return made | _ANY_BUT_OBJECTS if any_values else made | None

    fields = [
        *(optional(name, value) for name, value in _values(is_into_campaign).items()),
        *((holder, inside(holder), None) for holder in INSIDE_JSON),
        *((name, Raw, LEFT_OUT) for name in (*WORTH_NAMES.values(), "metadata", *EXTRA_NAMES)),
    ]
    return defstruct("_Row", fields, gc=False, forbid_unknown_fields=strict)
