"""Counts, times and spans as people read them."""

from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def rows(count: int) -> str:
    """Return «1 row», «300,000 rows»."""
    return counted(count, "row")


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return «1 order», «1,000 orders», «2 categories»."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """Return «0.02 s», «7 s», «3 min 12 s», «2 h 5 min»."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    rounded = round(seconds)
    if rounded < _MINUTE:
        return f"{rounded} s"
    if rounded < _HOUR:
        return f"{rounded // _MINUTE} min {rounded % _MINUTE} s"
    return f"{rounded // _HOUR} h {rounded % _HOUR // _MINUTE} min"


def time_left(seconds: float) -> str:
    """Return «6 s left», «3 min 12 s left»."""
    rounded = max(1, round(seconds))
    return f"{rounded} s left" if rounded < _MINUTE else f"{duration(rounded)} left"


def timestamp(wire: str) -> datetime:
    """Read a timestamp of the wire format, in the reader's time zone."""
    return datetime.fromisoformat(wire).astimezone()


def when(wire: str) -> str:
    """Return «2026-09-01 14:30:05», in the reader's time zone."""
    return timestamp(wire).strftime("%Y-%m-%d %H:%M:%S")


def ago(wire: str) -> str:
    """Return «just now», «5 min ago», «3 h ago», «2 days ago»."""
    seconds = (datetime.now().astimezone() - timestamp(wire)).total_seconds()
    if seconds < _MINUTE:
        return "just now"
    for size, name in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {name} ago"
    return "just now"
