"""What is mutated, and which tests are asked, the likeliest first."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.mutants.mutant import Mutant
from tests.mutants.of_python import mutants_of_python
from tests.mutants.of_sql import mutants_of_sql

_ENGINE, _RESOURCES = "src/tallykeep/engine", "src/tallykeep/resources"
_NEIGHBOURS = ("tests/db/test_neighbours.py",)
_CONTROL = ("tests/db/test_policies.py", "tests/http/test_control.py")
_ACTIONS = ("tests/conformance/test_action_types.py", "tests/conformance/test_wishes.py")
_APPLYING = ("tests/db/test_portions.py", "tests/db/test_applying.py", "tests/db/test_row_locks.py")
_SWEEP = ("tests/faults/test_portions.py", "tests/faults/test_submissions.py")
_SERIAL = ("tests/db/test_row_locks.py", "tests/db/test_serial.py", "tests/db/test_parents.py")
_UPSERTS = (*_SERIAL, *_NEIGHBOURS, "tests/http/test_bulk_updates.py", *_ACTIONS, "tests/db/test_upserts.py")
_SINGLE = (*_SERIAL, *_NEIGHBOURS, "tests/http/test_single_vouchers.py", *_ACTIONS)
_VOUCHERS = (
    *_SERIAL,
    *_NEIGHBOURS,
    "tests/http/test_vouchers.py",
    *_ACTIONS,
    "tests/http/test_single_vouchers.py",
    *_APPLYING,
)
_RANGES = ("tests/db/test_ranges.py", *_NEIGHBOURS, "tests/db/test_campaigns.py", "tests/db/test_parents.py", *_ACTIONS)
_GENERATION = (
    "tests/db/test_generation.py",
    "tests/db/test_campaigns.py",
    *_ACTIONS,
    "tests/http/test_single_vouchers.py",
)
_CAMPAIGNS = (
    "tests/db/test_campaigns.py",
    "tests/db/test_campaign_imports.py",
    "tests/db/test_ranges.py",
    *_NEIGHBOURS,
    *_ACTIONS,
)

# The tests of each pair of a module and its queries, without their endings.
TESTS: dict[str, tuple[str, ...]] = {
    f"{_ENGINE}/accept": (
        "tests/db/test_acceptance.py",
        "tests/db/test_turns.py",
        "tests/http/test_control.py",
        *_SWEEP,
        *_ACTIONS,
        "tests/http/test_cells.py",
    ),
    f"{_ENGINE}/account": (
        *_APPLYING,
        *_NEIGHBOURS,
        *_CONTROL,
        "tests/db/test_rescue.py",
        "tests/db/test_suspicion.py",
        *_ACTIONS,
    ),
    f"{_ENGINE}/apply": (
        "tests/db/test_rescue.py",
        "tests/db/test_suspicion.py",
        "tests/db/test_retries.py",
        "tests/db/test_turns.py",
        *_APPLYING,
        *_CONTROL,
        *_SWEEP,
        "tests/crash/test_poison.py",
    ),
    f"{_ENGINE}/attempt": (*_APPLYING, *_NEIGHBOURS, *_CONTROL, "tests/db/test_shortened.py", *_ACTIONS),
    f"{_ENGINE}/claim": (
        *_APPLYING,
        "tests/db/test_rescue.py",
        "tests/db/test_suspicion.py",
        *_NEIGHBOURS,
        *_CONTROL,
        *_SWEEP,
    ),
    f"{_ENGINE}/turns": (
        "tests/db/test_turns.py",
        "tests/db/test_rescue.py",
        "tests/db/test_suspicion.py",
        *_NEIGHBOURS,
        *_CONTROL,
        "tests/db/test_acceptance.py",
    ),
    f"{_ENGINE}/retries": ("tests/db/test_retries.py", "tests/db/test_rescue.py", "tests/db/test_suspicion.py"),
    f"{_ENGINE}/rescue": (
        "tests/db/test_rescue.py",
        "tests/db/test_suspicion.py",
        "tests/db/test_turns.py",
        "tests/http/test_control.py",
    ),
    f"{_ENGINE}/isolate": (
        "tests/db/test_rescue.py",
        "tests/db/test_suspicion.py",
        *_NEIGHBOURS,
        "tests/crash/test_poison.py",
    ),
    f"{_ENGINE}/control": (*_CONTROL, *_NEIGHBOURS, "tests/http/test_control_all.py", "tests/db/test_turns.py"),
    f"{_ENGINE}/whole": (*_CONTROL, *_NEIGHBOURS, *_ACTIONS),
    f"{_ENGINE}/once": ("tests/http/test_control.py", *_SWEEP, "tests/http/test_control_all.py"),
    f"{_RESOURCES}/vouchers/imports": _VOUCHERS,
    f"{_RESOURCES}/vouchers/write": _VOUCHERS,
    f"{_RESOURCES}/vouchers/generated": _GENERATION,
    f"{_RESOURCES}/vouchers/updates": (*_SERIAL, *_NEIGHBOURS, "tests/http/test_bulk_updates.py", *_ACTIONS),
    f"{_RESOURCES}/vouchers/same_metadata": (*_SERIAL, *_NEIGHBOURS, "tests/http/test_bulk_updates.py", *_ACTIONS),
    f"{_RESOURCES}/vouchers/single": _SINGLE,
    f"{_RESOURCES}/upserts/writing": _UPSERTS,
    f"{_RESOURCES}/upserts/merging": _UPSERTS,
    f"{_RESOURCES}/upserts/single": (*_SERIAL, "tests/http/test_sdk_resources.py", *_ACTIONS),
    f"{_RESOURCES}/upserts/store": _UPSERTS,
    f"{_RESOURCES}/campaigns/vouchers": (*_RANGES, "tests/db/test_campaign_imports.py"),
    f"{_RESOURCES}/campaigns/generation": _GENERATION,
    f"{_RESOURCES}/campaigns/imports": ("tests/db/test_campaign_imports.py", *_ACTIONS),
    f"{_RESOURCES}/campaigns/store": _CAMPAIGNS,
    f"{_RESOURCES}/metadata_purge": _RANGES,
    f"{_RESOURCES}/ranges": _RANGES,
    f"{_RESOURCES}/looks": _SERIAL,
    "src/tallykeep/db/gates": ("tests/db/test_gates.py", "tests/db/test_parents.py"),
    "src/tallykeep/db/retry": (*_SERIAL, "tests/unit/test_conflicts.py"),
}
_FINDERS: dict[str, Callable[[str, str], list[Mutant]]] = {"py": mutants_of_python, "sql": mutants_of_sql}


def tests_of(mutant: Mutant) -> tuple[str, ...]:
    """The tests that are asked about a mutant."""
    return TESTS[mutant.file.rpartition(".")[0]]


def every_mutant(tree: Path) -> list[Mutant]:
    """Every mutant of every module and its queries, in the order of their files."""
    found: list[Mutant] = []
    for stem in TESTS:
        for ending, find in _FINDERS.items():
            file = f"{stem}.{ending}"
            if (tree / file).exists():
                found += find(file, (tree / file).read_text())
    return list(_told_apart(found))


def _told_apart(mutants: list[Mutant]) -> Iterator[Mutant]:
    met: Counter[str] = Counter()
    for mutant in mutants:
        met[mutant.name] += 1
        yield replace(mutant, which=met[mutant.name])
