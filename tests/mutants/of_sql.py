"""Mutants of the SQL: a condition, a lock, an order or an assignment dropped, an operator turned round."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.mutants.mutant import Mutant, shown

_TOKEN = re.compile(
    r"""--[^\n]*|'(?:[^']|'')*'|"[^"]*"|::\w+(?:\[\])?|:\w+|\{\w+\}|[A-Za-z_][\w.]*|\d+"""
    r"""|<>|<=|>=|\|\||->>|->|[-=<>+*/?%().,;\[\]]"""
)
_QUERY = re.compile(r"^-- name: (\w+)", re.MULTILINE)
_FILTER = re.compile(r"\{column\} (IN|= ANY|= ')")  # of lists, which write nothing
_TURNED = {"=": "<>", "<>": "=", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "+": "-", "-": "+"}
_SWAPPED = {
    "GREATEST": "least", "LEAST": "greatest", "MIN": "max", "MAX": "min", "TRUE": "false", "FALSE": "true",
    "AND": "OR", "OR": "AND",
}  # fmt: skip
# What a condition, an ORDER BY or an assignment ends before, at its own depth.
_CLAUSES = {
    "WHERE", "GROUP", "ORDER", "LIMIT", "RETURNING", "FOR", "FROM", "SET", "ON", "JOIN", "LEFT", "CROSS", "UNION",
    "THEN", "ELSE", "WHEN", "VALUES", "SELECT", "HAVING", ";",
}  # fmt: skip
_BEFORE_CONDITION = {"WHERE", "ON", "WHEN", "HAVING", "AND", "OR", "SELECT", ",", "NOT"}
_OPENING, _CLOSING = {"(", "[", "CASE"}, {")", "]", "END"}


@dataclass(frozen=True, slots=True)
class _Token:
    word: str  # in capitals where it is one
    start: int
    end: int
    depth: int


def mutants_of_sql(file: str, text: str) -> list[Mutant]:
    """Every mutant of the queries in a file."""
    marks = [*_QUERY.finditer(text)]
    bounds = [mark.start() for mark in marks] + [len(text)]
    return [
        mutant
        for mark, end in zip(marks, bounds[1:], strict=True)
        if not _FILTER.search(text, mark.end(), end)
        for mutant in _Query(file, text, mark.group(1), mark.end(), end).mutants()
    ]


class _Query:
    def __init__(self, file: str, text: str, name: str, start: int, end: int) -> None:
        self._file, self._text, self._name = file, text, name
        self._tokens = _tokens(text, start, end)

    def mutants(self) -> list[Mutant]:
        mutants = [
            *self._without_conditions(), *self._without_clauses(), *self._without_assignments(), *self._turned(),
            *self._first_of_coalesce(), *self._shorter_lists(),
        ]  # fmt: skip
        return sorted(set(mutants))

    def _mutant(self, start: int, end: int, replacement: str, change: str) -> Mutant:
        line = self._text.count("\n", 0, start) + 1
        return Mutant(self._file, start, end, replacement, self._name, line, change)

    def _without_conditions(self) -> Iterator[Mutant]:
        """One part of an AND is taken as true, of an OR as false; a whole condition as true."""
        for index, token in enumerate(self._tokens):
            if token.word in ("WHERE", "ON", "HAVING") and self._word(index + 1) not in ("CONFLICT", "COMMIT"):
                yield from self._taken_as("true", index + 1, self._end_of_condition(index + 1, token.depth))
            if token.word in ("AND", "OR") and not self._is_between(index):
                neutral = "true" if token.word == "AND" else "false"
                yield from self._taken_as(neutral, self._start_of_condition(index - 1, token.depth), index)
                yield from self._taken_as(neutral, index + 1, self._end_of_condition(index + 1, token.depth))

    def _taken_as(self, value: str, first: int, behind: int) -> Iterator[Mutant]:
        if behind > first:
            start, end = self._tokens[first].start, self._tokens[behind - 1].end
            yield self._mutant(start, end, value, f"{shown(self._text[start:end])} taken as {value}")

    def _end_of_condition(self, first: int, depth: int) -> int:
        for index in range(first, len(self._tokens)):
            token = self._tokens[index]
            if token.depth < depth or (token.depth == depth and token.word in (_CLAUSES | {"AND", "OR", ","})
                                       and not self._is_between(index)):  # fmt: skip
                return index
        return len(self._tokens)

    def _start_of_condition(self, last: int, depth: int) -> int:
        for index in range(last, -1, -1):
            token = self._tokens[index]
            if token.depth < depth or (token.depth == depth and token.word in _BEFORE_CONDITION - {"NOT"}
                                       and not self._is_between(index)):  # fmt: skip
                return index + 1
        return 0

    def _is_between(self, index: int) -> bool:
        """Whether this AND belongs to a BETWEEN."""
        token = self._tokens[index]
        if token.word != "AND":
            return False
        for earlier in reversed(self._tokens[:index]):
            if earlier.depth < token.depth or (earlier.depth == token.depth and earlier.word in ("AND", "OR", "WHERE")):
                return False
            if earlier.depth == token.depth and earlier.word == "BETWEEN":
                return True
        return False

    def _without_clauses(self) -> Iterator[Mutant]:
        for index, token in enumerate(self._tokens):
            following = self._word(index + 1)
            if token.word == "FOR" and following in ("UPDATE", "SHARE", "NO"):
                yield self._dropped(index, self._end_at(index + 1, token.depth, set()))
            elif token.word == "SKIP" and following == "LOCKED":
                yield self._dropped(index, index + 2)
            elif token.word == "ORDER":
                ends = {"LIMIT", "FOR", "ON", "RETURNING", "WHERE", "UNION"}
                yield self._dropped(index, self._end_at(index + 1, token.depth, ends))
            elif token.word in ("DISTINCT", "DESC", "NOT") and self._word(index - 1) not in ("IS", "DO"):
                yield self._dropped(index, index + 1)
            elif token.word == "LIMIT":
                yield self._dropped(index, index + 2)
            elif token.word == "LEFT" and following == "JOIN":
                yield self._dropped(index, index + 1)
            elif token.word == "IS":
                negated = following == "NOT"
                end = self._tokens[index + 1].end if negated else token.end
                change = "IS NOT turned to IS" if negated else "IS turned to IS NOT"
                yield self._mutant(token.start, end, "IS" if negated else "IS NOT", self._in_context(index, change))
            elif token.word == "ON" and following == "CONFLICT" and "NOTHING" in self._words(index, index + 12):
                yield self._dropped(index, self._words(0).index("NOTHING", index) + 1)

    def _dropped(self, first: int, behind: int) -> Mutant:
        start, end = self._tokens[first].start, self._tokens[behind - 1].end
        return self._mutant(start, end, "", self._in_context(first, f"{shown(self._text[start:end])} dropped"))

    def _end_at(self, first: int, depth: int, words: set[str]) -> int:
        for index in range(first, len(self._tokens)):
            token = self._tokens[index]
            if token.depth < depth or token.word == ";" or (token.depth == depth and token.word in words):
                return index
        return len(self._tokens)

    def _without_assignments(self) -> Iterator[Mutant]:
        for first, behind in self._assignments():
            if self._word(first) == "(":
                continue
            start = self._tokens[first].start
            is_last = self._word(behind) != ","
            end = self._tokens[behind - 1 if is_last else behind].end
            if is_last and self._word(first - 1) == ",":
                start = self._tokens[first - 1].start
            elif is_last:
                continue
            change = f"{shown(self._text[self._tokens[first].start : self._tokens[behind - 1].end])} dropped"
            yield self._mutant(start, end, "", change)

    def _assignments(self) -> Iterator[tuple[int, int]]:
        for index, token in enumerate(self._tokens):
            if token.word == "SET":
                first = index + 1
                end = self._end_at(first, token.depth, {"FROM", "WHERE", "RETURNING"})
                for behind in range(first, end + 1):
                    is_comma = behind < end and self._tokens[behind].word == ","
                    if behind == end or (is_comma and self._tokens[behind].depth == token.depth):
                        yield first, behind
                        first = behind + 1

    def _turned(self) -> Iterator[Mutant]:
        assigned = {
            next((at for at in range(first, behind) if self._tokens[at].word == "="), -1)
            for first, behind in self._assignments()
        }
        for index, token in enumerate(self._tokens):
            replacement = _TURNED.get(token.word) or _SWAPPED.get(token.word)
            if token.word in ("+", "-") and self._word(index - 1) in ("(", ",", "SELECT", "ARRAY", "=", ""):
                continue  # a sign
            if replacement and index not in assigned and not self._is_between(index):
                change = self._in_context(index, f"{token.word.lower()} turned to {replacement.lower()}")
                yield self._mutant(token.start, token.end, replacement, change)
            elif token.word.isdigit():
                value = str(int(token.word) + 1)
                change = self._in_context(index, f"{token.word} turned to {value}")
                yield self._mutant(token.start, token.end, value, change)

    def _first_of_coalesce(self) -> Iterator[Mutant]:
        for index, token in enumerate(self._tokens):
            if token.word == "COALESCE":
                inside = token.depth + 1
                end = self._end_at(index + 2, inside, set())
                comma = self._end_at(index + 2, inside, {","})
                first = self._text[self._tokens[index + 2].start : self._tokens[comma - 1].end]
                change = self._in_context(index, f"coalesce shortened to {shown(first)}")
                yield self._mutant(token.start, self._tokens[end].end, first, change)

    def _shorter_lists(self) -> Iterator[Mutant]:
        for index, token in enumerate(self._tokens):
            if token.word == "IN" and self._word(index + 1) == "(" and self._word(index + 3) == ",":
                start, end = self._tokens[index + 2].start, self._tokens[index + 3].end
                yield self._mutant(start, end, "", self._in_context(index, f"{self._text[start : end - 1]} left out"))

    def _in_context(self, index: int, change: str) -> str:
        first, behind = max(index - 4, 0), min(index + 5, len(self._tokens))
        return f"{change} in «{shown(self._text[self._tokens[first].start : self._tokens[behind - 1].end])}»"

    def _word(self, index: int) -> str:
        return self._tokens[index].word if 0 <= index < len(self._tokens) else ""

    def _words(self, first: int, behind: int | None = None) -> list[str]:
        return [token.word for token in self._tokens[first:behind]]


def _tokens(text: str, start: int, end: int) -> list[_Token]:
    tokens: list[_Token] = []
    depth = 0
    for mutants in _TOKEN.finditer(text, start, end):
        word = mutants.group()
        if word.startswith("--"):
            continue
        word = word.upper() if word[0].isalpha() else word
        depth -= word in _CLOSING
        tokens.append(_Token(word, mutants.start(), mutants.end(), depth))
        depth += word in _OPENING
    return tokens
