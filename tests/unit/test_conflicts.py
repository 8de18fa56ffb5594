"""What is answered where the database had to choose between writers: the same request may be sent again."""

import asyncio

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from tallykeep.http.answers import RequestIds, answer_errors


@pytest.mark.parametrize("error", [psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected])
def test_who_met_other_writers_is_told_so_and_no_connection_is_given_up(error: type[psycopg.Error]) -> None:
    app = FastAPI()  # without a context: whoever wants to drain its pools finds none
    answer_errors(app)

    @app.get("/")
    async def meet() -> None:
        raise error("canceling statement")

    async def scenario() -> None:
        transport = httpx.ASGITransport(RequestIds(app), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get("/")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert "writing to the same resources just now; nothing was changed" in answer.json()["details"]

    asyncio.run(scenario())


def test_a_database_that_takes_no_writes_is_told_apart_from_a_defect() -> None:
    app = FastAPI()
    answer_errors(app)

    @app.get("/")
    async def write() -> None:
        raise psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction")

    async def scenario() -> None:
        transport = httpx.ASGITransport(RequestIds(app), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get("/")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert "takes no writes just now" in answer.json()["details"]

    asyncio.run(scenario())


def test_who_was_stopped_until_the_session_ended_may_send_it_again() -> None:
    app = FastAPI()
    answer_errors(app)
    drained = []

    class Context:
        async def drain(self) -> None:
            drained.append(self)

    app.state.context = Context()

    @app.get("/")
    async def wake_up() -> None:
        raise psycopg.errors.IdleInTransactionSessionTimeout("terminating connection")

    async def scenario() -> None:
        transport = httpx.ASGITransport(RequestIds(app), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get("/")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")

    asyncio.run(scenario())
    assert drained
