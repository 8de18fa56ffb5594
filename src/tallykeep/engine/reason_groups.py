"""Groups of reasons: those that differ by nothing but the values that were sent are one."""

import hashlib

_BEFORE, _BEHIND = " (actual value is '", "')"


def bare_reason(reason: str) -> str:
    """Return the reason without the values in it: what `bare_reason` of action_reader.sql makes of it.

    In one pass, whatever the values hold.
    """
    parts, at = [], 0
    while (start := reason.find(_BEFORE, at)) >= 0 and (end := reason.find(_BEHIND, start + len(_BEFORE))) >= 0:
        parts.append(reason[at:start])
        at = end + len(_BEHIND)
    return "".join(parts) + reason[at:] if parts else reason


def group_digest(action_id: str, bare: str) -> bytes:
    """Return the 32 bytes that stand for a group of an action's failures, by its bare reason."""
    return hashlib.sha256(f"{action_id}\n{bare}".encode("utf-8", "surrogatepass")).digest()


def group_number(digest: bytes) -> int:
    """Return the group's number, as failures have it: 64 bits with a sign. Other groups may share it by chance."""
    return int.from_bytes(digest[:8], signed=True)
