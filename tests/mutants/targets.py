"""What is mutated, and which tests are asked, the likeliest first."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.mutants.mutant import Mutant
from tests.mutants.of_python import mutants_of_python
from tests.mutants.of_sql import mutants_of_sql

_NEIGHBOURS = ("tests/db/test_neighbours.py",)
_CONTROL = ("tests/db/test_policies.py", "tests/http/test_control.py")
_ACTIONS = ("tests/conformance/test_action_types.py", "tests/conformance/test_submission_options.py")
_APPLYING = (
    "tests/db/test_batches.py",
    "tests/db/test_applying.py",
    "tests/db/test_batch_order.py",
    "tests/db/test_row_locks.py",
)
_SWEEP = ("tests/faults/test_batches.py", "tests/faults/test_submissions.py")
_SERIAL = ("tests/db/test_row_locks.py", "tests/db/test_serial.py", "tests/db/test_parents.py")
_UPSERTS = (
    *_SERIAL,
    *_NEIGHBOURS,
    "tests/http/test_bulk_updates.py",
    *_ACTIONS,
    "tests/db/test_upserts.py",
    "tests/db/test_references.py",
)
_ORDERS_BY_COLUMN = ("tests/db/test_orders_by_column.py", "tests/db/test_change_sets.py", "tests/http/test_orders.py")
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
    "src/tallykeep/engine/intake/accept": (
        "tests/db/test_acceptance.py",
        "tests/db/test_group_commit.py",
        "tests/db/test_scheduling.py",
        "tests/db/test_sequences.py",
        "tests/http/test_control.py",
        *_SWEEP,
        *_ACTIONS,
        "tests/http/test_cells.py",
    ),
    "src/tallykeep/engine/applying/accounting": (
        *_APPLYING,
        *_NEIGHBOURS,
        *_CONTROL,
        "tests/db/test_rescue.py",
        "tests/db/test_quarantine.py",
        *_ACTIONS,
    ),
    "src/tallykeep/engine/applier": (
        "tests/db/test_rescue.py",
        "tests/db/test_quarantine.py",
        "tests/db/test_retries.py",
        "tests/db/test_scheduling.py",
        "tests/db/test_sequences.py",
        *_APPLYING,
        *_CONTROL,
        *_SWEEP,
        "tests/crash/test_poison.py",
    ),
    "src/tallykeep/engine/applying/attempt": (
        *_APPLYING,
        *_NEIGHBOURS,
        *_CONTROL,
        "tests/db/test_shortened.py",
        *_ACTIONS,
    ),
    "src/tallykeep/engine/applying/joint/joint": (
        "tests/db/test_joint_attempts.py",
        "tests/db/test_joint_outcomes.py",
        "tests/faults/test_batches.py",
    ),
    "src/tallykeep/engine/applying/joint/joint_attempts": (
        "tests/db/test_joint_attempts.py",
        "tests/faults/test_batches.py",
    ),
    "src/tallykeep/engine/applying/claim": (
        *_APPLYING,
        "tests/db/test_rescue.py",
        "tests/db/test_quarantine.py",
        *_NEIGHBOURS,
        *_CONTROL,
        *_SWEEP,
    ),
    "src/tallykeep/engine/scheduling/fair_scheduling": (
        "tests/db/test_scheduling.py",
        "tests/db/test_sequences.py",
        "tests/db/test_rescue.py",
        "tests/db/test_quarantine.py",
        *_NEIGHBOURS,
        *_CONTROL,
        "tests/db/test_acceptance.py",
    ),
    "src/tallykeep/engine/recovering/retries": (
        "tests/db/test_retries.py",
        "tests/db/test_rescue.py",
        "tests/db/test_quarantine.py",
    ),
    "src/tallykeep/engine/recovering/rescuer": (
        "tests/db/test_rescue.py",
        "tests/db/test_quarantine.py",
        "tests/db/test_scheduling.py",
        "tests/db/test_sequences.py",
        "tests/http/test_control.py",
    ),
    "src/tallykeep/engine/recovering/quarantine": (
        "tests/db/test_rescue.py",
        "tests/db/test_quarantine.py",
        *_NEIGHBOURS,
        "tests/crash/test_poison.py",
    ),
    "src/tallykeep/engine/managing/action_control": (
        *_CONTROL,
        *_NEIGHBOURS,
        "tests/http/test_control_all.py",
        "tests/db/test_scheduling.py",
        "tests/db/test_sequences.py",
    ),
    "src/tallykeep/engine/applying/atomic": (*_CONTROL, *_NEIGHBOURS, *_ACTIONS),
    "src/tallykeep/engine/intake/idempotency": (
        "tests/http/test_control.py",
        *_SWEEP,
        "tests/http/test_control_all.py",
    ),
    "src/tallykeep/resources/vouchers/importing/import_operation": _VOUCHERS,
    "src/tallykeep/resources/vouchers/writing/store": _VOUCHERS,
    "src/tallykeep/resources/vouchers/writing/generated_codes": _GENERATION,
    "src/tallykeep/resources/vouchers/updating/update_operation": (
        *_SERIAL,
        *_NEIGHBOURS,
        "tests/http/test_bulk_updates.py",
        *_ACTIONS,
    ),
    "src/tallykeep/resources/vouchers/updating/uniform_update": (
        *_SERIAL,
        *_NEIGHBOURS,
        "tests/http/test_bulk_updates.py",
        *_ACTIONS,
    ),
    "src/tallykeep/resources/vouchers/single": _SINGLE,
    "src/tallykeep/resources/upserts/operation": (*_UPSERTS, "tests/db/test_change_sets.py"),
    "src/tallykeep/resources/upserts/change_set": ("tests/db/test_change_sets.py", *_UPSERTS),
    "src/tallykeep/resources/upserts/set_writing": ("tests/db/test_change_sets.py", *_UPSERTS),
    "src/tallykeep/resources/upserts/by_column/merge": _UPSERTS,
    "src/tallykeep/resources/upserts/by_column/ready_set": _ORDERS_BY_COLUMN,
    "src/tallykeep/resources/orders/by_column/import_operation": _ORDERS_BY_COLUMN,
    "src/tallykeep/resources/upserts/single": (*_SERIAL, "tests/http/test_sdk_resources.py", *_ACTIONS),
    "src/tallykeep/resources/upserts/store": _UPSERTS,
    "src/tallykeep/resources/campaigns/operations": (*_RANGES, "tests/db/test_campaign_imports.py"),
    "src/tallykeep/resources/campaigns/generation": _GENERATION,
    "src/tallykeep/resources/campaigns/import_operation": ("tests/db/test_campaign_imports.py", *_ACTIONS),
    "src/tallykeep/resources/campaigns/store": _CAMPAIGNS,
    "src/tallykeep/resources/vouchers/writing/of_campaign": (*_RANGES, "tests/db/test_campaign_imports.py"),
    "src/tallykeep/resources/metadata/purge": _RANGES,
    "src/tallykeep/resources/planned_ranges": _RANGES,
    "src/tallykeep/resources/upserts/locked_keys": _SERIAL,
    "src/tallykeep/db/gates": ("tests/db/test_gates.py", "tests/db/test_parents.py"),
    "src/tallykeep/db/retry": (*_SERIAL, "tests/unit/test_conflicts.py"),
}
_FINDERS: dict[str, Callable[[str, str], list[Mutant]]] = {"py": mutants_of_python, "sql": mutants_of_sql}


def tests_of(mutant: Mutant) -> tuple[str, ...]:
    """The tests that are asked about a mutant."""
    return TESTS[mutant.file.rpartition(".")[0]]


def every_mutant(tree: Path) -> list[Mutant]:
    """Every mutant of every module and its queries, in the order of their files."""
    mutants: list[Mutant] = []
    for stem in TESTS:
        for ending, find in _FINDERS.items():
            file = f"{stem}.{ending}"
            if (tree / file).exists():
                mutants += find(file, (tree / file).read_text())
    return list(_distinct(mutants))


def _distinct(mutants: list[Mutant]) -> Iterator[Mutant]:
    met: Counter[str] = Counter()
    for mutant in mutants:
        met[mutant.name] += 1
        yield replace(mutant, which=met[mutant.name])
