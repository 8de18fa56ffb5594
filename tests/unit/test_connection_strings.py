"""Connecting to the database: what is told of a connection string, and of why one is refused."""

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tallykeep.db.connections.connection_errors import is_crowded, is_hopeless, reason_of
from tallykeep.db.connections.conninfo import bounded, by_host


def test_silence_of_the_network_is_bounded_unless_the_url_says_otherwise() -> None:
    known = conninfo_to_dict(bounded("postgresql://me@here/db?connect_timeout=9"))
    assert known["connect_timeout"] == "9"
    assert known["keepalives"] == "1"
    assert known["tcp_user_timeout"] == "10000"
    with pytest.raises(psycopg.ProgrammingError):
        bounded("postgresql://me:secret@[here/db")


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://me@here/db", [("here", None)]),
        ("postgresql://me@here:1,there:2/db", [("here", "1"), ("there", "2")]),
        ("host=here,there port=5 dbname=db", [("here", "5"), ("there", "5")]),
        ("host=here,there hostaddr=10.0.0.1,10.0.0.2", [("here", None), ("there", None)]),
    ],
)
def test_hosts_are_told_apart(url: str, hosts: list[tuple[str, str | None]]) -> None:
    each = [conninfo_to_dict(conninfo) for conninfo in by_host(url)]
    assert [(known["host"], known.get("port")) for known in each] == hosts


@pytest.mark.parametrize(
    ("text", "hopeless", "crowded"),
    [
        ('FATAL:  password authentication failed for user "me"', True, False),
        ('FATAL:  database "db" does not exist', True, False),
        ("FATAL:  the database system is starting up", False, False),
        ("FATAL:  sorry, too many clients already", False, True),
        ('FATAL:  too many connections for role "me"', False, True),
        ("connection to server on socket failed: No such file or directory", False, False),
        ("failed to resolve host 'db': [Errno -2] Name or service not known", False, False),
    ],
)
def test_what_is_worth_waiting_for_is_told_apart(text: str, hopeless: bool, crowded: bool) -> None:
    error = psycopg.OperationalError(text)
    assert (is_hopeless(error), is_crowded(error)) == (hopeless, crowded)


def test_an_error_is_told_in_a_line() -> None:
    assert reason_of(psycopg.OperationalError("connection failed: refused\n\tIs it running?")) == "refused"
    assert reason_of(TimeoutError()) == "it does not answer"
