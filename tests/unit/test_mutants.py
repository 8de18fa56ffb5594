"""Mutants of SQL and of Python: what is changed, one place at a time, and that what is left can be read."""

from collections import Counter
from pathlib import Path

from tests.mutants.known import KNOWN
from tests.mutants.of_python import mutants_of_python
from tests.mutants.of_sql import mutants_of_sql
from tests.mutants.targets import TESTS, every_mutant
from tests.mutants.trials import ROOT

QUERY = """-- name: take
UPDATE t SET a = :a, n = n + 1
WHERE id IN (SELECT id FROM t WHERE p = :p AND k BETWEEN :x AND :y ORDER BY k LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING coalesce(a, 0)
"""

MODULE = '''
async def take(connection, rows: list[int | None]) -> int:
    """Not a word of this is changed."""
    async with connection.transaction():
        await connection.execute("x")
    return rows[0] if rows and not rows[0] < 1 else None
'''


def _texts(mutants: list, text: str) -> set[str]:  # type: ignore[type-arg]
    return {" ".join(mutant.of(text).split()) for mutant in mutants}


def test_sql_is_changed_where_it_decides_what_is_written() -> None:
    texts = _texts(mutants_of_sql("a.sql", QUERY), QUERY)
    rest = "LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING coalesce(a, 0)"
    head = "-- name: take UPDATE t SET a = :a, n = n + 1 WHERE id IN (SELECT id FROM t WHERE"
    text = f"{head} p = :p AND k BETWEEN :x AND :y ORDER BY k {rest}"
    assert text == " ".join(QUERY.split())
    assert {
        f"{head} true AND k BETWEEN :x AND :y ORDER BY k {rest}",
        f"{head} p = :p AND true ORDER BY k {rest}",
        f"{head} p = :p OR k BETWEEN :x AND :y ORDER BY k {rest}",
        f"{head} p <> :p AND k BETWEEN :x AND :y ORDER BY k {rest}",
        f"{head} p = :p AND k BETWEEN :x AND :y {rest}",
        text.replace("LIMIT 1 ", ""),
        text.replace("LIMIT 1", "LIMIT 2"),
        text.replace(" FOR UPDATE SKIP LOCKED", " "),
        text.replace(" SKIP LOCKED", " "),
        text.replace("a = :a, ", ""),
        text.replace(", n = n + 1", ""),
        text.replace("n + 1", "n - 1"),
        text.replace("coalesce(a, 0)", "a"),
    } <= texts
    assert not any(":x OR :y" in text or "SET a <> :a" in text for text in texts)


def test_python_is_changed_where_it_does_something() -> None:
    texts = _texts(mutants_of_python("a.py", MODULE), MODULE)
    text = " ".join(MODULE.split())
    assert {
        text.replace("connection.transaction()", '__import__("contextlib").nullcontext()'),
        text.replace('await connection.execute("x")', "pass"),
        text.replace("rows and not", "True and not"),
        text.replace("rows[0] < 1", "rows[0] <= 1"),
        text.replace("not rows[0] < 1", "bool(rows[0] < 1)"),
        text.replace("< 1", "< 2"),
        text.replace("return rows[0] if rows and not rows[0] < 1 else None", "return None"),
    } <= texts
    assert not any("list[int & None]" in text or "a word" not in text for text in texts)


def test_every_mutant_can_be_told_from_the_others_and_is_asked_of_tests_that_are_there() -> None:
    mutants = every_mutant(ROOT)
    assert max(Counter(mutant.name for mutant in mutants).values()) == 1
    assert {mutant.file.rpartition(".")[0] for mutant in mutants} == TESTS.keys()
    assert all((ROOT / test).exists() for tests in TESTS.values() for test in tests)
    assert KNOWN.keys() <= {mutant.name for mutant in mutants}
    for mutant in mutants[::17]:
        if mutant.file.endswith(".py"):
            compile(mutant.of((Path(ROOT) / mutant.file).read_text()), mutant.file, "exec")
