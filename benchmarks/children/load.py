"""A load generator in a process of its own: connections kept open, the same request again and again."""

import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from benchmarks.children.processes import running

SERIAL = "#" * 19  # in a body: replaced by another number in each request


@dataclass(frozen=True)
class Load:
    """What to send: `pace` is requests a second on each connection, 0 for as many as there can be."""

    url: str
    connections: int
    seconds: float
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    per_second: float = 0


@dataclass(frozen=True)
class Answered:
    """What came of it; latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float


def generate(load: Load) -> Answered:
    """Put the load on and wait for its end."""
    with started(load) as child:
        return collected(child, load)


def started(load: Load) -> AbstractContextManager[subprocess.Popen[str]]:
    """The generator as a child that is to be collected."""
    return running("-m", "benchmarks.children.load", json.dumps(asdict(load)))


def collected(child: subprocess.Popen[str], load: Load) -> Answered:
    """What came of a load, once it has ended."""
    output, _ = child.communicate(timeout=load.seconds + 60)
    return Answered(**json.loads(output))


async def _drive(load: Load) -> Answered:
    address = urlsplit(load.url)
    lines = [f"{load.method} {address.path} HTTP/1.1", f"Host: {address.netloc}"]
    lines += [f"{name}: {value}" for name, value in load.headers]
    lines += [f"Content-Length: {len(load.body)}", "", load.body]
    message = "\r\n".join(lines).encode()
    started, numbers = time.perf_counter(), itertools.count(time.time_ns())
    messages = (message.replace(SERIAL.encode(), b"%019d" % number) for number in numbers)
    connections = [_connection(load, messages, started + load.seconds) for _ in range(load.connections)]
    taken = [seconds for each in await asyncio.gather(*connections) for seconds in each]
    elapsed = time.perf_counter() - started
    marks = statistics.quantiles(taken, n=100)
    return Answered(len(taken) / elapsed, marks[49] * 1_000, marks[98] * 1_000)


async def _connection(load: Load, messages: Iterator[bytes], until: float) -> list[float]:
    address = urlsplit(load.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    taken: list[float] = []
    while (started := time.perf_counter()) < until:
        writer.write(next(messages))
        await _read_answer(reader)
        taken.append(time.perf_counter() - started)
        if load.per_second:
            await asyncio.sleep(max(0, started + 1 / load.per_second - time.perf_counter()))
    writer.close()
    return taken


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 2"):
        sys.exit(f"{head!r} {body!r}")


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_drive(Load(**json.loads(sys.argv[1])))))))
