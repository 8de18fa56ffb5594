"""In which order a run committed: the serial order that most likely comes to the same."""

from collections.abc import Mapping, Sequence

from tests.interleavings.explore import Step
from tests.interleavings.footprints import OF

_BATCHES = f"batches{OF}"


def committed(steps: Sequence[Step], actions: Mapping[str, str]) -> list[str]:
    """Calls, and actions by what `actions` calls them, each as often as it closed a batch."""
    order: list[str] = []
    closing: set[str] = set()
    for step in steps:
        if step.text.lower().startswith("rollback"):
            closing.discard(step.actor)
        elif "update batches" in step.text.lower():
            closing.add(step.actor)
        if not step.footprint.published:
            continue
        if step.actor in "XYZ" and step.actor not in order:
            order.append(step.actor)
        elif step.actor in closing:
            names = [name.removeprefix(_BATCHES) for name in step.footprint.published if name.startswith(_BATCHES)]
            order += [actions[name] for name in names if name in actions][:1]
        closing.discard(step.actor)
    return order
