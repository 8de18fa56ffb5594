"""Flaws: what stands in a column of texts for cells that cannot be taken, each with its problem.

So a row that fails is told why out of its columns, without being read once more by itself.
"""

from collections.abc import Iterable, Sequence
from typing import Self

from tallykeep.resources.fields.cleaning import Problem, key_text
from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE
from tallykeep.resources.fields.plain_texts import CLEARING

Labeled = tuple[str, Sequence[str]]  # a column's texts, and what stands in front of its problems


class Flaw(str):
    """NEEDS_CARE in place of the text of a cell that cannot be read; `problem` says why."""

    __slots__ = ("problem",)
    problem: str

    def __new__(cls, problem: str) -> Self:
        """Make one with this problem, its label left out."""
        made = super().__new__(cls, NEEDS_CARE)
        made.problem = problem
        return made


class Refusal(Flaw):
    """The same of a cell that was read, but is not to be taken; its problem has its label."""

    __slots__ = ()


class UnexplainedError(Exception):
    """Of a row its columns cannot tell all that is wrong, or whether anything is: it has to be read by itself."""


def unreadable(columns: Iterable[Labeled], at: int) -> list[str]:
    """List the problems of one row's cells that cannot be read; raises UnexplainedError where there may be others."""
    problems: list[str] = []
    for label, texts in columns:
        text = texts[at]
        if text == NEEDS_CARE:
            if not isinstance(text, Flaw):
                raise UnexplainedError
            if not isinstance(text, Refusal):
                problems.append(f"{label}: {text.problem}")
    return problems


def key_problem(key: str) -> str | None:
    """Say what is wrong with a stripped cell as a key; None where nothing is, or there is none."""
    if key in ("", CLEARING):
        return None
    try:
        key_text(key)
    except Problem as problem:
        return str(problem)
    return None


def nameless_problem(index: int) -> str:
    """Say what is wrong with a cell in the column of this index, which has no title."""
    return f"column {index + 1} has a value, but no name in the header"
