"""Clocks: what is decided by time is decided by the database's, never by a host's."""

import ast
from collections.abc import Iterator
from pathlib import Path

import tallykeep

SOURCES = Path(tallykeep.__file__).parent
# Calls that tell the time of day by this host's clock. A monotonic one measures how long something took in one process.
HOST_CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "time.localtime",
    "time.gmtime", "time.strftime", "time.ctime",
}  # fmt: skip
# Where one is read all the same: nothing is decided by it.
SHOWN_OR_COMPARED = {
    ("core/ids.py", "_first_number"): "ids grow with time; two that do not are as good",
    ("cli/kit/phrases.py", "ago"): "shown to who sits at this host",
    ("cli/commands/doctor.py", "_clock"): "tells how far the clocks are apart",
    ("api/routes/server/status.py", "get_status"): "tells the host's time",
    ("api/routes/server/status.py", "_database"): "tells how far the clocks are apart",
    ("dashboard/kit/labels.py", "seconds"): "shown",
}


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _readings(tree: ast.AST, function: str = "") -> Iterator[tuple[str, str]]:
    """The function around each reading of a host's clock, and the reading."""
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(node, ast.Attribute) and any(_name(node).endswith(clock) for clock in HOST_CLOCKS):
            yield inside, _name(node)
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from ((inside, f"time.{each.name}") for each in node.names if f"time.{each.name}" in HOST_CLOCKS)
        yield from _readings(node, inside)


def readings_in(source: str) -> list[tuple[str, str]]:
    return list(_readings(ast.parse(source)))


def test_a_reading_of_the_hosts_clock_is_found_however_it_is_written() -> None:
    for line in (
        "datetime.now(UTC)", "datetime.datetime.now()", "time.time()", "field(default_factory=time.time)",
        "from time import time", "dt.datetime.utcnow()",
    ):  # fmt: skip
        assert readings_in(f"import x\ndef judge():\n    {line}\n"), line
    for line in ("time.monotonic()", "time.perf_counter()", "moment.now", "loop.time()"):
        assert not readings_in(f"def judge():\n    {line}\n"), line


def test_no_hosts_clock_decides_anything() -> None:
    calls = {
        (str(path.relative_to(SOURCES)), function): call
        for path in sorted(SOURCES.rglob("*.py"))
        for function, call in readings_in(path.read_text())
    }
    assert not {function: call for function, call in calls.items() if function not in SHOWN_OR_COMPARED}
    assert set(SHOWN_OR_COMPARED) == set(calls), "no clock is read there any more"
