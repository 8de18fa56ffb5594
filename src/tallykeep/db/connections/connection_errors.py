"""Why a connection failed: in words, and whether waiting helps."""

from psycopg.errors import TooManyConnections

# The server sends these before there is a session, and so without an SQLSTATE. They are in English by default.
_CROWDED = ("too many clients", "remaining connection slots", "too many connections")
_HOPELESS = (
    "password authentication failed", "no password supplied", "no pg_hba.conf entry", "does not exist",
    "is not permitted to log in", "permission denied for database", "authentication failed",
)  # fmt: skip


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
