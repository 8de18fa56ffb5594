"""The loader of .sql files: `queries(__package__, "store.sql").claim_batch` is the text of that query.

A file holds queries marked `-- name: claim_batch`, with parameters as `:name` (aiosql's format; to load all files with
aiosql took a sixth of the time that an API process needs to start). A `!` behind the name marks a statement, or a
fragment of one, that is no SELECT: aiosql would want to know. Only texts are wanted here, so the mark is discarded, and
the attribute has no `!`.
"""

import re
from importlib.resources import files
from types import SimpleNamespace
from typing import LiteralString

_MARK = "-- name:"
_NAME = re.compile(rf"^{_MARK} ([a-z]\w*)!?$", re.MULTILINE)
_TEXT_OR_PARAMETER = re.compile(r"""("[^"]*"|'[^']*')|(?<!:):(\w+)""")


class Queries(SimpleNamespace):
    """The texts of one .sql file by name, parameters in psycopg's form %(name)s."""

    def __getattr__(self, name: str) -> LiteralString:
        raise AttributeError(f"no query {name!r} in this file")


def queries(package: str, file: str) -> Queries:
    """Load `file` beside `package`, at import time; raises FileNotFoundError, and ValueError where it is malformed."""
    return parse(files(package).joinpath(file).read_text(encoding="utf-8"), file)


def parse(text: str, file: str) -> Queries:
    """Parse the text of a file of this name; raises ValueError where it is malformed."""
    _, *parts = _NAME.split(text)
    texts = {name: _as_psycopg_takes_it(sql) for name, sql in zip(parts[::2], parts[1::2], strict=True)}
    if len(texts) != text.count(_MARK) or not all(texts.values()):
        raise ValueError(f"{file}: a name is malformed or comes twice, or nothing follows it")
    return Queries(**texts)


# The texts are files of this package: as trustworthy as literals.
def _as_psycopg_takes_it(sql: str) -> LiteralString:
    bare = "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--"))
    return _TEXT_OR_PARAMETER.sub(lambda match: match[1] or f"%({match[2]})s", bare.strip())
