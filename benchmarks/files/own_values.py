"""Values that no two rows share, made of the row's number; up to ten million rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Value = Callable[[int], str]

# No two numbers below a prime have the same product with a step, modulo that prime.
_STEP = 7_368_787
_CENTS = 98_765_431
_SECONDS = 10_000_019
_DAYS = 10_007

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_LAST = _FIRST + timedelta(days=120)  # behind the latest start
_REGIONS = ("Europe", "Asia", "Africa", "America")


def scrambled(number: int, prime: int = _CENTS) -> int:
    """A number below the prime that looks like chance."""
    return number * _STEP % prime


def cents(number: int) -> int:
    """An amount below a million, in cents."""
    return 1 + scrambled(number)


def amount(number: int) -> str:
    """The same with its decimals."""
    units, rest = divmod(cents(number), 100)
    return f"{units}.{rest:02}"


def start(number: int) -> str:
    """A second of the first 116 days of 2026."""
    return _iso(_FIRST + timedelta(seconds=scrambled(number, _SECONDS)))


def end(number: int) -> str:
    """A second behind every start."""
    return _iso(_LAST + timedelta(seconds=scrambled(number + 1, _SECONDS)))


def day(number: int) -> str:
    """A day of the century's first 27 years: there are only ten thousand."""
    return (datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=scrambled(number, _DAYS))).strftime("%Y-%m-%d")


def code(number: int) -> str:
    """What codes look like."""
    return f"SUP-{scrambled(number) * 2_654_435_761 % 2**48:012X}"


def note(number: int) -> str:
    """A sentence; in one of four a comma, for which a cell stands in quotes."""
    comma = "," if number % 4 == 0 else ""
    return f"Handed to desk {scrambled(number)}{comma} by order of customer {number}"


def reference(number: int) -> str:
    """A number of somebody's own."""
    return f"REF-{scrambled(number):08}-{number % 7}"


def email(number: int) -> str:
    """An address."""
    return f"ada.{scrambled(number)}@example.com"


def link(number: int) -> str:
    """The address of a picture."""
    return f"https://example.com/pictures/{scrambled(number)}.png"


def region(number: int) -> str:
    """One of few, as there are in most files."""
    return _REGIONS[scrambled(number) % len(_REGIONS)]


def boolean(number: int) -> str:
    """One of two."""
    return "true" if scrambled(number) % 3 else "false"


def integer(number: int) -> str:
    """A number of pieces."""
    return str(1 + scrambled(number))


def shifted(value: Value, by: int) -> Value:
    """The same kind of value for another column, where it would otherwise repeat the first."""
    return lambda number: value(number + by)


def _iso(timestamp: datetime) -> str:
    return f"{timestamp:%Y-%m-%dT%H:%M:%S}.{timestamp.second * 16:03}Z"
