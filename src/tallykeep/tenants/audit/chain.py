"""The chain: an entry's hash covers the entry in a canonical form, and the hash of the one before it.

The canonical form is RFC 8785 (JSON Canonicalization Scheme) of the entry as the API shows it, without `object` and
`hash`: keys sorted, no blanks, UTF-8. All of its values are texts, whole numbers, booleans, null, or arrays and objects
of these, so that orjson writes them as the RFC asks. docs/audit.md tells how to verify it with other tools.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from tallykeep.core.ids import wire_time

FORMAT = 1  # another set of fields, or another hash, is another format; entries keep the one they were chained in
NO_HASH = bytes(32)  # in front of a project's first entry

_AS_THEY_ARE = (
    "id", "event", "outcome", "door", "key_id", "key_kind", "token_id", "session_id", "address", "request_id",
    "action_id", "resource_type", "resource_id", "details",
)  # fmt: skip


def shown_entry(
    project: str, row: Mapping[str, Any], number: int | None, previous_hash: bytes | None
) -> dict[str, Any]:
    """Return the entry as the API shows it, but for its own hash. One that is not chained has no number yet."""
    return {
        **{name: row[name] for name in _AS_THEY_ARE},
        "project": project,
        "created_at": wire_time(row["created_at"]),
        "number": number,
        "previous_hash": previous_hash.hex() if previous_hash is not None else None,
        "format": row.get("format", FORMAT),
    }


def entry_hash(project: str, row: Mapping[str, Any], number: int, previous_hash: bytes) -> bytes:
    """Return the 32 bytes of SHA-256 over the entry's canonical form."""
    shown = shown_entry(project, row, number, previous_hash)
    return hashlib.sha256(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).digest()
