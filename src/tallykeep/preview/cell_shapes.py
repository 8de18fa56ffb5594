"""Cell shapes: whether the cells of a column support or contradict the field that its title suggests."""

import re
from collections.abc import Callable, Sequence

from tallykeep.catalog.row_types import ImportedRowType
from tallykeep.engine.applying.shortened_keys import is_shortened
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.field import Field, Shape
from tallykeep.resources.fields.plain_texts import CLEARING

_SHAPED_SO = 0.5  # of the cells that hold something: fewer speak against the field
_DIFFERENT = 0.5  # of a key's cells: where fewer differ, they are no keys
_MAX_EXAMINED = 100
_MAX_KEY_LENGTH, _MAX_WORDS = 64, 3
_FEWEST_DIGITS = 5  # of a telephone number
_MAX_LENGTH = 120  # of a cell that patterns are matched with

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]++(?:\.[^@\s.]++)+")
_DIALED = re.compile(r"'?(?:\+|00?\d|\()[\d\s()./-]{6,}|\d{3}[-.\s]\d{3,4}[-.\s]\d{4}", re.ASCII)
_DATE = re.compile(r"\d{1,4}\s?[-./年]\s?\d{1,2}\s?[-./月]\s?\d{1,4}\b.*"
                   r"|\d{1,2}\.?[\s-]++[a-z]{3,9}[.,]?[\s-]++\d{4}\b.*", re.IGNORECASE)  # fmt: skip
_MONTH_AND_DAY = re.compile(r"\b[a-z]{3,9}\.?,?\s++\d", re.IGNORECASE)
_YEAR = re.compile(r"\b\d{4}\b")
_NUMBER = re.compile(r"[^\w\s]?[^\d\s]{0,4}\s?[+-]?\d[\d\s.,'’]*\s?[^\d\s]{0,8}")
_PRICE = re.compile(r"\d{1,7}[.,]\d{2}\s?[€$£]?|[€$£]\s?\d[\d.,]*")
_URL = re.compile(r"(?:https?:)?/{1,2}\S+|\S+\.(?:jpe?g|png|gif|webp|svg)\S*", re.IGNORECASE)
_FORMULA = re.compile(r'=\s?"[^"]*"')
_BOOLEANS = frozenset((
    "true", "false", "yes", "no", "y", "n", "ja", "nein", "oui", "non", "si", "sí", "tak", "nie", "on", "off", "wahr",
    "falsch", "vrai", "faux",
))  # fmt: skip

_WORDS_OF_CHOICES = (
    "voucher", "coupon", "gift", "discount", "loyalty", "card", "percent", "fixed", "amount", "gutschein", "rabatt",
    "karte", "prozent", "betrag", "treue", "rabat", "bon", "kupon", "cupón", "descuento", "tarjeta", "remise", "carte",
)  # fmt: skip

Test = Callable[[str], bool]


def is_email(cell: str) -> bool:
    """Whether it looks like an email address."""
    return len(cell) <= _MAX_LENGTH and _EMAIL.fullmatch(cell.removeprefix("'")) is not None


def is_phone(cell: str) -> bool:
    """Whether it looks like a telephone number as people write it down: more than digits."""
    return len(cell) <= 24 and bool(_DIALED.fullmatch(cell)) and not is_date(cell)


def is_date(cell: str) -> bool:
    """Whether it reads as a day, in whatever order its parts are."""
    if len(cell) > _MAX_LENGTH:
        return False
    if _DATE.fullmatch(cell):
        return True
    match = _MONTH_AND_DAY.search(cell)
    return match is not None and "\n" not in cell and _YEAR.search(cell, match.end()) is not None


def is_text_formula(cell: str) -> bool:
    """Whether it is what exports write so that a spreadsheet keeps the digits: ="00123", or an apostrophe in front."""
    if cell[:1] == "=":
        return _FORMULA.fullmatch(cell) is not None
    return cell[:1] == "'" and len(cell) > 1 and cell[1] in "0123456789+-=@"


def keys_differ(cells: Sequence[str]) -> bool:
    """Whether these cells tell rows apart, as far as a few can show it; what a spreadsheet has cut counts as it was."""
    if len(cells) < 2 or all(map(is_shortened, cells)):
        return True
    return len(set(cells)) > 1 and len(set(cells)) >= _DIFFERENT * len(cells)


def speaks_for_choice(field: Field, cells: Sequence[str]) -> bool:
    """Whether some of these cells are one of the field's choices, or have a word that only these have."""
    return not cells or any(_is_choice(field, cell) for cell in dict.fromkeys(cells))


def _is_choice(field: Field, cell: str) -> bool:
    if any(word in cell.casefold() for word in _WORDS_OF_CHOICES):
        return True
    try:
        return field.clean_cell(cell) in field.choices
    except Problem:
        return False


def speaks_against(field: Field, row_type: ImportedRowType, cells: Sequence[str]) -> bool:
    """Whether the column's cells cannot be what the field holds; none at all say nothing."""
    held = [cell for cell in cells if cell not in ("", CLEARING)][:_MAX_EXAMINED]
    if not held:
        return False
    if field.title in row_type.keys and not keys_differ(held):
        return True
    has_shape = _test_of(field, row_type)
    return has_shape is not None and sum(map(has_shape, held)) < _SHAPED_SO * len(held)


def _test_of(field: Field, row_type: ImportedRowType) -> Test | None:
    if field.title in row_type.keys:
        return _TESTS[row_type.fields[0].shape or "key"]
    if field.shape is None:
        return _is_word if field.choices else None
    return _TESTS[field.shape]


def is_key(cell: str) -> bool:
    """Whether it may tell one row from others: no sentence, date, price, yes or no, nor an address of any kind."""
    return _is_key_or_email(cell) and not is_email(cell)


def _is_key_or_email(cell: str) -> bool:
    return (
        len(cell) <= _MAX_KEY_LENGTH
        and cell.count(" ") < _MAX_WORDS
        and cell.casefold() not in _BOOLEANS
        and not (is_date(cell) or _PRICE.fullmatch(cell) or _URL.fullmatch(cell))
    )


def _is_number(cell: str) -> bool:
    return len(cell) <= _MAX_LENGTH and _NUMBER.fullmatch(cell) is not None and not is_date(cell)


def _is_word(cell: str) -> bool:
    """Whether it may be the file's own word for a choice."""
    return cell in ("%", "€", "$", "£") or (_is_name(cell) and is_key(cell))


def _is_boolean(cell: str) -> bool:
    return cell.casefold() in _BOOLEANS or cell in ("0", "1") or cell.casefold() in ("active", "inactive", "aktiv")


def _is_link(cell: str) -> bool:
    return _URL.fullmatch(cell) is not None


def _is_called(cell: str) -> bool:
    digits = sum(map(str.isdecimal, cell))
    return digits >= _FEWEST_DIGITS and digits > sum(map(str.isalpha, cell)) and not is_date(cell)


def _is_name(cell: str) -> bool:
    return not (is_email(cell) or is_date(cell) or _is_number(cell))


_TESTS: dict[Shape, Test] = {
    "email": is_email,
    "phone": _is_called,
    "date": is_date,
    "number": _is_number,
    "boolean": _is_boolean,
    "link": _is_link,
    "name": _is_name,
    "key": is_key,
    "key_or_email": _is_key_or_email,
}
