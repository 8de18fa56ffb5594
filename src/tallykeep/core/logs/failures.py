"""What may be said of an exception in a log: its type, where it was raised, and its text if no value of a row is in it.

PostgreSQL names the row that it refuses («Key (source_id)=(ann@example.com) already exists»), and so do Python's own
errors («invalid literal for int() with base 10: 'Ann'»). Whoever runs the server is not always who may read rows.
"""

import errno
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import psycopg

from tallykeep.core.errors import DamagedBatchError, RequestError, TallykeepError, UnreadableActionError

# SQLSTATEs whose first line may hold a value: data exceptions, what a function of somebody's raises, and internal
# errors, as which others than PostgreSQL itself report what it refuses.
_WITH_VALUES = ("22", "P0", "XX000")
# Errors of ours whose text tells of what a client has sent.
_OF_CLIENTS = (RequestError, UnreadableActionError)
_LEFT_OUT = "(its text may hold values of rows, and is left out)"
_MAX_LENGTH = 300

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def reason_in_log(error: BaseException) -> str:
    """Say in a line what went wrong, without values of rows."""
    text = _text_of(error)
    return f"{type(error).__name__} {_LEFT_OUT}" if text is None else text or type(error).__name__


def described(exc_info: ExcInfo) -> str:
    """Return the traceback of an exception, and of those that led to it, the first one first."""
    return "\n".join(part for error in _chain(exc_info[1]) for part in _parts(error))


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return chain[::-1]


def _parts(error: BaseException) -> Iterator[str]:
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip()
    text = _text_of(error)
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    yield f"{name}: {_LEFT_OUT if text is None else text}"
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _parts(each)


def _text_of(error: BaseException) -> str | None:
    """Return the first line of what an exception says; None where a value of a row may be in it."""
    if isinstance(error, psycopg.Error):
        return _text_of_database(error)
    if isinstance(error, OSError):
        return _first_line(error.strerror or errno.errorcode.get(error.errno or 0, "") or type(error).__name__)
    if isinstance(error, DamagedBatchError) or (
        isinstance(error, TallykeepError) and not isinstance(error, _OF_CLIENTS)
    ):
        return _first_line(error)
    return "" if not str(error) else None


def _text_of_database(error: psycopg.Error) -> str | None:
    if error.sqlstate is None:
        # The way to the server, which knows no rows; what psycopg cannot adapt is a value.
        is_of_the_way = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return _first_line(error) if is_of_the_way else None
    if error.sqlstate.startswith(_WITH_VALUES):
        return None
    return _first_line(error.diag.message_primary or error.sqlstate)


def _first_line(said: Any) -> str:
    return str(said).strip().partition("\n")[0][:_MAX_LENGTH]
