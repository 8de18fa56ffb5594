"""An API that takes connections and answers none of them is told from one that starts, refuses or closes."""

import asyncio
import socket
from contextlib import closing

import httpx
import pytest

from tallykeep.server.child_process import Answers

TIMEOUT = 0.2


async def answers_missed(port: int, *pids: int) -> list[int]:
    """How many questions in a row went without an answer, as these processes are asked one after another."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        answers = Answers(client, TIMEOUT)
        return [await answers.failed_in_a_row(pid) for pid in pids]


def test_questions_without_an_answer_are_counted_of_each_process() -> None:
    """The kernel takes connections for a process that does not."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        assert asyncio.run(answers_missed(listening.getsockname()[1], 1, 1, 1, 2)) == [1, 2, 3, 1]


def test_one_that_takes_no_connections_is_not_silent() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        port = gone.getsockname()[1]
    assert asyncio.run(answers_missed(port, 1, 1)) == [0, 0]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 503 Busy\r\n\r\n", b""])
def test_whatever_is_answered_ends_a_silence(answer: bytes) -> None:
    questions = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal questions
        questions += 1
        await reader.readuntil(b"\r\n\r\n")
        if questions == 1:
            await reader.read()  # until the other side gives up
        writer.write(answer)
        writer.close()

    async def scenario() -> list[int]:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            return await answers_missed(server.sockets[0].getsockname()[1], 1, 1)

    assert asyncio.run(scenario()) == [1, 0]
