"""What the database refuses, as logs have it: the constraint, and not the row."""

import psycopg
import pytest
from psycopg.errors import CheckViolation, InvalidTextRepresentation

from tallykeep.core.logs.failures import reason_in_log

MARK = "m4rk3d"


def test_what_the_database_refuses_is_said_without_the_row(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE t (a text CONSTRAINT no_marks CHECK (a <> 'm4rk3d'))")
        with pytest.raises(CheckViolation, match=MARK) as refused:
            connection.execute("INSERT INTO t VALUES (%s)", [MARK])
        assert reason_in_log(refused.value) == 'new row for relation "t" violates check constraint "no_marks"'
        with pytest.raises(InvalidTextRepresentation, match=MARK) as unreadable:
            connection.execute("SELECT %s::text::int", [MARK])
        assert reason_in_log(unreadable.value).startswith("InvalidTextRepresentation (")
