"""Whether what several clients left behind is what some serial order of their batches would have left."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from tests.crash.nemesis.ledger import Entry


@dataclass(frozen=True, eq=False)
class Written:
    """A batch that was written: what it set, place by place."""

    entry: Entry
    first_row: int
    sets: dict[str, str]

    def is_before(self, other: "Written") -> bool:
        if self.entry is other.entry:
            return self.first_row < other.first_row
        return self.entry.is_before(other.entry)


def find_contradictions(written: list[Written], values: dict[str, str | None]) -> list[str]:
    """What speaks against every order: values that nobody wrote, or that is lost, or a circle of «has to be before»."""
    by_key: dict[str, list[Written]] = defaultdict(list)
    for batch in written:
        for key in batch.sets:
            by_key[key].append(batch)
    contradictions = [f"{key} is {values[key]!r}, which nobody wrote" for key in values.keys() - by_key.keys()]
    before: dict[Written, set[Written]] = {
        batch: {other for other in written if other.is_before(batch)} for batch in written
    }
    for key, writers in by_key.items():
        last = [batch for batch in writers if batch.sets[key] == values.get(key)]
        if not last:
            contradictions.append(f"{key} is {values.get(key)!r}, of {_shown(writers, key)}")
        elif len(last) == 1:
            before[last[0]] |= set(writers) - {last[0]}
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        circle = [f"{batch.entry.name} {batch.first_row}" for batch in error.args[1]]
        contradictions.append(f"no order: {' before '.join(circle)}")
    return contradictions


def _shown(writers: Iterable[Written], key: str) -> list[str]:
    return [batch.sets[key] for batch in writers][-3:]
