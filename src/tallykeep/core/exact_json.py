"""JSON whose numbers keep the digits they were sent with, be they more than a float or 64 bits hold."""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

DecodeError = orjson.JSONDecodeError
EncodeError = orjson.JSONEncodeError

# Every sign of a number becomes a 0, and what can stand before one a colon, so that one search finds those that are
# long enough to lose digits. It finds some within strings as well, though not those that these begin with.
_NUMERALS = bytes.maketrans(b"0123456789.+-E,[ \t\r\n", b"0" * 13 + b"e" + b":" * 6)
_LONG_NUMBER, _LONG_POWER = b":" + b"0" * 16, re.compile(rb":00*+e000")
_ANY_POWER = re.compile(rb":00*+e")  # what begins with two signs is searched for faster than what begins with one
_ZERO_AT_END = re.compile(rb"\.[0-9]++(?<=[0-9]0)(?=[,}\]\s])")
_MAX_DIGITS = 1_000  # PostgreSQL holds 16,383 behind the point
_SHORT = 16  # fifteen digits and a point: a float holds them all
_INTEGER_DIGITS = 20  # of 64 bits, with a sign

MAX_BRACKETS = 32_768
TOO_MANY_BRACKETS = f"holds more than {MAX_BRACKETS} arrays and objects"
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?+', re.DOTALL)


class CannotKeepError(DecodeError):
    """Valid JSON that cannot be stored nevertheless."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "", 0)

    def __str__(self) -> str:
        return self.msg


class NumberError(CannotKeepError):
    """A number that cannot be kept; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message}; send it as a string")


def loads(text: str | bytes | bytearray) -> Any:
    """Parse a value; a number is an int of 64 bits or a float where that is the same number, else a Decimal.

    Raises DecodeError, also for numbers that PostgreSQL or most readers of JSON cannot hold, and for more than
    MAX_BRACKETS arrays and objects beneath the outermost one.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > 2 * MAX_BRACKETS and _brackets(data) > MAX_BRACKETS + 1:
        raise CannotKeepError(f"it {TOO_MANY_BRACKETS}")
    value = _read(data)
    if not has_long_numbers(data):
        return value
    try:
        return json.loads(data, parse_int=_integer, parse_float=_decimal)
    except RecursionError:
        raise DecodeError("nested too deep", "", 0) from None


def has_long_numbers(data: bytes | bytearray) -> bool:
    """Whether this JSON has numbers that may be others as floats, or that nobody can hold; digits in strings are none.

    Strings are only told apart where what they hold looks like such a number.
    """
    return _seem_long(data) and _seem_long(_STRING.sub(b'""', data))


def has_usual_numbers(data: bytes) -> bool:
    """Whether all numbers in this object or array are as dumps writes them, or may as well be; False if it is not sure.

    They have at most fifteen digits, no exponent, and no further 0 at the end of their decimals.
    """
    numerals = data.translate(_NUMERALS)
    if _has_long_number(numerals) or (b"0e" in numerals and _ANY_POWER.search(numerals)):
        return False
    return b"." not in data or not _ZERO_AT_END.search(data)


def _seem_long(data: bytes | bytearray) -> bool:
    numerals = b":" + data.translate(_NUMERALS)
    if _has_long_number(numerals):
        return True
    return b"0e000" in numerals and _LONG_POWER.search(numerals) is not None


def _has_long_number(numerals: bytes) -> bool:
    # From behind: searching forward, Python compares nearly every byte, here it leaves out what cannot be part of it.
    return numerals.rfind(_LONG_NUMBER) >= 0


def _brackets(data: bytes | bytearray) -> int:
    """Count how many are opened; not one by one where there are few even with those that stand in texts."""
    count = data.count(b"[") + data.count(b"{")
    if count <= MAX_BRACKETS:
        return count
    bare = _STRING.sub(b"", data)
    return bare.count(b"[") + bare.count(b"{")


def _read(text: bytes | bytearray) -> Any:
    try:
        return orjson.loads(text)
    except DecodeError as error:
        if "infinity" in error.msg:
            raise NumberError("it holds a number beyond 1.8e308") from None
        raise


def _integer(text: str) -> int | float | Decimal:
    if len(text) <= _INTEGER_DIGITS and -(2**63) <= (number := int(text)) < 2**64:
        return number
    return _decimal(text)


def _decimal(text: str) -> float | Decimal:
    if len(text) <= _SHORT and "e" not in text and "E" not in text:
        return float(text)
    if len(text) > 3 * _MAX_DIGITS:
        raise NumberError(f"it holds a number of more than {_MAX_DIGITS} digits")
    number = float(text)
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise NumberError("it holds a number whose exponent no program holds") from None
    if Decimal(repr(number)) == exact:
        return number
    _, digits, exponent = exact.as_tuple()
    if len(digits) > _MAX_DIGITS or not isinstance(exponent, int) or exponent < -_MAX_DIGITS:
        raise NumberError(f"it holds a number of more than {_MAX_DIGITS} digits")
    return exact


def dumps(value: Any, *, sort_keys: bool = False) -> bytes:
    """Return the value as JSON; raise EncodeError for what is nested deeper than 254 levels."""
    return orjson.dumps(value, default=_exact, option=orjson.OPT_SORT_KEYS if sort_keys else None)


def written(data: bytes) -> Any:
    """Return what stands for JSON that is written already, wherever a value that dumps takes may stand."""
    return orjson.Fragment(data)


def _exact(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is no JSON")
