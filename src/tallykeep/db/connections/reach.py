"""Reaching the database: how long to wait for a silent server, and how to abandon a connection that hangs."""

import asyncio
import os
import select
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import TooManyConnections

Done = TypeVar("Done")

# Settings in the URL take precedence. These detect a peer that is gone; one that is there but silent needs the guard.
_BOUNDS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# The server sends these before there is a session, and so without an SQLSTATE. They are in English by default.
_CROWDED = ("too many clients", "remaining connection slots", "too many connections")
_HOPELESS = (
    "password authentication failed", "no password supplied", "no pg_hba.conf entry", "does not exist",
    "is not permitted to log in", "permission denied for database", "authentication failed",
)  # fmt: skip
_END_OF_STREAM = 3  # looks: a last message, what it leaves behind, and the end


def bounded(database_url: str) -> str:
    """Return the connection string of a URL, with limits to how long the network may be silent.

    Raises psycopg.ProgrammingError where it is no URL of PostgreSQL, with the password in its text.
    """
    params = conninfo_to_dict(database_url)
    return make_conninfo(database_url, **{name: value for name, value in _BOUNDS.items() if name not in params})


def by_host(conninfo: str) -> list[str]:
    """Return the connection strings of a string's hosts, each by itself."""
    params = conninfo_to_dict(conninfo)
    lists = {name: str(params[name]).split(",") for name in ("host", "hostaddr", "port") if params.get(name)}
    count = max((len(values) for name, values in lists.items() if name != "port"), default=1)
    if count == 1:
        return [conninfo]
    conninfos = []
    for index in range(count):
        one = {name: values[index] if len(values) > 1 else values[0] for name, values in lists.items()}
        conninfos.append(make_conninfo(conninfo, **one))
    return conninfos


def is_crowded(error: Exception) -> bool:
    """Return whether the server lets no further connection in."""
    return isinstance(error, TooManyConnections) or any(words in str(error) for words in _CROWDED)


def is_hopeless(error: Exception) -> bool:
    """Return whether waiting cannot help: the server has refused the password, or knows no such role or database."""
    text = str(error)
    return "FATAL" in text and not is_crowded(error) and any(words in text for words in _HOPELESS)


def reason_of(error: BaseException) -> str:
    """Say in a line why a connection failed."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return "it does not answer" if isinstance(error, TimeoutError) else type(error).__name__
    return lines[0].removeprefix("connection failed: ")


def hang_up(connection: AsyncConnection[Any]) -> None:
    """Shut the connection's socket down: a caller that waits for an answer gets an OperationalError at once.

    The connection is left to its owner to be closed.
    """
    if connection.closed:
        return
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


async def part(connection: AsyncConnection[Any]) -> None:
    """Hang up, and close the connection once its current user has noticed."""
    hang_up(connection)
    with suppress(psycopg.Error, OSError):
        await connection.execute("")
    await connection.close()


async def within(connection: AsyncConnection[Any], work: Coroutine[Any, Any, Done], seconds: float) -> Done:
    """Do the work on this connection; where it takes longer, or is cancelled, hang up.

    To cancel it would ask the server to, which takes long where that is silent. Raises psycopg.OperationalError.
    """
    working = asyncio.ensure_future(work)
    working.add_done_callback(retrieved)
    try:
        await asyncio.wait((working,), timeout=seconds)
    finally:
        if not working.done():
            hang_up(connection)
            await asyncio.wait((working,))
    return await working


def retrieved(task: asyncio.Future[Any]) -> None:
    """Take note of how a task ended, where nobody else may do so."""
    if not task.cancelled():
        task.exception()


def is_sound(connection: AsyncConnection[Any]) -> bool:
    """Return whether an idle connection has not ended, as far as can be known without asking the server."""
    for _ in range(_END_OF_STREAM):
        if connection.closed:
            return False
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
        if not waiting.poll(0):
            return True
        try:
            connection.pgconn.consume_input()
        except psycopg.Error:
            return False
    return not connection.closed
