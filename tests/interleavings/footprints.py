"""Footprints: what a round trip reads, locks and makes visible, table by table, told from its text.

Two round trips whose footprints do not meet come to the same whichever is first, so that only one order of them is
tried. A footprint may claim too much, which costs time; it must never claim too little.
"""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

import psycopg

ANYTHING = "anything"
_ADVISORY = "advisory locks"
OF = " of "  # between a table and the action whose rows alone are meant, or before the name of an advisory lock
_NAMED_LOCK = re.compile(r"hashtextextended\('([^']+)'")


class Strength(IntEnum):
    """How a table's rows are held, weakest first."""

    READ = 0
    KEY_SHARE = 1
    SHARE = 2
    UPDATE = 3  # what INSERT and UPDATE take
    REMOVE = 4  # what DELETE and FOR UPDATE take


# PostgreSQL's table of row-level locks that exclude each other.
_EXCLUDES = {
    Strength.READ: (),
    Strength.KEY_SHARE: (Strength.REMOVE,),
    Strength.SHARE: (Strength.UPDATE, Strength.REMOVE),
    Strength.UPDATE: (Strength.SHARE, Strength.UPDATE, Strength.REMOVE),
    Strength.REMOVE: (Strength.KEY_SHARE, Strength.SHARE, Strength.UPDATE, Strength.REMOVE),
}

Held = dict[str, Strength]
_NO_GATES: Mapping[str, Strength] = {}


@dataclass(frozen=True)
class Footprint:
    """What is read or locked, and what was locked or written before and is now let go and visible to others."""

    touched: Held = field(default_factory=dict)
    published: Held = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.touched or self.published)

    def __or__(self, other: "Footprint") -> "Footprint":
        return Footprint(merged(self.touched, other.touched), merged(self.published, other.published))

    def meets(self, other: "Footprint") -> bool:
        """Whether the order of the two may matter."""
        if ANYTHING in self.touched or ANYTHING in other.touched:
            return True
        return (
            any(theirs in _EXCLUDES[ours] for ours, theirs in _shared(self.touched, other.touched))
            or _appears(self.published, other.touched)
            or _appears(other.published, self.touched)
        )


def _appears(published: Held, touched: Held) -> bool:
    """What was written appears to whoever reads; a lock that is let go matters to whom it has kept out."""
    return any(before >= Strength.UPDATE or after in _EXCLUDES[before] for before, after in _shared(published, touched))


def _shared(one: Held, other: Held) -> Iterator[tuple[Strength, Strength]]:
    """How both hold what they both hold: the same table, or its rows of the same action."""
    for name, strength in one.items():
        for other_name, other_strength in other.items():
            if name == other_name or name == other_name.partition(OF)[0] or name.partition(OF)[0] == other_name:
                yield strength, other_strength


def merged(one: Held, other: Held) -> Held:
    """Both, each table as it is held most strongly."""
    return {
        table: max(one.get(table, Strength.READ), other.get(table, Strength.READ))
        for table in one.keys() | other.keys()
    }


_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_WORD = re.compile(r"[a-z_][a-z_0-9]*")
_WRITES = re.compile(
    r"\b(insert\s+into|update|delete\s+from|merge\s+into|truncate(?:\s+table)?)\s+(?:only\s+)?([a-z_0-9]+)"
)
_COPIED = re.compile(r"\bcopy\s+([a-z_0-9]+)[^;]*\bfrom\s+stdin")
_LOCKING = (
    (re.compile(r"\bfor\s+key\s+share\b"), Strength.KEY_SHARE),
    (re.compile(r"\bfor\s+share\b"), Strength.SHARE),
    (re.compile(r"\bfor\s+no\s+key\s+update\b"), Strength.UPDATE),
    (re.compile(r"\bfor\s+update\b"), Strength.REMOVE),
    (re.compile(r"\block\s+table\b"), Strength.REMOVE),
)


# Tables of which a statement may touch the rows of one action alone. Where it names just one, and that as often as it
# names such tables, these are all the rows it touches.
_BY_ACTION = ("async_actions", "batches", "failures", "attempts", "report_parts", "dry_run_keys", "reason_counts")
_ONE_OF_THEM = f"(?:{'|'.join(_BY_ACTION)})\\b"
_TABLE_OF_ACTION = re.compile(rf"\b(?:from|join|update|into|using|copy)\s+(?:only\s+)?{_ONE_OF_THEM}")
_ADDED = re.compile(rf"\b(?:into|copy)\s+{_ONE_OF_THEM}")
_NAMED = re.compile(r"(?<![\w])(?:\w+\.)?(?:action_id|id)\s*=\s*\$\d+")
_INNERMAX = re.compile(r"\([^()]*\)")


def _is_of_one_action(sql: str) -> bool:
    text = _COMMENTS.sub(" ", sql.lower())
    named = len(_NAMED.findall(text)) + len(_ADDED.findall(text))
    return len(_TABLE_OF_ACTION.findall(text)) <= named and not _has_choice(text)


def _has_choice(text: str) -> bool:
    """Whether there is an OR, other than in parentheses that have nothing to do with an action."""
    left = text
    while (shorter := _INNERMAX.sub(_unless_of_actions, left)) != left:
        left = shorter
    return re.search(r"\bor\b", left) is not None


def _unless_of_actions(group: re.Match[str]) -> str:
    within = group[0]
    if _NAMED.search(within) or _TABLE_OF_ACTION.search(within):
        return within.replace("(", "[").replace(")", "]")
    return " "


_MAKES_EMPTY = re.compile(r"\s*create\s+temp(?:orary)?\s+table\b.*\bwith\s+no\s+data\s*$", re.DOTALL)  # for itself
_CATALOGUE = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    "SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint"
    " WHERE contype = 'f'",
    "SELECT proname, coalesce(prosrc, '') AS prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "SELECT tgrelid::regclass::text AS on_table, tgfoid::regproc::text AS function FROM pg_trigger"
    " WHERE NOT tgisinternal",
)


@dataclass
class Footprints:
    """Reads statements, knowing the database's tables, foreign keys, triggers and functions."""

    tables: frozenset[str]
    parents: dict[str, set[str]]
    functions: dict[str, str]
    triggers: dict[str, list[str]]
    _known: dict[str, Held] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: psycopg.Connection[Any]) -> "Footprints":
        """Those of the database that is connected to."""
        tables, keys, functions, triggers = (connection.execute(sql).fetchall() for sql in _CATALOGUE)
        parents: dict[str, set[str]] = {}
        for row in keys:
            parents.setdefault(row["child"], set()).add(row["parent"])
        bodies: dict[str, str] = {}
        for row in functions:
            bodies[row["proname"]] = bodies.get(row["proname"], "") + "\n" + row["prosrc"]
        fired: dict[str, list[str]] = {}
        for row in triggers:
            fired.setdefault(row["on_table"], []).append(row["function"])
        return cls(frozenset(row["relname"] for row in tables), parents, bodies, fired)

    @cached_property
    def _children(self) -> dict[str, set[str]]:
        children: dict[str, set[str]] = {}
        for child, parents in self.parents.items():
            for parent in parents:
                children.setdefault(parent, set()).add(child)
        return children

    def held_by(self, sql: str, actions: Set[str] = frozenset(), gates: Mapping[str, Strength] = _NO_GATES) -> Held:
        """What the statement reads and locks, with all that it sets off; its parameters name actions, and gates."""
        if sql not in self._known:
            self._known[sql] = self._read(sql, frozenset())
        held = self._known[sql]
        if gates:
            return {f"{_ADVISORY}{OF}{gate}": strength for gate, strength in gates.items()}
        if len(actions) == 1 and _is_of_one_action(sql):
            (action,) = actions
            return {f"{name}{OF}{action}" if name in _BY_ACTION else name: kept for name, kept in held.items()}
        return held

    def _read(self, sql: str, within: frozenset[str]) -> Held:
        text = _COMMENTS.sub(" ", sql.lower()).replace('"', "").replace("public.", "")
        if _MAKES_EMPTY.match(text):
            return {}
        words = set(_WORD.findall(text))
        held: Held = dict.fromkeys(words & self.tables, Strength.READ)
        for pattern, strength in _LOCKING:
            if pattern.search(text):
                held = {table: max(before, strength) for table, before in held.items()}
        for verb, table in _WRITES.findall(text):
            if table in self.tables:
                removes = not verb.startswith(("insert", "update"))
                held = merged(held, self._written(table, removes=removes, within=within))
        for table in _COPIED.findall(text):
            if table in self.tables:
                held = merged(held, self._written(table, removes=False, within=within))
        for function in (words & self.functions.keys()) - within:
            held = merged(held, self._read(self.functions[function], within | {function}))
        return merged(held, _special(words, sql))

    def _written(self, table: str, *, removes: bool, within: frozenset[str]) -> Held:
        held: Held = {table: Strength.REMOVE if removes else Strength.UPDATE}
        held = merged(held, dict.fromkeys(self.parents.get(table, ()), Strength.KEY_SHARE))
        if removes:
            for child in self._children.get(table, ()):
                held = merged(held, {child: Strength.REMOVE})
        for function in set(self.triggers.get(table, ())) - within:
            held = merged(held, self._read(self.functions.get(function, ""), within | {function}))
        return held


def _special(words: set[str], sql: str) -> Held:
    held: Held = {}
    if any(word.startswith(("pg_terminate", "pg_cancel")) for word in words):
        held[ANYTHING] = Strength.REMOVE
    advisory = [word for word in words if "advisory" in word]
    if advisory:
        shared = all(word.endswith("_shared") for word in advisory)
        named = _NAMED_LOCK.search(sql)
        held[f"{_ADVISORY}{OF}{named[1]}" if named else _ADVISORY] = Strength.SHARE if shared else Strength.REMOVE
    return held
