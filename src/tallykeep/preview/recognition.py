"""Recognizing the fields of a foreign file's columns, and its row type."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import PurePath
from typing import Literal

from tallykeep.catalog.row_types import ROW_TYPES, ImportedRowType
from tallykeep.engine.file_rules.column_mapping import OURS
from tallykeep.formats.csv.titles import normal_title
from tallykeep.preview.cell_shapes import speaks_against, speaks_for_choice
from tallykeep.preview.resemblance import Lexicon
from tallykeep.resources.fields.field import Field

By = Literal["title", "synonym", "similarity", "mapping"]

_SCORES: dict[By, float] = {"title": 1.0, "synonym": 0.9, "similarity": 0.6}
_SAMPLES = 3
_MAX_TITLE_LENGTH = 200  # beyond it nothing is recognized: nobody's word for a field is longer
_LOOSE = 0.75
_ALIKE = 0.9  # of 1
_SHORTEST_ALIKE, _MAX_ALIKE_LENGTH = 4, 40
_MAX_COMPARED = 200  # columns whose spelling is compared; wider files are nobody's spreadsheet
_WITHOUT_REQUIRED = 0.4  # what is left of a row type's confidence where none of its required fields is there
_NAMED_SO = 0.15  # what the file's name adds
_LESS = 0.5
_NEAR = 0.75  # of the likeliest row type's confidence: another one with so much may be meant as well
_LIKELY = 0.5
_TELLING_CUSTOMERS = {"Email", "Phone", "Birthdate", "Address_line_1", "Postal_Code", "City"}
_TELLING_PRODUCTS = {"price", "image_url", "attributes"}
_CHARACTERS = re.compile(r"[\W_]+")
_IN_BRACKETS = re.compile(r"[(\[][^()\[\]]*+[)\]]")

# Words that make a title such as «type» one of a voucher's.
_ABOUT_VOUCHERS = ("voucher", "coupon", "gutschein", "discount", "rabat", "bon", "cupon", "descuento", "remise")
# Words that mean many things: another column that says it better goes first.
_LOOSE_WORDS = frozenset((
    "id", "reference", "referenceid", "ref", "type", "kind", "art", "typ", "tipo", "limit", "used", "uses", "quantity",
    "anzahl", "title", "item", "product", "contact", "customer", "client", "label", "end", "start", "ab", "bis", "off",
    "points", "number", "no", "username", "reduction", "status", "group", "categories", "options", "properties",
    "gift", "name", "ean", "gtin", "cost", "value", "amount", "note", "notes", "user", "member",
    "giftcard", "card", "coupon", "voucher", "bon", "promo", "serial",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """A column of a file, or a property of JSON rows: its title, and what its first cells hold, blank ones left out."""

    title: str
    cells: tuple[str, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """Some different ones of the cells."""
        return tuple(dict.fromkeys(self.cells))[:_SAMPLES]


@dataclass(frozen=True, slots=True)
class Recognized:
    """The field that a column is taken for, and what that is based on; `score` is how sure that is (0 to 1)."""

    title: str
    by: By
    is_loose: bool = False

    @property
    def score(self) -> float:
        """Less for words that may mean other things too."""
        return _LOOSE if self.is_loose else _SCORES[self.by]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row type that the rows may be of, how sure that is (0 to 1) and why; its fields by the columns' indexes."""

    row_type: ImportedRowType
    confidence: float
    reason: str
    fields: Mapping[int, Recognized] = field(default_factory=dict)
    known: int = 0
    missing: tuple[str, ...] = ()


def candidates(
    columns: list[SeenColumn], source_format: str, file_name: str | None, defaults: Iterable[str] = ()
) -> list[Candidate]:
    """Rank every row type that comes in this format, likeliest first; the fields `defaults` need no column."""
    scored = [
        _candidate(row_type, columns, source_format, file_name, defaults)
        for row_type in ROW_TYPES.values()
        if row_type.action_type(source_format)
    ]
    by_name = {candidate.row_type.name: candidate for candidate in scored}
    weighed = [replace(each, confidence=_beside_others(each, by_name)) for each in scored]
    return sorted(weighed, key=lambda candidate: -candidate.confidence)


def _beside_others(candidate: Candidate, others: Mapping[str, Candidate]) -> float:
    """Return the confidence; less where other columns say what only another row type has."""
    standalone, product = others.get("vouchers"), others.get("products")
    weight = 1.0
    if candidate.row_type.name == "campaign-vouchers" and standalone:
        elsewhere = {normal_title(each.title) for at, each in standalone.fields.items() if at not in candidate.fields}
        weight = _LESS if elsewhere & candidate.row_type.ignored else 1
    if candidate.row_type.name == "customers" and product:
        has_customer_fields = {each.title for each in candidate.fields.values()} & _TELLING_CUSTOMERS
        is_product = {each.title for each in product.fields.values()} & _TELLING_PRODUCTS
        weight = _LESS if is_product and not has_customer_fields else 1
    return round(candidate.confidence * weight, 2)


def doubt(possible: list[Candidate], format_: str) -> str | None:
    """Say why the likeliest of these candidates may not be what the rows are; None where nothing else comes near."""
    best, *others = possible
    if not best.known:
        return "no column says what the rows are"
    near = [
        each.row_type.name
        for each in others
        if each.confidence > _NEAR * best.confidence
        and not (best.missing == () and each.missing)
        and (best.row_type.name, each.row_type.name) != ("vouchers", "campaign-vouchers")
    ]
    if near:
        return f"they could be {' or '.join([best.row_type.name, *near])}"
    if best.missing and not best.row_type.needs_little:
        return f"they look like {best.row_type.name}, but have nothing for {' and '.join(best.missing)}"
    if best.row_type.name == "customers" and format_ in ("csv", "xlsx"):
        titles = {each.title for each in best.fields.values()}
        if not titles & {*_TELLING_CUSTOMERS, *best.row_type.keys} and best.confidence < _LIKELY:
            return "they look like customers, but have neither key nor email nor phone number"
    return None


def recognize(row_type: ImportedRowType, columns: list[SeenColumn]) -> dict[int, Recognized]:
    """Recognize the columns' fields by index, each field once: the surest first, then the one further left."""
    recognized = [(index, _recognized(row_type, column, index)) for index, column in enumerate(columns)]
    surest = sorted(
        ((index, each) for index, each in recognized if each is not None),
        key=lambda pair: (-pair[1].score, not columns[pair[0]].cells, pair[0]),
    )
    taken: dict[str, int] = {}
    for index, each in surest:
        taken.setdefault(each.title, index)
    return {index: each for index, each in surest if taken[each.title] == index}


def _recognized(row_type: ImportedRowType, column: SeenColumn, index: int) -> Recognized | None:
    """Recognize what the column's title says, unless its cells say otherwise; our own titles always count."""
    title = _titles(row_type.name).get(normal_title(column.title))
    if title is not None:
        return _own_id_or_not(row_type, column, title)
    if len(column.title) > _MAX_TITLE_LENGTH:
        return None
    words, fields = _words(row_type.name), _fields(row_type.name)
    spellings = _spellings(row_type, column.title)
    for spelling in spellings:
        if spelling in words and _may_be(row_type, fields[words[spelling]], column):
            return Recognized(words[spelling], "synonym", spelling in _LOOSE_WORDS)
    if index < _MAX_COMPARED:
        for spelling in spellings:
            if _SHORTEST_ALIKE <= len(spelling) <= _MAX_ALIKE_LENGTH:
                close = _closest(row_type.name, spelling)
                field = fields[words[close]] if close is not None else None
                # Key columns are never guessed: rows that share a wrong key would become one resource.
                if field and field.title not in (*row_type.keys, "product_id") and _may_be(row_type, field, column):
                    return Recognized(field.title, "similarity")
    return None


def _may_be(row_type: ImportedRowType, field: Field, column: SeenColumn) -> bool:
    if speaks_against(field, row_type, column.cells):
        return False
    is_telling = not field.choices or field.shape == "boolean" or any(
        word in _plain(column.title) for word in _ABOUT_VOUCHERS
    )  # fmt: skip
    return is_telling or speaks_for_choice(field, column.cells)


def _own_id_or_not(row_type: ImportedRowType, column: SeenColumn, title: str) -> Recognized:
    """Take a column called `id` for ours only where its cells look like it, else for the client's own key."""
    own, prefix = row_type.own_id or (None, "")
    key = row_type.fields[0]
    if title == own and not all(cell.startswith(prefix) for cell in column.cells) and _may_be(row_type, key, column):
        return Recognized(key.title, "synonym")
    return Recognized(title, "title")


def _plain(text: str) -> str:
    """Reduce a title to letters and digits, in small letters without accents."""
    # Signs that are put together are put in order in quadratic time.
    return _plain_of_short(text[:_MAX_TITLE_LENGTH])


@lru_cache(maxsize=4_096)
def _plain_of_short(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return _CHARACTERS.sub("", "".join(character for character in decomposed if not unicodedata.combining(character)))


def _spellings(row_type: ImportedRowType, title: str) -> list[str]:
    """Return the title as it stands, without its brackets, and without the noun that all of them may begin with.

    None of a title that is too long to be one of ours.
    """
    if len(title) > _MAX_TITLE_LENGTH:
        return []
    spellings = dict.fromkeys((_plain(title), _plain(_IN_BRACKETS.sub("", title))))
    for plain in list(spellings):
        for noun in row_type.prefixes:
            if plain.startswith(noun):
                spellings[plain.removeprefix(noun)] = None
    return [spelling for spelling in spellings if spelling]


@cache
def _titles(name: str) -> dict[str, str]:
    return dict(ROW_TYPES[name].titles())


@cache
def _fields(name: str) -> dict[str, Field]:
    return {each.title: each for each in ROW_TYPES[name].fields}


@lru_cache(maxsize=4_096)  # a file's titles are looked at again with each choice that somebody makes about it
def _closest(name: str, spelling: str) -> str | None:
    return _lexicon(name).closest(spelling, _ALIKE)


@cache
def _lexicon(name: str) -> Lexicon:
    return Lexicon(_words(name))


@cache
def _words(name: str) -> dict[str, str]:
    """Return every word for a field of this row type, in plain spelling, with the field's title."""
    words = {_plain(title): title for title in _titles(name).values()}
    words |= {_plain(normal): title for normal, title in _titles(name).items()}
    for each in ROW_TYPES[name].fields:
        for synonym in each.synonyms:
            words.setdefault(_plain(synonym), each.title)
    return words


def _candidate(
    row_type: ImportedRowType,
    columns: list[SeenColumn],
    source_format: str,
    file_name: str | None,
    defaults: Iterable[str],
) -> Candidate:
    named = [column for column in columns if column.title.strip() and column.title not in OURS]
    if source_format in ("csv", "xlsx"):
        fields = recognize(row_type, columns)
        known = [columns[index].title for index in sorted(fields)]
        score = sum(each.score for each in fields.values())
        titles = _titles(row_type.name)
        available = {each.title for each in fields.values()} | {
            titles.get(normal_title(title), "") for title in defaults
        }
        missing = _missing_fields(row_type, available)
        wanted = sum(each.required for each in row_type.fields)
    else:
        fields = {}
        known = [column.title for column in named if column.title in row_type.properties]
        score = float(len(known))
        missing = [" or ".join(choice) for choice in row_type.expected if not set(choice).intersection(known)]
        wanted = len(row_type.expected)
    covered = min(score / max(len(named), 1), 1.0)
    there = 1 - len(missing) / wanted if wanted else 1.0
    confidence = covered * (_WITHOUT_REQUIRED + (1 - _WITHOUT_REQUIRED) * there)
    hinted = bool(file_name) and _is_named_so(row_type, str(file_name))
    confidence = min(confidence + (_NAMED_SO if hinted else 0), 1.0)
    reason = _reason(known, len(named), missing, hinted=hinted)
    return Candidate(row_type, round(confidence, 2), reason, fields, len(known), tuple(missing))


def _missing_fields(row_type: ImportedRowType, available: set[str]) -> list[str]:
    return [each.title for each in row_type.fields if each.required and each.title not in available]


def _reason(known: list[str], named: int, missing: Iterable[str], *, hinted: bool) -> str:
    parts = [f"{len(known)} of {named} columns are known" if known else "no column is known"]
    if lost := ", ".join(missing):
        parts.append(f"nothing for {lost}")
    if hinted:
        parts.append("the file's name fits")
    return "; ".join(parts)


def _is_named_so(row_type: ImportedRowType, file_name: str) -> bool:
    stem = _plain(PurePath(file_name).name.split(".")[0])
    return _plain(row_type.name) in stem or any(
        len(noun) > 2 and noun in stem for noun in row_type.prefixes if row_type.name != "campaign-vouchers"
    )
