"""Verifying: every entry that is kept is hashed again, from the first to the last, within one snapshot."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tallykeep.core.errors import NotFoundError, TallykeepError
from tallykeep.db.queries import queries
from tallykeep.tenants.audit.chain import FORMAT, NO_HASH, entry_hash

_sql = queries(__package__, "verify.sql")

NO_PROJECT = "none"  # what the installation's own chain is called, of number 0: no project has such an id
_AT_A_TIME = 2_000
_ANCHOR = re.compile(r"(?:(?P<number>[0-9]{1,18}):)?(?P<hash>[0-9a-f]{64})")


class BadAnchorError(TallykeepError):
    """What was sent as an anchor cannot be one."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The hash of an entry, as it was once shown and kept elsewhere, and perhaps its number."""

    number: int | None
    hash: bytes

    @classmethod
    def read(cls, text: str) -> "Anchor":
        """Read «1042:…», or the hash by itself, 64 hex digits; raises BadAnchorError."""
        match = _ANCHOR.fullmatch(text.strip().lower())
        if match is None:
            raise BadAnchorError("An anchor is a number, a colon and 64 hex digits, as verify prints it")
        return cls(int(match["number"]) if match["number"] else None, bytes.fromhex(match["hash"]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one project's chain: the entries that were hashed again, and what is wrong with the first that
    does not fit.
    """

    project: str
    first: int
    last: int
    pending: int
    hash: str
    problem: str | None = None
    number: int | None = None  # of the first entry that does not fit
    entry_id: str | None = None

    @property
    def anchor(self) -> str:
        """Return what to keep elsewhere, so that it shows later whether anything up to here was changed."""
        return f"{self.last}:{self.hash}"


@dataclass(frozen=True, slots=True)
class _Problem:
    """What is wrong, and from which entry on."""

    text: str
    number: int | None = None
    entry_id: str | None = None


def verify(connection: psycopg.Connection, project: str | None = None, anchor: Anchor | None = None) -> list[Verdict]:
    """Verify the chains of all projects and the installation's own, or of one, which NO_PROJECT may be; `anchor` is of
    that one.

    Raises NotFoundError for a project that is not known.
    """
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    of_project = {"project": project, "no_project": NO_PROJECT, "no_hash": NO_HASH}
    with connection.cursor(row_factory=dict_row) as cursor:
        if project is not None and cursor.execute(_sql.project_known, of_project).fetchone() is None:
            raise NotFoundError.of("project", project)
        chains = cursor.execute(_sql.chains, of_project).fetchall()
    return [_verdict(connection, chain, anchor) for chain in chains]


def _verdict(connection: psycopg.Connection, chain: dict[str, Any], anchor: Anchor | None) -> Verdict:
    walk = _Walk(chain, anchor)
    problem = walk.check(_entries(connection, chain["project_id"]))
    if not chain["has_owner"]:
        problem = _Problem(
            f"these entries are of the project number {chain['project_id']}, which does not exist: they were moved"
            " there, or the project was removed",
            chain["removed_number"] + 1,
        )
    return Verdict(
        project=chain["project"], first=chain["removed_number"] + 1, last=walk.number, pending=chain["pending"],
        hash=walk.hash.hex(), problem=problem.text if problem else None,
        number=problem.number if problem else None, entry_id=problem.entry_id if problem else None,
    )  # fmt: skip


def _entries(connection: psycopg.Connection, project_id: int) -> Iterator[dict[str, Any]]:
    with connection.cursor(f"entries_{project_id}", row_factory=dict_row) as cursor:
        cursor.itersize = _AT_A_TIME
        yield from cursor.execute(_sql.all_entries, {"project_id": project_id})


class _Walk:
    """One chain, from its first entry that is kept to the last."""

    def __init__(self, chain: dict[str, Any], anchor: Anchor | None) -> None:
        self._chain = chain
        self._anchor = anchor
        self.number: int = chain["removed_number"]
        self.hash = bytes(chain["removed_hash"])
        self._is_anchored = anchor is None or self._fits(anchor)

    def check(self, entries: Iterator[dict[str, Any]]) -> _Problem | None:
        """Return what is wrong with the first entry that does not fit; None where all do."""
        for entry in entries:
            if problem := self._check(entry):
                return problem
            self.number, self.hash = entry["number"], bytes(entry["hash"])
            self._is_anchored = self._is_anchored or (self._anchor is not None and self._fits(self._anchor))
        return self._check_end()

    def _check(self, entry: dict[str, Any]) -> _Problem | None:
        number, expected, entry_id = entry["number"], self.number + 1, entry["id"]
        if number > expected:
            return _Problem(f"{_entries_from(expected, number - 1)} missing", expected)
        if number < expected:
            return _Problem(f"entry {number} was removed by retention, and is here again", number, entry_id)
        if entry["format"] != FORMAT:
            return _Problem(
                f"entry {number} has the format {entry['format']}, which is not known here", number, entry_id
            )
        if entry_hash(self._chain["project"], entry, number, self.hash) != bytes(entry["hash"]):
            return _Problem(f"entry {number} is not what was chained", number, entry_id)
        if self._anchor and self._anchor.number == number and self._anchor.hash != bytes(entry["hash"]):
            return _Problem(f"entry {number} has another hash than the anchor: it, or one before, is another", number)
        return None

    def _check_end(self) -> _Problem | None:
        last = self._chain["number"]
        if self.number < last:
            return _Problem(f"{_entries_from(self.number + 1, last)} missing at the end", self.number + 1)
        if self.number > last:
            return _Problem(f"entries from {last + 1} on are not of the chain, which ends at {last}", last + 1)
        if self.hash != bytes(self._chain["hash"]):
            return _Problem(f"the chain's last hash is not that of entry {last}", last)
        return None if self._is_anchored else self._without_anchor()

    def _without_anchor(self) -> _Problem:
        number = self._anchor.number if self._anchor else None
        if number is not None and number > self.number:
            gone = f"entries up to the anchor, {number}, are missing"
            return _Problem(f"{gone}: the chain ends at {self.number}", self.number + 1)
        if number is not None and number <= self._chain["removed_number"]:
            return _Problem(f"the anchor's entry, {number}, was removed by retention, so it proves nothing any more")
        return _Problem(
            "no entry has the anchor's hash: some were changed or removed, or it is older than what is kept"
        )

    def _fits(self, anchor: Anchor) -> bool:
        return anchor.hash == self.hash and anchor.number in (None, self.number)


def _entries_from(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
