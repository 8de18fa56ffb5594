"""A trial: the tests of a copy of the tree in which one file reads differently; the tree itself is never touched."""

import compileall
import importlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from py_compile import PycInvalidationMode

import psycopg
import pytest

from tests.postgres import migrated_template, running_postgres

ROOT = Path(__file__).parents[2]
_COPIED = ("src", "tests", "docs", "pyproject.toml", "examples")
_SLOW_TO_LOAD = (
    "hypothesis",
    "schemathesis",
    "schemathesis.pytest.plugin",
    "fastapi",
    "httpx",
    "procrastinate",
    "alembic.command",
)
_TESTS_FAILED = 1  # pytest's exit code


class Outcome(StrEnum):
    """What the tests make of it."""

    CAUGHT = "caught"
    HUNG = "hung"
    SURVIVED = "SURVIVED"
    BROKEN = "broken"  # it does not even start, which proves nothing
    MISSING = "not found"


@dataclass(frozen=True, slots=True)
class Trials:
    """A copy of the tree, and a PostgreSQL that outlasts all trials."""

    tree: Path
    server: str
    template: str
    variables: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def reading(self, file: str, text: str) -> Iterator[None]:
        """The copy with another text in this file."""
        path = self.tree / file
        before = path.read_text()
        path.write_text(text)
        try:
            yield
        finally:
            path.write_text(before)

    def run(
        self, tests: Sequence[str], *, seconds: float, test_seconds: int = 300, migrated: bool = True
    ) -> tuple[Outcome, str]:
        """What the tests make of the copy, and what they print; unless `migrated`, it is migrated anew."""
        arguments = [f"--timeout={test_seconds}", *tests]
        lent = {"LENT_POSTGRES": self.server} | ({"LENT_TEMPLATE": self.template} if migrated else {})
        variables = {"PYTHONPATH": f"{self.tree / 'src'}"} | lent | self.variables
        with tempfile.TemporaryFile("w+") as printed:
            tester = multiprocessing.get_context("fork").Process(
                target=_test, args=(self.tree, arguments, variables, printed.fileno())
            )
            tester.start()
            pid = tester.pid or 0
            tester.join(seconds)
            exit_code = tester.exitcode
            if exit_code is None:
                os.killpg(pid, signal.SIGKILL)
                tester.join()
            self._drop_databases(pid)
            printed.seek(0)
            text = printed.read()
        return (Outcome.HUNG if exit_code is None else _outcome(exit_code, text)), text

    def _drop_databases(self, left_by: int) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (f"test_{left_by}_%",))
            for (name,) in left.fetchall():
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _test(tree: Path, tests: list[str], variables: dict[str, str], printed: int) -> None:
    """Run the tests of the copy. What does not change is loaded by now: that takes longer than most tests."""
    os.setsid()
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.chdir(tree)
    os.environ |= variables
    sys.path[:0] = [f"{tree / 'src'}", f"{tree}"]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tallykeep", "tests")]:
        del sys.modules[name]
    os._exit(
        pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning", *tests])
    )


def _outcome(exit_code: int, printed: str) -> Outcome:
    if exit_code == 0:
        return Outcome.SURVIVED
    if "Failed: Timeout (>" in printed:
        return Outcome.HUNG
    last_line = printed.rstrip().rpartition("\n")[2]
    return Outcome.CAUGHT if exit_code == _TESTS_FAILED and " failed" in last_line else Outcome.BROKEN


@contextmanager
def trials(**variables: str) -> Iterator[Trials]:
    """A copy of the tree to be changed, with these variables in its tests' environment."""
    for name in _SLOW_TO_LOAD:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix="tallykeep-mutant-") as directory:
        tree = Path(directory) / "tree"
        tree.mkdir()
        for name in _COPIED:
            source = ROOT / name
            shutil.copytree(source, tree / name) if source.is_dir() else shutil.copy(source, tree / name)
        # By their hashes, because two texts of a file may have the same length and the same second.
        compileall.compile_dir(tree / "src", force=True, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        with running_postgres(Path(directory) / "pg") as server, migrated_template(server) as template:
            yield Trials(tree, server, template, variables)
