"""PostgreSQL's text format of COPY."""

import re
from collections.abc import Sequence

NULL = r"\N"

ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
_ESCAPE_TABLE = str.maketrans(ESCAPES)
_PIECE_CHARACTERS = 1 << 16  # so few that the memory is at hand, and psycopg hands a piece on as it is
SPECIAL = re.compile(r"[\\\t\n\r]")


def copy_text(value: str | float) -> str:
    """Write one value in COPY's text format."""
    if isinstance(value, str):
        return value.translate(_ESCAPE_TABLE) if SPECIAL.search(value) else value
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value)


def copy_pieces(lines: Sequence[str], head: str = "") -> list[bytes]:
    """Write lines in COPY's text format, each behind the same head, in pieces of some 64 thousand characters."""
    between = f"\n{head}"
    count = _lines_a_piece(lines, len(between))
    parts = (lines[start : start + count] for start in range(0, len(lines), count))
    return [f"{head}{between.join(part)}\n".encode() for part in parts]


def _lines_a_piece(lines: Sequence[str], between: int) -> int:
    characters = sum(map(len, lines)) + between * len(lines)
    return max(len(lines) * _PIECE_CHARACTERS // max(characters, 1), 1)
