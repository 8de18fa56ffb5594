"""Outcomes as lines of a table."""

from tests.attack.run import Outcome

_COLUMNS = (
    ("attack", 30), ("answers", 22), ("after", 6), ("GET", 6), ("same", 6), ("import", 7), ("same", 6), ("livez", 6),
    ("readyz", 7), ("api", 6), ("worker", 7), ("child", 6), ("own", 5),
)  # fmt: skip
HEADINGS = (
    "Seconds: when the attacker was answered, and the worst of the bystander in another project and under the same key;"
    " MiB over rest.\n"
    + " ".join(f"{name:>{width}}" if at > 1 else f"{name:<{width}}" for at, (name, width) in enumerate(_COLUMNS))
)


def as_line(outcome: Outcome) -> str:
    """One line of the table, and what was broken below it."""
    memory = outcome.memory
    child = max((size for name, size in memory.items() if name.startswith("child")), default=None)
    cells = [
        outcome.name, _answers(outcome), outcome.attacker["slowest"], outcome.worst("get other", "list other"),
        outcome.worst("get same", "list same"), outcome.worst("import other"), outcome.worst("import same"),
        outcome.worst("livez"), outcome.worst("readyz"), memory.get("api"), memory.get("worker"), child,
        outcome.bystander["own"],
    ]  # fmt: skip
    line = " ".join(_cell(cell, width, at) for at, (cell, (_, width)) in enumerate(zip(cells, _COLUMNS, strict=True)))
    notes = [f"    broken: {text}" for text in outcome.broken]
    if outcome.canceled:
        notes.append(f"    not worked off after {outcome.worked_off} s: the rest was canceled")
    return "\n".join([line, *notes])


def _answers(outcome: Outcome) -> str:
    return " ".join(f"{count}×{status}" for status, count in outcome.attacker["statuses"].items()) or "none"


def _cell(cell: object, width: int, at: int) -> str:
    if cell is None:
        return f"{'-':>{width}}"
    if isinstance(cell, float | int):
        return f"{cell:>{width}.2f}" if at < 9 or at == 12 else f"{cell:>{width}.0f}"
    return f"{str(cell)[:width]:<{width}}"


def summary(outcomes: list[Outcome]) -> str:
    """How many attacks broke a bound, and which."""
    broken = [outcome.name for outcome in outcomes if outcome.broken]
    summary = f"{len(outcomes)} attacks, {len(broken)} broke a bound"
    return f"{summary}: {', '.join(broken)}" if broken else summary
