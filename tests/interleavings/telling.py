"""What a person is told of an order that came to something else than any serial one."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.interleavings.explore import Run, Step
from tests.interleavings.footprints import OF, Strength
from tests.interleavings.outcome import Outcome

_WORDS = 90
_MAX_LENGTH = 400


def canonical(outcome: Outcome) -> str:
    """The same text for the same outcome."""
    return json.dumps(outcome, sort_keys=True)


def report(name: str, run: Run, serial: Mapping[str, str]) -> str:
    """The schedule, the statements in their order, and how the outcome differs from the serial one that is nearest."""
    lines = [f"{name}: no serial order comes to this. SCHEDULE={run.schedule}", ""]
    lines += [_line(step) for step in run.steps]
    differences = {order: list(_differences(json.loads(other), run.outcome)) for other, order in serial.items()}
    nearest = min(differences, key=lambda order: len(differences[order]))
    return "\n".join([*lines, "", f"beside the nearest serial order, {nearest}:", *differences[nearest]])


def switches(run: Run) -> int:
    """How often another actor goes on: the fewer, the easier to read."""
    return sum(one.actor != other.actor for one, other in zip(run.steps, run.steps[1:], strict=False))


def _line(step: Step) -> str:
    text = " ".join(re.sub(r"--[^\n]*", " ", step.text).split())
    touched = step.footprint.touched.items()
    written = sorted({name.partition(OF)[0] for name, strength in touched if strength >= Strength.UPDATE})
    tables = f"  [{', '.join(written)}]" if written else ""
    note = f"  <- {step.note}" if step.note else ""
    return f"  {step.actor}  {text[:_WORDS]}{tables}{note}"


def _differences(serial: Any, actual: Any, path: str = "") -> Iterator[str]:
    if isinstance(serial, dict) and isinstance(actual, dict):
        for name in sorted({**serial, **actual}):
            yield from _differences(serial.get(name), actual.get(name), f"{path}.{name}" if path else name)
    elif isinstance(serial, list) and isinstance(actual, list) and len(serial) == len(actual):
        for number, (one, other) in enumerate(zip(serial, actual, strict=True)):
            yield from _differences(one, other, f"{path}[{number}]")
    elif serial != actual:
        yield f"  {path}: {_short(actual)}, serially {_short(serial)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}..."
