"""Warnings of rows that would be imported, but likely not as meant: cut digits, keys and addresses that become
metadata, rows without a key.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tallykeep.catalog.row_types import ImportedRowType
from tallykeep.core.options.parsers import short
from tallykeep.engine.applying.shortened_keys import is_shortened
from tallykeep.formats.csv.titles import normal_title
from tallykeep.preview.cell_shapes import is_email, is_key, is_phone, is_text_formula, keys_differ

_SHOWN = 40
_NAMING_A_KEY = re.compile(
    r"(?:\b|_)(?:[a-z]{0,2}id|[ug]uid|nr|no|num|number|nummer|numer|code|kod|key|sku|ean|gtin)[\W_]*$|nummer$|nr\.?$",
    re.IGNORECASE,
)
_CASED = re.compile(r"[a-zß-ÿ](?:ID|Id|Nr|No|Code|Key)\W*$")
_FIRST_NAMES = ("firstname", "givenname", "vorname", "prenom", "imie")
_LAST_NAMES = ("lastname", "surname", "familyname", "nachname", "nazwisko", "apellidos", "apellido")
_SAID_BY_CAMPAIGN = "that comes from the campaign"


@dataclass(frozen=True, slots=True)
class FileWarning:
    """One thing to check before the import, and the index of the column that it is about."""

    type: str
    column: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Held:
    """A column as it will be used: `use` and `target` as the preview has them, `ignored` where its row type ignores it.

    `cells` are what the first rows hold in it, without blanks.
    """

    index: int
    title: str
    use: str
    target: str | None
    by: str | None
    ignored: bool
    cells: tuple[str, ...]


def file_warnings(
    row_type: ImportedRowType, columns: Sequence[Held], row_count: int, doubt: str | None
) -> list[FileWarning]:
    """List everything to warn of, `row_count` being the rows whose cells the columns hold."""
    key = _key_of(row_type, columns)
    warnings = [*_unclear(doubt), *_of_columns(columns)]
    if columns:  # none, where not even the first object is whole
        warnings += _about_key(row_type, key, columns, row_count)
    return [*warnings, *_lost_addresses(row_type, columns), *_split_names(row_type, columns)]


def charset_warnings(taken: str, others: Sequence[str]) -> list[FileWarning]:
    """Warn where a file reads better in `others`, the likeliest first, than in the charset that is taken."""
    if not others:
        return []
    meant = " or ".join(others)
    message = f"Read as {taken}, words hold signs that no word has. Perhaps it is in {meant}: name it with charset."
    return [FileWarning("charset", None, message)]


def _unclear(doubt: str | None) -> Iterator[FileWarning]:
    if doubt is not None:
        yield FileWarning("unclear_row_type", None, f"What these rows are is not clear: {doubt}. Say the row type.")


def _of_columns(columns: Sequence[Held]) -> Iterator[FileWarning]:
    for column in columns:
        if column.by == "similarity":
            message = f"{_named(column)} is taken for {column.target} only because it looks alike: say whether it is."
            yield FileWarning("by_resemblance", column.index, message)
        if column.ignored:
            message = f"{_named(column)} does not count for vouchers of a campaign: {_SAID_BY_CAMPAIGN}."
            yield FileWarning("ignored_columns", column.index, message)
        if column.use != "left_out" and (formula := next(filter(is_text_formula, column.cells), None)):
            message = (
                f"{_named(column)} has cells such as {short(formula, _SHOWN)!r}, with signs that keep a spreadsheet"
                " from reading numbers. They are stored as they stand; if only what is within is meant, take the signs"
                " off in the file, with the column formatted as text."
            )
            yield FileWarning("text_formula", column.index, message)


def _key_of(row_type: ImportedRowType, columns: Sequence[Held]) -> Held | None:
    titles = row_type.keys or ("source_id", "id")
    wanted = set(map(normal_title, titles)) | ({"sourceid", "id"} if row_type.own_id else {"code"})
    held = [column for column in columns if column.use == "field" and normal_title(column.target or "") in wanted]
    return max(held, key=lambda column: len(column.cells), default=None)


def _about_key(
    row_type: ImportedRowType, key: Held | None, columns: Sequence[Held], row_count: int
) -> Iterator[FileWarning]:
    if key is None:
        yield from _lost_keys(row_type, columns)
        if row_type.may_lack_key:
            yield FileWarning(
                "no_key", None,
                f"No column says which {row_type.name} these are ({_key_title(row_type)}): every import makes all of"
                " them anew, also of the same file.",
            )  # fmt: skip
        return
    if row_type.may_lack_key and len(key.cells) < row_count:
        yield FileWarning(
            "no_key", key.index,
            f"{row_count - len(key.cells)} of the first {row_count} rows have nothing in {_named(key)}: every import"
            f" makes these {row_type.name} anew.",
        )  # fmt: skip
    cut = [cell for cell in key.cells if is_shortened(cell)]
    if cut:
        yield FileWarning(
            "scientific_keys", key.index,
            f"{_named(key)} has cells such as {short(cut[0], _SHOWN)}: a spreadsheet has cut the digits of {len(cut)}"
            f" of the first {len(key.cells)}. Rows that share such a cell fail. Format the column as text in the"
            " original, and export it again.",
        )  # fmt: skip


def _lost_keys(row_type: ImportedRowType, columns: Sequence[Held]) -> Iterator[FileWarning]:
    for column in columns:
        if column.use == "metadata" and _resembles_a_key(column):
            message = (
                f"{_named(column)} looks like what tells the {row_type.name} apart, but becomes metadata: say whether"
                f" it is their {_key_title(row_type)}."
            )
            yield FileWarning("lost_key", column.index, message)


def _resembles_a_key(column: Held) -> bool:
    named = _NAMING_A_KEY.search(column.title) or _CASED.search(column.title)
    cells = column.cells
    return bool(named and cells and keys_differ(cells) and len(set(cells)) == len(cells) and all(map(is_key, cells)))


def _lost_addresses(row_type: ImportedRowType, columns: Sequence[Held]) -> Iterator[FileWarning]:
    known = {each.title for each in row_type.fields}
    used = {column.target for column in columns if column.use == "field"}
    for title, slug, what, is_address in (
        ("Email", "lost_email", "email addresses", is_email),
        ("Phone", "lost_phone", "telephone numbers", is_phone),
    ):
        if title not in known or title in used:
            continue
        for column in columns:
            if column.use == "metadata" and column.cells and 2 * sum(map(is_address, column.cells)) > len(column.cells):
                message = f"{_named(column)} holds {what}, but becomes metadata: say whether it is {title}."
                yield FileWarning(slug, column.index, message)


def _split_names(row_type: ImportedRowType, columns: Sequence[Held]) -> Iterator[FileWarning]:
    """Warn of first and last names, which are not joined: which comes first, and with what between, is not known."""
    if row_type.name != "customers" or any(column.target == "Name" for column in columns if column.use == "field"):
        return
    beside = [column for column in columns if column.use == "metadata"]
    first, last = (
        next((each for each in beside if normal_title(each.title).endswith(names)), None)
        for names in (_FIRST_NAMES, _LAST_NAMES)
    )
    if first and last:
        message = (
            f"{_named(first)} and {_named(last)} stay apart, as metadata, and Name stays empty: a column that holds the"
            " whole name would fill it."
        )
        yield FileWarning("split_name", first.index, message)


def _key_title(row_type: ImportedRowType) -> str:
    return (row_type.keys or ("source_id",))[0]


def _named(column: Held) -> str:
    return repr(short(column.title, _SHOWN))
