"""Whoever asks, and whatever: no defect, no answer that the document does not describe, and none that is forbidden."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.callers import CALLERS, assert_refused
from tests.fuzz.run import Effort, fuzz
from tests.fuzz.served import Served, served

# Who may do everything gets furthest; `make fuzz` is for the rest.
EXAMPLES = dict.fromkeys(CALLERS, 1) | {"admin": 2}


@pytest.fixture(scope="module")
def server(session_dir: Path, postgres: str, template: str) -> Iterator[Served]:
    with served(session_dir / "fuzz", postgres, template) as running:
        yield running


@pytest.mark.parametrize("name", CALLERS)
def test_answers_are_as_the_document_says(server: Served, name: str) -> None:
    caller, project = server.caller(name)
    findings = fuzz(server.url, server.document, caller.headers, project, Effort(EXAMPLES[name]))
    assert not findings.failures, "\n\n".join(findings.failures.values())
    for path, operations in server.document["paths"].items():
        for method, operation in operations.items():
            label = f"{method.upper()} {path}"
            assert findings.statuses[label], f"{label} was not tried"
            assert_refused(caller, operation, findings.statuses[label], label)
