"""What is answered where the database had to choose between writers: the same request may be sent again."""

import asyncio

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from tallykeep.api.responses.answers import RequestIds, answer_errors


class _Drained:
    """A context that counts how often its pools are drained."""

    def __init__(self) -> None:
        self.times = 0

    async def drain(self) -> None:
        self.times += 1


def _answer_to(error: psycopg.Error) -> tuple[httpx.Response, int]:
    """The answer of a route that meets the error, and how often the pools were drained."""
    app = FastAPI()
    answer_errors(app)
    app.state.context = context = _Drained()

    @app.get("/")
    async def meet() -> None:
        raise error

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(RequestIds(app), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/")

    return asyncio.run(ask()), context.times


@pytest.mark.parametrize("error", [psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected])
def test_who_met_other_writers_is_told_so_and_no_connection_is_given_up(error: type[psycopg.Error]) -> None:
    answer, drained = _answer_to(error("canceling statement"))
    assert (answer.status_code, answer.headers["Retry-After"], drained) == (503, "1", 0)
    assert "writing to the same resources just now; nothing was changed" in answer.json()["details"]


def test_a_database_that_takes_no_writes_is_told_apart_from_a_defect() -> None:
    answer, drained = _answer_to(psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"))
    assert (answer.status_code, answer.headers["Retry-After"], drained) == (503, "5", 0)
    assert "takes no writes just now" in answer.json()["details"]


def test_who_was_stopped_until_the_session_ended_may_send_it_again() -> None:
    answer, drained = _answer_to(psycopg.errors.IdleInTransactionSessionTimeout("terminating connection"))
    assert (answer.status_code, answer.headers["Retry-After"], drained) == (503, "1", 1)
