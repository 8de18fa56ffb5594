"""Regular expressions and loops: nothing takes more than linear time over what somebody sent."""

import ast
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import tallykeep
from tests.backtracking import faults_of

SOURCES = Path(tallykeep.__file__).parent

# Patterns that may take more than linear time by their form, and why they do not.
JUSTIFIED: dict[tuple[str, str], str] = {
    ("formats/people/traces.py", "_ADDRESS"): "only ever matches a text as a whole",
    ("resources/fields/numerals.py", "_SIGNED"): "only texts of at most 60 characters are matched",
    ("resources/fields/numerals.py", "_SHOWS"): "only texts of at most 60 characters are matched, and whole ones",
    ("resources/fields/array_cells.py", "_BEGUN"): "it begins at commas, and the blanks behind one hold no other",
    ("resources/fields/object_cells.py", "_SINGLE_QUOTED"): "what is never closed is matched to the end",
    ("preview/cell_shapes.py", "_URL"): "cells are looked at as they are shown, of 200 characters",
    ("formats/json/elements.py", "_TOKEN"): "whoever walks along tokens stops at a quote that is not closed",
    ("formats/json/elements.py", "_TEXT"): "it is matched, not searched for",
    ("formats/json/elements.py", "_WORD"): "it is matched, not searched for",
    ("formats/json/ids_splitter.py", "_TEXT"): "it is matched, not searched for",
    ("formats/json/ids_splitter.py", "_WORD"): "it is matched, not searched for",
    ("dashboard/kit/form_errors.py", "_ACTUAL"): "what it runs through ends where it might begin again",
}
# Loops that cut what they go through, and why that takes no more than linear time.
CUT_IN_LOOPS: dict[tuple[str, str], str] = {
    (
        "formats/json/array_splitter.py",
        "_runs",
    ): "the buffer holds a piece and a row at most, and loses a good part each time",
    (
        "resources/vouchers/writing/generated_codes.py",
        "_walk",
    ): "it goes round again only for codes that others have taken meanwhile",
}

# Imports every module, uses the functions that make patterns when they are called, and tells of all patterns made.
_COLLECTING = """
import json, pkgutil, re, sys, importlib, inspect

made = []
compile_ = re._compile

def noted(pattern, flags):
    frames = []
    frame = sys._getframe(1)
    while frame.f_code.co_filename == re.__file__:
        frame = frame.f_back
    while frame is not None and (frames or "/tallykeep/" in frame.f_code.co_filename):
        if "/tallykeep/" in frame.f_code.co_filename:
            frames.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    if frames and not isinstance(pattern, re.Pattern):
        is_bytes = isinstance(pattern, bytes)
        made.append((pattern.decode("latin-1") if is_bytes else pattern, is_bytes, int(flags), frames))
    return compile_(pattern, flags)

re._compile = noted
import tallykeep
for module in pkgutil.walk_packages(tallykeep.__path__, "tallykeep."):
    if not module.name.endswith("__main__") and ".migrations." not in module.name:
        importlib.import_module(module.name)

from tallykeep.preview import missing_fields as needs
from tallykeep.catalog.row_types import ROW_TYPES
from tallykeep.dashboard.kit import form_errors as refusals
from tallykeep.formats.csv import records as csv_records
from tallykeep.formats.xlsx import cell_marks as sheet_marks
from tallykeep.resources.fields import numerals
from tallykeep.resources.fields import spreadsheet_spellings as spellings
csv_records.is_blank(b",", ","), csv_records.is_blank_somehow(b",")
csv_records._blank_line(","), csv_records._begins_blank(","), csv_records._behind_a_line(",")
for row_type in ROW_TYPES.values():
    for field in row_type.fields:
        needs._wanting(field, [])
sheet_marks._Search(b"x:", {b"1": 1})
spellings._letters("a")
numerals._settled("1.250", ",", "1.250")
refusals.form_message("a: b", {"a": "A"})
json.dump(made, sys.stdout)
"""


class Made(NamedTuple):
    """A pattern that some line of ours makes, and what it is called there: a constant, or the function around it."""

    pattern: str | bytes
    flags: int
    module: str
    name: str
    lines: tuple[tuple[str, int], ...]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def patterns() -> list[Made]:
    run = subprocess.run([sys.executable, "-c", _COLLECTING], capture_output=True, check=True, text=True)
    patterns_by_key: dict[tuple[Any, ...], Made] = {}
    for text, is_bytes, flags, frames in json.loads(run.stdout):
        path, line, function = next((each for each in frames if each[2] == "<module>"), frames[0])
        module = str(Path(path).relative_to(SOURCES))
        name = _constant_at(Path(path), line) if function == "<module>" else function
        pattern = text.encode("latin-1") if is_bytes else text
        lines = tuple((str(Path(path).relative_to(SOURCES)), line) for path, line, _ in frames)
        patterns_by_key[pattern, flags, module, name] = Made(pattern, flags, module, name, lines)
    return list(patterns_by_key.values())


def _constant_at(path: Path, line: int) -> str:
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.lineno <= line <= (node.end_lineno or line):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            return target.id if isinstance(target, ast.Name) else ""
    return ""


@cache
def _all_uses() -> dict[str, set[str]]:
    """What is done with what has these names, anywhere; "" where that is not plain to see."""
    names: dict[str, set[str]] = {}
    for path in SOURCES.rglob("*.py"):
        nodes = list(ast.walk(tree_of(path)))
        done = {id(_base(node.value)): node.attr for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                names.setdefault(node.id, set()).add(done.get(id(node), ""))
    return names


def _base(node: ast.expr) -> ast.expr:
    """The name behind NAME[...] and name(...)."""
    while isinstance(node, ast.Subscript | ast.Call):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    return node


def _calls_of_re() -> Iterator[tuple[str, int]]:
    methods = ("compile", "match", "fullmatch", "search", "split", "sub", "subn", "findall", "finditer")
    makers = {f"re.{method}" for method in methods}
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and _name(node.func) in makers:
                yield str(path.relative_to(SOURCES)), node.lineno


@pytest.mark.parametrize(
    ("pattern", "nasty"),
    [
        (r"(a+)+b", "a" * 30), (r"(a*)*b", ""), (r"(?:a|ab|b)*c", ""), (r"(?:\s*,?\s*)*x", ""), (r"(\w+\s?)*;", ""),
        (r"\d+\d+x", ""), (r"\s*(.*?)\s*x", ""), (r"^.*\ba.*b", ""), (r"[(].*?[)]", "(" * 4_000),
        (r"'(?:[^'\\]|\\.)*'", r"\'" * 2_000), (r"\s+$", " " * 4_000 + "x"), (r"\s*+,x", ""),
        (r"a[ab]*+c", "a" * 4_000),
    ],
)  # fmt: skip
def test_patterns_that_backtrack_are_found(pattern: str, nasty: str) -> None:
    assert faults_of(pattern)
    if len(nasty) < 1_000:
        return
    short, long = (min(_seconds(pattern, nasty[: len(nasty) // part]) for _ in range(3)) for part in (4, 1))
    assert long > 7 * short  # 16 times, where it grows with the square


def _seconds(pattern: str, text: str) -> float:
    started = time.thread_time()
    re.search(pattern, text)
    return time.thread_time() - started


@pytest.mark.parametrize(
    "pattern",
    [
        r"[\W_]+", r"https?://\S+", r"\d+(?:[.,]\d+)?", r"'[^']*'", r"(?:[^'\\]++|\\.)*+", r"=\w*;", r"^\s+x",
        r"a(?:,b)*c", r"\d{1,3}(?:,\d{3})+", r"[(\[][^()\[\]]*+[)\]]", r"<[^<>]*>",
    ],
)  # fmt: skip
def test_patterns_that_do_not_are_left_alone(pattern: str) -> None:
    assert faults_of(pattern) == []


def test_every_pattern_is_looked_at() -> None:
    covered = {line for made in patterns() for line in made.lines}
    missed = [call for call in _calls_of_re() if not any((call[0], call[1] + more) in covered for more in range(4))]
    assert missed == []


def test_no_pattern_backtracks() -> None:
    faults = {}
    for made in patterns():
        searching = not _all_uses().get(made.name, {""}) <= {"match", "fullmatch"}
        if fault := faults_of(made.pattern, made.flags, searching=searching):
            faults[made.module, made.name] = f"{made.pattern!r}: {'; '.join(fault)}"
    assert {key: fault for key, fault in faults.items() if key not in JUSTIFIED} == {}
    assert [key for key in JUSTIFIED if key not in faults] == []


def cuts_in(source: str | ast.AST) -> list[tuple[str, str]]:
    """The function around each loop, and what is cut there again and again: rows = rows[1:]."""
    return list(_cuts(ast.parse(source) if isinstance(source, str) else source))


def _cuts(tree: ast.AST, function: str = "", within: bool = False) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _cuts(node, node.name, False)
            continue
        in_loop = within or isinstance(node, ast.For | ast.While | ast.AsyncFor)
        if in_loop and isinstance(node, ast.Assign):
            cut = {_name(part.value) for part in ast.walk(node.value)
                   if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Slice)}  # fmt: skip
            yield from ((function, name) for name in map(_name, _targets(node)) if name and name in cut)
        yield from _cuts(node, function, in_loop)


def _targets(node: ast.Assign) -> Iterator[ast.expr]:
    for target in node.targets:
        yield from target.elts if isinstance(target, ast.Tuple) else (target,)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_loops_that_cut_what_they_go_through_are_found() -> None:
    for line in (
        "rows = rows[1:]",
        "first, rows = rows[0], rows[1:]",
        "self.text = self.text[at:]",
        "rows = rows[:-1]",
    ):
        assert cuts_in(f"def go():\n    while rows:\n        {line}\n"), line
        assert not cuts_in(f"def go():\n    {line}\n"), line
    assert not cuts_in("def go():\n    for at in places:\n        piece = rows[at:]\n")


def test_no_loop_cuts_what_it_goes_through() -> None:
    cuts = {(str(path.relative_to(SOURCES)), function): name
             for path in sorted(SOURCES.rglob("*.py")) for function, name in cuts_in(tree_of(path))}  # fmt: skip
    assert {key: name for key, name in cuts.items() if key not in CUT_IN_LOOPS} == {}
    assert [key for key in CUT_IN_LOOPS if key not in cuts] == []
