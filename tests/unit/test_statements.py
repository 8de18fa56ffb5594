"""Statements in .sql files: what a statement that changes rows picks with a LIMIT, it picks once.

A plan may run a sub-select again for each row of an outer one. With FOR UPDATE SKIP LOCKED it takes others each time,
so that more rows are changed than its LIMIT says. An expression AS MATERIALIZED runs once, and so does a single value.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tallykeep

SOURCES = Path(tallykeep.__file__).parent

_BETWEEN = re.compile(r"^-- name:.*$|;$", re.MULTILINE)
_COMMENT = re.compile(r"--.*")
_CHANGES = re.compile(r"\bDELETE\s+FROM\b|(?<!FOR )(?<!KEY )(?<!DO )\bUPDATE\b", re.IGNORECASE)
_STEPS = re.compile(r"[()]|\b(?:LIMIT|FETCH\s+(?:FIRST|NEXT))\b", re.IGNORECASE)
_ONCE = re.compile(r"(?:\bAS\s+MATERIALIZED|=|\bcoalesce)\s*$", re.IGNORECASE)


def limits_met_again(text: str) -> Iterator[str]:
    """Of statements that change rows, the lines with a limit whose sub-select a plan may run more than once."""
    for statement in _BETWEEN.split(text):
        bare = _COMMENT.sub("", statement)
        if _CHANGES.search(bare):
            yield from _nested_limits(bare)


def _nested_limits(statement: str) -> Iterator[str]:
    in_front: list[str] = []  # of each bracket that is open
    for step in _STEPS.finditer(statement):
        if step[0] == "(":
            in_front.append(statement[: step.start()])
        elif step[0] == ")":
            in_front.pop()
        elif in_front and not any(map(_ONCE.search, in_front)):
            yield statement[step.start() :].partition("\n")[0]


_PICKED = "SELECT id FROM keys ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED"


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM keys WHERE id IN ({_PICKED})",
        f"UPDATE keys SET old = true WHERE (id) IN (\n{_PICKED}\n)",
        f"UPDATE keys SET old = true FROM ({_PICKED}) AS picked WHERE keys.id = picked.id",
        f"DELETE FROM keys USING ({_PICKED}) AS picked WHERE keys.id = picked.id",
        f"DELETE FROM keys WHERE id = ANY ({_PICKED})",
        f"WITH picked AS ({_PICKED}) DELETE FROM keys USING picked WHERE keys.id = picked.id",
        f"WITH picked AS NOT MATERIALIZED ({_PICKED}) DELETE FROM keys USING picked WHERE keys.id = picked.id",
        "DELETE FROM keys WHERE id IN (SELECT id FROM (SELECT id FROM keys FETCH FIRST 5 ROWS ONLY) AS few)",
        "-- name: first\nSELECT 1\n-- name: second!\nDELETE FROM keys WHERE id IN (SELECT id FROM keys LIMIT :step)",
    ],
)
def test_a_limit_that_may_be_met_again_is_found(statement: str) -> None:
    assert len(list(limits_met_again(statement))) == 1


@pytest.mark.parametrize(
    "statement",
    [
        f"WITH picked AS MATERIALIZED ({_PICKED}) DELETE FROM keys WHERE id IN (SELECT id FROM picked)",
        "WITH picked AS MATERIALIZED (SELECT id FROM (SELECT id FROM keys LIMIT 5) AS few) DELETE FROM keys",
        "UPDATE keys SET old = true WHERE id = (SELECT id FROM keys ORDER BY id LIMIT 1)",
        "SELECT * FROM keys WHERE id IN (SELECT id FROM keys LIMIT 5) FOR UPDATE",
        "INSERT INTO keys SELECT coalesce((SELECT id FROM keys LIMIT 1), 1) ON CONFLICT (id) DO UPDATE SET old = true",
        "-- in (a LIMIT of)\nDELETE FROM keys WHERE id = 1",
    ],
)
def test_one_that_is_met_once_is_left_alone(statement: str) -> None:
    assert list(limits_met_again(statement)) == []


def test_no_statement_meets_its_limit_again() -> None:
    files = {path.relative_to(SOURCES): path.read_text() for path in SOURCES.rglob("*.sql")}
    assert len(files) > 50
    assert {str(path): met for path, text in files.items() if (met := list(limits_met_again(text)))} == {}
