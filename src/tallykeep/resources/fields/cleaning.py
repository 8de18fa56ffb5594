"""Cleaners: each takes one value as it came and returns it as we store it, or raises Problem with the reason.

A reason reads «must be a whole number (actual value is '1.5')»; the caller puts the field's name in front.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from tallykeep.core import exact_json
from tallykeep.formats.hidden_characters import hidden_in, is_control, named, without_hidden, without_joiners

Cleaner = Callable[[Any], Any]
Number = int | float | Decimal  # the last where a float would be another number

MAX_KEY_BYTES = 1024  # PostgreSQL's btree takes 2,704 bytes; the rest is room for the other columns of a key
MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1  # beyond it JSON readers disagree
_SHOWN = 100
_DAY_LENGTH = len("2022-01-01")
_TOO_DEEP = f"must not be nested deeper than {MAX_DEPTH} levels"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d(?::\d\d(?::\d\d(?:\.\d{1,9})?)?)?(?:Z|[+-]\d\d:?[0-5]\d)?)?", re.ASCII
)
_DECIMAL = re.compile(r"[+-]?(?:\d{1,16}(?:\.\d{0,16})?|\.\d{1,16})", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


class Problem(ValueError):
    """A value cannot be taken; the message is the reason, without the field's name."""


def actual(value: Any) -> str:
    """Say «(actual value is '…')», with which the wire format's reasons end; long values are cut."""
    return f"(actual value is '{shown(value if isinstance(value, str) else _as_json(value))}')"


def shown(text: str) -> str:
    """Return a text as a reason shows it, without what cannot be stored; long ones are cut."""
    cut = text[:_SHOWN] + "…" if len(text) > _SHOWN else text
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", cut)


def _as_json(value: Any) -> str:
    try:
        return exact_json.dumps(value).decode()
    except TypeError:
        return "a value that cannot be shown"


def text(value: Any) -> str:
    """Take any text PostgreSQL can hold; raises Problem."""
    if type(value) is str and value.isprintable():
        return value
    if not isinstance(value, str):
        raise Problem(f"must be a string {actual(value)}")
    if _UNSTORABLE.search(value):
        raise Problem("must not contain the character U+0000 or half of a surrogate pair")
    return value


def key_text(value: Any) -> str:
    """Clean a resource's key of the blanks around it: nothing invisible in it, at most 1,024 bytes in UTF-8.

    One that is_blank comes out empty, which is for the caller to judge. Raises Problem for anything else.
    """
    if is_usual_key(value):
        return value.strip()  # type: ignore[no-any-return]
    if not isinstance(value, str):
        raise Problem(f"must be a string {actual(value)}")
    key = value.strip()
    _refuse_hidden(key, hidden_in(key))
    if len(key) > MAX_KEY_BYTES // 4 and len(key.encode()) > MAX_KEY_BYTES:
        raise Problem(f"must be at most {MAX_KEY_BYTES} bytes long {actual(key)}")
    return key


def is_usual_key(value: Any) -> bool:
    """Whether it is a text that key_text has nothing to say of; quick, and False where it is not sure."""
    return type(value) is str and value.isascii() and value.isprintable() and len(value) <= MAX_KEY_BYTES


def name_text(value: Any) -> str:
    """Clean a name by which a resource is addressed: like a key, but joined as its script demands.

    Raises Problem for anything else.
    """
    if not isinstance(value, str):
        raise Problem(f"must be a string {actual(value)}")
    key_text(without_joiners(value))
    return value.strip()


def label_text(value: Any) -> str:
    """Clean a name of whatever length, which may be of something that does not exist."""
    label = trimmed(value)
    _refuse_hidden(label, hidden_in(without_joiners(label)))
    return label


def _refuse_hidden(key: str, hidden: str | None) -> None:
    if _UNSTORABLE.search(key) or (hidden and is_control(hidden)):
        raise Problem(f"must not contain control characters {actual(_without_hidden(key))}")
    if hidden:
        raise Problem(f"must not contain the invisible character {named(hidden)} {actual(_without_hidden(key))}")


def _without_hidden(key: str) -> str:
    return without_hidden(key[: _SHOWN + 1])  # no more of it is shown


def is_blank(value: Any) -> bool:
    """Whether there is no key: nothing, or a text of blanks."""
    return value is None or (isinstance(value, str) and not value.strip())


def trimmed(value: Any) -> str:
    """Clean any text PostgreSQL can hold of the blanks around it, as in files."""
    return text(value).strip()


def boolean(value: Any) -> bool:
    """Read true or false; in a file also TRUE and False. Raises Problem for anything else."""
    if isinstance(value, bool):
        return value
    known = _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None
    if known is None:
        raise Problem(f"must be true or false {actual(value)}")
    return known


def json_boolean(value: Any) -> bool:
    """Take true or false as JSON knows them. Raises Problem for anything else."""
    if not isinstance(value, bool):
        raise Problem(f"must be true or false {actual(value)}")
    return value


def timestamp(value: Any) -> str:
    """Read a date or date and time like exact_timestamp, as UTC in ISO 8601 to the millisecond."""
    return exact_timestamp(value).isoformat(timespec="milliseconds")


def exact_timestamp(value: Any) -> datetime:
    """Read a date or date and time: YYYY-MM-DD, …THH, …THH:mm, …THH:mm:ss[.SSS], with Z or an offset or in UTC.

    Raises Problem for anything else.
    """
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        raise Problem(f"must be a date like 2022-09-26 or 2022-09-26T13:00:00Z {actual(value)}")
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(f"is not a date that exists {actual(value)}") from None


def last_timestamp(value: Any) -> str:
    """Read a date or date and time like timestamp, but for a day alone: the last millisecond of that day."""
    read = timestamp(value)
    return f"{value}T23:59:59.999+00:00" if len(value) == _DAY_LENGTH else read


def day(value: Any) -> str:
    """Read the day of a date or date and time as it is written, wherever on earth that was."""
    exact_timestamp(value)
    return str(value[:_DAY_LENGTH])


def order_problem(start: str, end: str) -> str | None:
    """Say what is wrong with an end, the label left out, before its start; both as timestamp() cleaned them."""
    return f"must not lie before the start, {start} {actual(end)}" if end < start else None


def is_number(value: Any) -> bool:
    """Whether it is a JSON number."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def number(value: Any) -> Number:
    """Take a finite JSON number that is not negative. Raises Problem for anything else."""
    if not is_number(value):
        raise Problem(f"must be a number {actual(value)}")
    if not 0 <= value <= MAX_INTEGER:
        raise Problem(f"must be between 0 and {MAX_INTEGER} {actual(value)}")
    kept: Number = value
    return kept


def integer(value: Any) -> int:
    """Take a JSON integer that is not negative; 5.0 counts as 5. Raises Problem for anything else."""
    if type(value) is int and 0 <= value <= MAX_INTEGER:
        return value
    cleaned = number(value)
    if cleaned != int(cleaned):
        raise Problem(f"must be a whole number {actual(value)}")
    return int(cleaned)


def percent(value: Any) -> Number:
    """Take a number from 0 to 100. Raises Problem for anything else."""
    cleaned = number(value)
    if cleaned > 100:
        raise Problem(f"must be between 0 and 100 {actual(value)}")
    return cleaned


def cell_number(value: str) -> Number:
    """Read a number written in a file with a point; integers come back as int."""
    parsed = _decimal(value)
    return number(int(parsed) if parsed == parsed.to_integral_value() else float(parsed))


def cell_integer(value: str) -> int:
    """Read an integer written in a file."""
    return integer(cell_number(value))


def cell_cents(value: str) -> int:
    """Read an amount with up to two decimals, as the smallest unit: 14.5 is 1450. Raises Problem for anything else."""
    cents = _decimal(value) * 100
    if cents != cents.to_integral_value():
        raise Problem(f"must have at most two decimals {actual(value)}")
    if not 0 <= cents <= MAX_INTEGER:
        raise Problem(f"must be between 0 and {MAX_INTEGER // 100} {actual(value)}")
    return int(cents)


def _decimal(value: str) -> Decimal:
    stripped = value.strip()
    if not _DECIMAL.fullmatch(stripped):
        raise Problem(f"must be a number {actual(value)}")
    try:
        return Decimal(stripped)
    except InvalidOperation:
        raise Problem(f"must be a number {actual(value)}") from None


def one_of(*allowed: str) -> Cleaner:
    """Make a cleaner for one of these words, exactly as written."""
    words = frozenset(allowed)

    def clean(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise Problem(f"must be one of {', '.join(allowed)} {actual(value)}")
        return value

    return clean


def json_object(value: Any) -> dict[str, Any]:
    """Take a JSON object that PostgreSQL can hold, at most 32 levels deep. Raises Problem for anything else."""
    if not isinstance(value, dict):
        raise Problem(f"must be an object {actual(value)}")
    check_storable(value)
    return value


def json_array(value: Any) -> list[Any]:
    """Take a JSON array that PostgreSQL can hold, at most 32 levels deep. Raises Problem for anything else."""
    if not isinstance(value, list):
        raise Problem(f"must be an array {actual(value)}")
    check_storable(value)
    return value


def days_of_week(value: Any) -> list[int]:
    """Take days from 0 for Sunday to 6 for Saturday. Raises Problem for anything else."""
    days = json_array(value)
    if not all(type(day) is int and 0 <= day <= 6 for day in days):
        raise Problem(f"must be an array of whole numbers from 0 (Sunday) to 6 {actual(value)}")
    return days


def is_flat(value: Any) -> bool:
    """Whether it is an object without others inside that PostgreSQL can hold; quick, and False where it is not sure."""
    if type(value) is not dict:
        return False
    for name, part in value.items():
        part_type = type(part)
        if part_type is dict or part_type is list or not name.isprintable():
            return False
        if part_type is str and not part.isprintable():
            return False
    return True


def check_storable(value: Any) -> None:
    """Raise Problem when PostgreSQL could not hold this JSON value; quick for the many that it can."""
    if is_flat(value):
        return
    try:
        dumped = exact_json.dumps(value)
    except exact_json.EncodeError:
        raise Problem(_TOO_DEEP) from None
    if dumped.count(b"{") + dumped.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise Problem(_TOO_DEEP)
    if b"\\u0000" in dumped and any("\0" in part for part in _strings(value)):
        raise Problem("must not contain the character U+0000")


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        return 0
    return 1 + max(map(_depth, inner), default=0)
