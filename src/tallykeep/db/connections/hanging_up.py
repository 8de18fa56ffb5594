"""How a connection that hangs is let go of, and whether one has ended."""

import asyncio
import os
import select
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection

Done = TypeVar("Done")

_END_OF_STREAM = 3  # looks: a last message, what it leaves behind, and the end


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
