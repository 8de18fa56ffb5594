"""The quick way from JSON rows to what is copied: decoded into a type, checked column by column.

What it takes is exactly what the careful way would make of a row; which of the others are right, that decides.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import accumulate, repeat
from operator import gt
from typing import Any

from msgspec import Raw

from tallykeep.core import exact_json
from tallykeep.db.copy_format import NULL, copy_text
from tallykeep.formats.json.typed_rows import TypedRun
from tallykeep.resources.categories.labels import FIELDS as CATEGORY_FIELDS
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner, Problem
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.json_columns import (
    Column,
    Objects,
    Typed,
    read_booleans,
    read_integers,
    read_keys,
    read_present,
    read_texts,
    read_timestamps,
)
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.metadata.typed_objects import typed_metadata
from tallykeep.resources.vouchers.domain import DISCOUNT, EXTRA_FIELDS, EXTRA_NAMES, GIFT, WORTH, without_balance
from tallykeep.resources.vouchers.draft import ABSENT, COLUMNS
from tallykeep.resources.vouchers.fields import INSIDE_JSON
from tallykeep.resources.vouchers.importing.typed_vouchers import (
    JSON_NULL,
    LEFT_OUT,
    NOTHING,
    REDEEMED,
    WORTH_NAMES,
    Columns,
    TypedVouchers,
    as_read,
    values_inside,
)
from tallykeep.resources.vouchers.importing.worth_checks import discount_problems, worth_problems
from tallykeep.resources.vouchers.importing.worth_types import TYPES

Texts = list[str | None]
# Parts of a row that are judged together.
_RELATED = ({"start_date", "expiration_date"}, {"type", "redeemed_amount", *WORTH_NAMES.values()})
_Read = Callable[..., Sequence[str | None]]

# What reads many values of a field that has one of these cleaners.
_READERS: dict[Cleaner, _Read] = {
    cleaning.text: read_texts,
    cleaning.json_boolean: lambda values, **_: read_booleans(values),
    cleaning.integer: lambda values, **_: read_integers(values),
    cleaning.timestamp: lambda values, **_: read_timestamps(values, cleaning.timestamp),
    cleaning.last_timestamp: lambda values, **_: read_timestamps(values, cleaning.last_timestamp),
}


class ReadRun:
    """The codes and the row texts of some rows, in which None stands where one needs the careful way.

    `texts` are those of the parts of rows that were decoded, `mistyped` their parts with values of other types.
    """

    def __init__(
        self,
        run: TypedRun,
        codes: Texts,
        row_texts: Texts,
        texts: Mapping[str, Column],
        mistyped: Mapping[int, Collection[str]],
    ) -> None:
        self.codes = codes
        self.row_texts = row_texts
        self._run = run
        self._texts = texts
        self._mistyped = mistyped

    @cached_property
    def lacking(self) -> list[int]:
        """The indexes of the rows that lack their code or their text."""
        if None not in self.codes and None not in self.row_texts:
            return []
        return [at for at, pair in enumerate(zip(self.codes, self.row_texts, strict=True)) if None in pair]

    def doubtful(self, at: int) -> tuple[set[str], dict[str, Any]] | None:
        """Return the parts of a row that the columns have not taken, and the values that they are made of.

        All others are right. None where nothing is known of them.
        """
        row = self._run.rows[at]
        if row is None or self._run.has_escapes:
            return None
        index = self._decoded_at[at]
        parts = {name for name, column in self._incomplete if column[index] is None}
        parts.update(self._mistyped.get(index, ()))
        if self.codes[at] is None:
            parts.add("code")
        for related in _RELATED:
            if not parts.isdisjoint(related):
                parts.update(related)
        values = as_read(row, [*parts, "code"])
        return None if values is None else (parts, values)

    @cached_property
    def _incomplete(self) -> list[tuple[str, Sequence[str | None]]]:
        """The parts of which some rows have none, with their texts."""
        return [(name, texts) for name, texts in self._texts.items() if not isinstance(texts, str) and None in texts]

    @cached_property
    def _decoded_at(self) -> list[int]:
        """Where each row stands among those that were decoded."""
        return list(accumulate([row is not None for row in self._run.rows[:-1]], initial=0))


class JsonColumns:
    """Makes codes, and row texts (see DraftTable), of rows that have no problem and nothing unusual."""

    def __init__(
        self, fields: Sequence[Field], metadata: MetadataChecker, categories: CategoryLabels, campaign_id: str | None
    ) -> None:
        self._typed = TypedVouchers(is_into_campaign=campaign_id is not None)
        self.rows = self._typed.rows
        self._fields = [
            (field.name, field.column_name, _READERS[field.clean]) for field in fields if field.name != "code"
        ]
        self._redeemed = REDEEMED if campaign_id is not None else ()
        self._campaign_id = ABSENT["campaign_id"] if campaign_id is None else copy_text(campaign_id)
        self._categories = Memo(partial(_category_text, categories))
        self._metadata = _metadata_objects(metadata)
        self._without_metadata = None if metadata.problems({}) else ABSENT["metadata"]
        self._extras = Memo(_extras_text)

    def read(self, run: TypedRun) -> "ReadRun":
        """Read the rows."""
        columns, mistyped = self._typed.columns(run)
        if not columns:
            return ReadRun(run, [None] * len(run.rows), [None] * len(run.rows), {}, {})
        codes = read_keys(columns["code"], has_escapes=run.has_escapes)
        texts = self._texts(columns, run)
        row_texts = _joined([texts.get(name, ABSENT.get(name, NULL)) for name in ("type", *COLUMNS)], len(codes))
        for at in mistyped:
            row_texts[at] = None
        if len(codes) < len(run.rows):
            codes, row_texts = _spread(codes, run.rows), _spread(row_texts, run.rows)
        return ReadRun(run, codes, row_texts, texts, mistyped)

    def _texts(self, columns: Columns, run: TypedRun) -> dict[str, Column]:
        types = _types(columns)
        texts: dict[str, Column] = {"type": list(types), "campaign_id": self._campaign_id}
        for values, column_name, reader in self._standalone(columns):
            read = partial(reader, has_escapes=run.has_escapes)
            texts[column_name] = read_present(values, ABSENT[column_name], read)
        for name in self._redeemed:
            texts[name] = read_present(columns[name], ABSENT[name], read_integers)
        for voucher_type, name in WORTH_NAMES.items():
            objects = partial(_OBJECTS[voucher_type].read, has_usual_numbers=run.has_usual_numbers)
            texts[name] = _worth_texts(voucher_type, types, columns[name], columns.get("redeemed_amount"), objects)
        texts["category"] = self._category_texts(columns)
        texts["metadata"] = self._metadata_texts(columns["metadata"], has_usual_numbers=run.has_usual_numbers)
        texts["extras"] = self._extra_texts([columns[name] for name in EXTRA_NAMES])
        _refuse_ends_before_starts(texts)
        return texts

    def _standalone(self, columns: Columns) -> Iterator[tuple[Sequence[Any], str, _Read]]:
        """Yield the values of each field that is read by itself, the name of its column, and what reads it."""
        for name, column_name, reader in self._fields:
            yield columns[name], column_name, reader
        for holder, part, column_name, reader in _INSIDE:
            yield values_inside(columns[holder], part), column_name, reader

    def _category_texts(self, columns: Columns) -> Column:
        named, identified = (columns[name] for name in CATEGORY_FIELDS)
        if named.count(None) == identified.count(None) == len(named):
            return ABSENT["category"]
        return list(map(self._categories.__getitem__, zip(named, identified, strict=True)))

    def _metadata_texts(self, raws: Sequence[Raw], *, has_usual_numbers: bool) -> Column:
        missing = raws.count(LEFT_OUT) + raws.count(JSON_NULL)
        if missing == len(raws) and self._without_metadata is not None:
            return self._without_metadata
        there = [raw for raw in raws if raw not in NOTHING] if missing else raws
        read = self._metadata.read(there, has_usual_numbers=has_usual_numbers) if there else ()
        if not missing:
            return list(read)
        texts = iter(read)
        return [self._without_metadata if raw in NOTHING else next(texts) for raw in raws]

    def _extra_texts(self, extras: Sequence[Sequence[Raw]]) -> Column:
        if not any(map(any, extras)):
            return ABSENT["extras"]
        return [self._extras[tuple(map(bytes, raws))] for raws in zip(*extras, strict=True)]


_INSIDE = [
    (holder, field.name, field.column_name, _READERS[field.clean])
    for holder, fields in INSIDE_JSON.items() for field in fields
]  # fmt: skip


def _types(columns: Columns) -> Sequence[str | None]:
    """Return the rows' types, also where only the gift or the discount tells it; None where nothing does."""
    types: Sequence[str | None] = columns["type"]
    if all(types):
        return types
    worth = zip(types, columns["gift"], columns["discount"], strict=True)
    return [voucher_type or _implied(gift, discount) for voucher_type, gift, discount in worth]


def _implied(gift: Raw, discount: Raw) -> str | None:
    if gift not in NOTHING:
        return GIFT
    return DISCOUNT if discount not in NOTHING else None


def _worth_texts(
    voucher_type: str,
    types: Sequence[str | None],
    raws: Sequence[Raw],
    spent: Sequence[int | None] | None,
    read: Callable[[Sequence[Raw]], Sequence[str | None]],
) -> Column:
    """Return the texts of what vouchers of this type are worth; one of another type that has the like needs care."""
    mine = types.count(voucher_type)
    if not mine and not any(raws):
        return NULL
    if mine == len(types):
        texts = list(read(raws))
    else:
        pairs = list(zip(types, raws, strict=True))
        following = iter(read([raw for each, raw in pairs if each == voucher_type]) if mine else ())
        texts = [next(following) if each == voucher_type else NULL if raw in NOTHING else None for each, raw in pairs]
    if voucher_type in WORTH and None in texts:
        left = zip(texts, types, raws, spent or repeat(None), strict=False)
        texts = [_with_balance(each, raw, so_much) if text is None and each == voucher_type else text
                 for text, each, raw, so_much in left]  # fmt: skip
    return texts


def _with_balance(voucher_type: str, raw: Raw, spent: int | None) -> str | None:
    """Return the text of a gift or a loyalty card as it is stored, without the balance that it may have."""
    try:
        worth = cleaning.json_object(exact_json.loads(bytes(raw)))
    except (exact_json.DecodeError, Problem):
        return None
    if worth_problems(voucher_type, worth, spent):
        return None
    return copy_text(exact_json.dumps(without_balance(worth)).decode())


def _has_no_problems(voucher_type: str, worth: dict[str, Any]) -> bool:
    if voucher_type == DISCOUNT:
        return not discount_problems(worth)
    return "balance" not in worth and not worth_problems(voucher_type, worth, None)


_OBJECTS = {each: Objects(partial(_has_no_problems, each), Typed(taken)) for each, taken in TYPES.items()}


def _metadata_objects(metadata: MetadataChecker) -> Objects:
    if metadata.takes_anything:
        return Objects()
    return Objects(metadata.takes, typed_metadata(metadata))


def _category_text(categories: CategoryLabels, pair: tuple[str | None, str | None]) -> str | None:
    problems: list[str] = []
    label = categories.label_in(dict(zip(CATEGORY_FIELDS, pair, strict=True)), problems)
    if problems:
        return None
    return ABSENT["category"] if label is None else copy_text(label)


def _extras_text(raws: tuple[bytes, ...]) -> str | None:
    try:
        extras = {
            name: clean(exact_json.loads(raw))
            for (name, clean), raw in zip(EXTRA_FIELDS, raws, strict=True) if raw not in (b"", b"null")
        }  # fmt: skip
    except (exact_json.DecodeError, Problem):
        return None
    return copy_text(exact_json.dumps(extras).decode()) if extras else ABSENT["extras"]


def _refuse_ends_before_starts(texts: dict[str, Column]) -> None:
    """Leave rows to the careful way whose end lies before their start."""
    starts, ends = texts["start_date"], texts["expiration_date"]
    if isinstance(starts, str) or isinstance(ends, str):
        return
    if None in starts or None in ends or any(map(gt, starts, ends)):  # type: ignore[arg-type]
        texts["expiration_date"] = [
            None if start is None or end is None or (NULL not in (start, end) and end < start) else end
            for start, end in zip(starts, ends, strict=True)
        ]


def _spread(texts: Texts, rows: Sequence[Any]) -> Texts:
    """Give the rows that were decoded their texts, in order."""
    following = iter(texts)
    return [None if row is None else next(following) for row in rows]


def _joined(columns: Sequence[Column], count: int) -> Texts:
    """Join the columns' texts row by row; None for a row that lacks one."""
    parts: list[Column] = []
    for column in columns:
        if isinstance(column, str) and parts and isinstance(last := parts[-1], str):
            parts[-1] = f"{last}\t{column}"
        else:
            parts.append(column)
    try:
        return list(map("\t".join, _in_rows(parts, count)))
    except TypeError:  # a row lacks a text
        return [None if None in texts else "\t".join(texts) for texts in _in_rows(parts, count)]


def _in_rows(columns: Sequence[Column], count: int) -> Iterator[tuple[Any, ...]]:
    return zip(*[repeat(column, count) if isinstance(column, str) else column for column in columns], strict=True)
