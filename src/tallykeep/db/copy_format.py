"""PostgreSQL's text format of COPY."""

import re

NULL = r"\N"

ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
_ESCAPE_TABLE = str.maketrans(ESCAPES)
SPECIAL = re.compile(r"[\\\t\n\r]")


def copy_text(value: str | float) -> str:
    """Write one value in COPY's text format."""
    if isinstance(value, str):
        return value.translate(_ESCAPE_TABLE) if SPECIAL.search(value) else value
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value)
