"""`make mutants`: change the engine and the writes in one small place at a time, and see that some test fails.

So many places are drawn by SEED; each is tried on the tests of its file, in a copy of the tree.
"""

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path

from tests.mutants.known import KNOWN
from tests.mutants.mutant import Mutant
from tests.mutants.targets import every_mutant, tests_of
from tests.mutants.trials import Outcome, Trials, trials

_MAX_SECONDS = 3600
_TEST_SECONDS = 120
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
# What PostgreSQL does not even understand is no mutant.
_STILLBORN = re.compile(
    r"psycopg\.errors\.(SyntaxError|Undefined\w+|AmbiguousColumn|DatatypeMismatch|GroupingError|IndeterminateDatatype)"
)
STILLBORN, KNOWN_SURVIVOR = "stillborn", "known"


def main() -> int:
    """Try the mutants drawn; exit code 1 when one survives that is not known to."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--only", default="", help="a part of their names, as printed")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    arguments = parser.parse_args()
    ended: list[tuple[Mutant, str]] = []
    with trials() as tried:
        every = [mutant for mutant in every_mutant(tried.tree) if arguments.only in mutant.name]
        drawn = random.Random(arguments.seed).sample(every, min(arguments.count, len(every)))
        print(f"{len(drawn)} of {len(every)} mutants, SEED={arguments.seed}", flush=True)
        killers: list[tuple[Mutant, str]] = []
        for mutant in drawn:
            started = time.monotonic()
            outcome, killer = _try(tried, mutant, killers)
            ended.append((mutant, outcome))
            seconds = time.monotonic() - started
            print(f"{outcome:<9} {seconds:>6.1f} s  {mutant.name}, line {mutant.line}  {killer}", flush=True)
            if arguments.json:
                arguments.json.write_text(
                    json.dumps([{"name": each.name, "outcome": how} for each, how in ended], indent=1)
                )
    return _summed_up(ended)


def _try(tried: Trials, mutant: Mutant, killers: list[tuple[Mutant, str]]) -> tuple[str, str]:
    """The outcome, and the test that failed; tests that have caught a neighbour are asked first."""
    tests = [*dict.fromkeys([*_likely(mutant, killers), *tests_of(mutant)])]
    with tried.reading(mutant.file, mutant.of((tried.tree / mutant.file).read_text())):
        outcome, printed = tried.run(tests, seconds=_MAX_SECONDS, test_seconds=_TEST_SECONDS)
    if outcome is Outcome.SURVIVED:
        return (KNOWN_SURVIVOR if mutant.name in KNOWN else outcome), ""
    if mutant.file.endswith(".sql") and _STILLBORN.search(printed):
        return STILLBORN, ""
    failed = _FAILED.search(printed)
    killer = failed.group(1) if failed else ""
    if "::" in killer:
        killers.append((mutant, killer))
    return outcome, killer


def _likely(mutant: Mutant, killers: list[tuple[Mutant, str]]) -> list[str]:
    last = [(killed, test) for killed, test in reversed(killers) if killed.file == mutant.file]
    nearest = [test for killed, test in last if killed.unit == mutant.unit]
    return [*dict.fromkeys(nearest)][:4] + [*dict.fromkeys(test for _, test in last)][:4]


def _summed_up(ended: list[tuple[Mutant, str]]) -> int:
    by_file: dict[str, Counter[str]] = {}
    for mutant, outcome in ended:
        by_file.setdefault(mutant.file, Counter())[outcome] += 1
    print(f"\n{'':<50} {'mutants':>8} {'killed':>8} {'known':>8} {'survived':>8}")
    total: Counter[str] = Counter()
    for file, outcomes in sorted(by_file.items()):
        total += outcomes
        print(_row(file.removeprefix("src/tallykeep/"), outcomes))
    print(_row("all of them", total))
    for mutant, outcome in ended:
        if outcome is Outcome.SURVIVED:
            print(f"SURVIVED  {mutant.file}:{mutant.line}  {mutant.name}")
    return 1 if total[Outcome.SURVIVED] else 0


def _row(name: str, outcomes: Counter[str]) -> str:
    survived, known = outcomes[Outcome.SURVIVED], outcomes[KNOWN_SURVIVOR]
    tried = outcomes.total() - outcomes[STILLBORN]
    return f"{name:<50} {tried:>8} {tried - known - survived:>8} {known:>8} {survived:>8}"


if __name__ == "__main__":
    sys.exit(main())
