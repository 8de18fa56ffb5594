"""Writes src/tallykeep/db/schema.sql, the schema that all migrations come to: `make schema`. A test holds it."""

import re
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from tests.postgres import fresh_database, running_postgres

from tallykeep.db.migrate import migrate, newest_revision

HERE = Path(__file__).parent
SCHEMA = HERE.parent / "src" / "tallykeep" / "db" / "schema.sql"
_QUERY = HERE / "schema_query.sql"
_MAX_LINE_LENGTH = 120
_NOTE = """\
-- The whole schema of today, at revision {revision}, to be read; migrations make it (migrations/versions).
-- Written by `make schema` from a database that was just migrated. The queue's own tables are procrastinate's.
"""


def schema_of(database_url: str) -> str:
    """Describe our tables in this database as SQL, sorted by name."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        tables = connection.execute(_QUERY.read_bytes()).fetchall()
    return "\n".join([_NOTE.format(revision=newest_revision()), *map(_table, tables)])


def _table(found: dict[str, Any]) -> str:
    within = [_in_parts(_plain(each)) for each in (*found["columns"], *found["constraints"])]
    toast = [f"toast.{each}" for each in (found["toast_settings"] or "").split(", ") if each]
    settings = ", ".join([*filter(None, [found["settings"]]), *toast])
    made = f"CREATE TABLE {found['name']} (\n    " + ",\n    ".join(within) + "\n)"
    made += f" WITH ({settings})" if settings else ""
    return "".join(f"{statement};\n" for statement in (made, *map(_index, found["indexes"])))


def _index(definition: str) -> str:
    plain = _plain(definition).replace(" ON public.", " ON ").replace(" USING btree", "")
    return _in_parts(plain, "    ")


def _plain(definition: str) -> str:
    """The definition in one line, without the types of its literals."""
    return re.sub(r"('(?:[^']|'')*')::(?:text|jsonb)\b", r"\1", re.sub(r"\s+", " ", definition).replace("( ", "("))


def _in_parts(text: str, indent: str = "        ") -> str:
    """The text in lines of a bearable length, broken in front of the words that begin its parts, then theirs."""
    for words in ("$^", "FOREIGN|REFERENCES|CHECK|WHERE|GENERATED", "CHECK|WHERE|AND|OR|WHEN|ELSE"):
        broken = re.sub(rf" (?=(?:{words})\b)", f"\n{indent}", text)
        if max(map(len, broken.splitlines())) + len(indent) <= _MAX_LINE_LENGTH:
            return broken
    return broken


def main() -> None:
    """Write the file from a fresh server's fresh database."""
    with (
        tempfile.TemporaryDirectory(prefix="tallykeep-schema-") as directory,
        running_postgres(Path(directory) / "pg") as server,
        fresh_database(server) as url,
    ):
        migrate(url)
        SCHEMA.write_text(schema_of(url))


if __name__ == "__main__":
    main()
