"""How commands end: exit codes for scripts, and messages for people."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, ClassVar

import typer
from rich.console import Console
from rich.text import Text


class ExitCode(IntEnum):
    """The exit codes, for scripts."""

    DONE = 0
    ROWS_LEFT = 1
    USAGE = 2
    REFUSED = 3
    UNAVAILABLE = 4
    INTERRUPTED = 130


_WORTH_SAYING_SECONDS = 3

EXIT_CODES = (
    "Exit codes: 0 every row is done; 1 some rows failed or are unprocessed; 2 wrong usage; 3 the server refused; "
    "4 no server answers, or it failed; 130 interrupted."
)


class CliError(Exception):
    """Ends a command; the message says what is wrong and what to do."""

    code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(
        self, message: str, status: int | None = None, retry_after: float | None = None, key: str | None = None
    ) -> None:
        super().__init__(message)
        self.key = key  # of the API's error, where it is one
        self.status = status  # of HTTP, where it is an answer that ends the command
        self.retry_after = retry_after  # seconds, where the server changed nothing and names a time to come back


class UsageError(CliError):
    """The command was used wrongly: nothing was sent."""


class RefusedError(CliError):
    """The server refused."""

    code = ExitCode.REFUSED


class UnavailableError(CliError):
    """No server answers, or it failed: the same command may work later."""

    code = ExitCode.UNAVAILABLE


class InterruptedByUserError(CliError):
    """Ctrl-C, with the state of the work."""

    code = ExitCode.INTERRUPTED


@contextmanager
def reporting_errors() -> Iterator[None]:
    """Print errors of the block on standard error, and exit with their code."""
    try:
        yield
    except (KeyboardInterrupt, typer.Abort):
        _say("\nInterrupted.", "yellow")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except InterruptedByUserError as error:
        _say(f"\n{error}", "yellow")
        raise typer.Exit(error.code) from None
    except CliError as error:
        _say(f"tallykeep: {error}", "red")
        raise typer.Exit(error.code) from None


def _say(message: str, style: str) -> None:
    console = Console(stderr=True, highlight=False)
    console.print(Text(message, style=style), soft_wrap=not console.is_terminal)


class Waits:
    """How long one request may be put off by the server, in all: by what it says, and by the clock."""

    def __init__(self, seconds: float = 120, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds_left = seconds
        self._clock = clock
        self._ends_at: float | None = None
        self._has_said_so = False

    def wait_for(self, refused: CliError) -> None:
        """Wait until the request may be sent again; raise the refusal where the server names no time, or one that is
        too far away.
        """
        now = self._clock()
        if self._ends_at is None:
            self._ends_at = now + self._seconds_left
        if refused.retry_after is None or refused.retry_after > self._seconds_left or now >= self._ends_at:
            raise refused
        seconds = max(1, refused.retry_after)
        self._seconds_left -= seconds
        if self._is_worth_saying(refused, seconds):
            _say(f"tallykeep: {refused}; waiting", "yellow")
        time.sleep(seconds)

    def _is_worth_saying(self, refused: CliError, seconds: float) -> bool:
        """Return whether somebody wants to know: of a pause that is felt, and once of an outage."""
        if not isinstance(refused, UnavailableError):
            return seconds >= _WORTH_SAYING_SECONDS
        is_new, self._has_said_so = not self._has_said_so, True
        return is_new


def exit_code(action: dict[str, Any]) -> ExitCode:
    """Return the exit code of a command that watched an action to its end."""
    return ExitCode.DONE if action["done_count"] == action["total_count"] else ExitCode.ROWS_LEFT
