"""The loader of .sql files: `queries(__package__, "store.sql").claim_batch` is the text of that query.

A file holds queries marked `-- name: claim_batch`, with parameters as `:name` (aiosql's format). A `!` behind the name
marks a statement, or a fragment of one, that aiosql is not to treat as a SELECT. Only the texts are used here: the mark
is discarded, and the attribute has no `!`.
"""

from importlib.resources import files
from types import SimpleNamespace
from typing import LiteralString, cast

import aiosql


class Queries(SimpleNamespace):
    """The texts of one .sql file by name, parameters in psycopg's form %(name)s."""

    def __getattr__(self, name: str) -> LiteralString:
        raise AttributeError(f"no query {name!r} in this file")


def queries(package: str, file: str) -> Queries:
    """Load `file` beside `package`; raises FileNotFoundError or aiosql's parse errors at import time."""
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    parsed = aiosql.from_str(text, "psycopg", mandatory_parameters=False)
    # The texts are files of this package: as trustworthy as literals.
    return Queries(
        **{
            name: cast(LiteralString, getattr(parsed, name).sql)
            for name in parsed.available_queries
            if not name.endswith("_cursor")
        }
    )
