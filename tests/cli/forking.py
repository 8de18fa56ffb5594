"""Commands without the start of Python: a process that has imported the command line forks for each of them.

What is forked is a process like any other, with its own environment, directory, standard streams and exit code; only
half a second of imports is saved. `python -m tests.cli.forking SOCKET` is the process that forks. A connection is a
command: in come its words, environment and directory as JSON, with the three streams; out go its process id and its
exit code.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any, NoReturn

_MAX_REQUEST = 1 << 20


def run_forked(
    words: tuple[str, ...], env: dict[str, str], cwd: Path, stdin: bytes | None, seconds: float
) -> tuple[int, str, str]:
    """Run `tallykeep WORDS…`; return its exit code and what it wrote. Without `stdin` there is nothing to read.

    Raises TimeoutError when it takes longer, and kills it.
    """
    with _readable(stdin) as input_, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(_forking())
            request = json.dumps({"words": words, "env": env, "cwd": str(cwd)}).encode()
            socket.send_fds(connection, [request], [stream.fileno() for stream in (input_, output, errors)])
            connection.shutdown(socket.SHUT_WR)
            answers = connection.makefile()
            pid = int(answers.readline())
            try:
                code = int(answers.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise
        output.seek(0)
        errors.seek(0)
        return code, output.read().decode(), errors.read().decode()


@contextmanager
def _readable(content: bytes | None) -> Iterator[IO[bytes]]:
    with Path(os.devnull).open("rb") if content is None else tempfile.TemporaryFile() as file:
        if content is not None:
            file.write(content)
            file.seek(0)
        yield file


@cache
def _forking() -> str:
    """Start the process that forks, once a test process; return where it listens."""
    directory = tempfile.mkdtemp(prefix="tallykeep-cli-")
    path = f"{directory}/socket"
    process = subprocess.Popen([sys.executable, "-m", __name__, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(_end, process, path)
    assert process.stdout
    assert process.stdout.readline() == b"listening\n"
    return path


def _end(process: subprocess.Popen[bytes], path: str) -> None:
    assert process.stdin
    process.stdin.close()  # at which it ends
    process.wait()
    Path(path).unlink()
    Path(path).parent.rmdir()


def _serve(path: str) -> None:
    """Fork for each connection until the end of our standard input."""
    from tallykeep.server.entry import main

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are not waited for
        while listening in select.select([listening, sys.stdin], [], [])[0]:
            connection, _ = listening.accept()
            if os.fork() == 0:
                _keep(connection, main)
            connection.close()


def _keep(connection: socket.socket, main: Callable[[], None]) -> NoReturn:
    """Fork the command, tell its process id and, when it has ended, its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, streams, _, _ = socket.recv_fds(connection, _MAX_REQUEST, 3)
    while more := connection.recv(_MAX_REQUEST):
        request += more
    if (pid := os.fork()) == 0:
        connection.close()
        _become(json.loads(request), streams)
        main()
        sys.exit()
    connection.sendall(b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(command: dict[str, Any], streams: list[int]) -> None:
    """Take on what belongs to the command."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(command["cwd"])
    os.environ.clear()
    os.environ.update(command["env"])
    sys.argv = ["tallykeep", *command["words"]]


if __name__ == "__main__":
    _serve(sys.argv[1])
