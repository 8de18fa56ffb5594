"""One run of schemathesis as one caller, by all of its phases and checks."""

import re
from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from tests.fuzz.accepted import is_accepted

# Where webhooks send to, whatever URL was generated: nobody listens there.
_NOWHERE = "http://127.0.0.1:9/"
_REQUEST_SECONDS = 90  # longer than the longest `wait`


@dataclass(frozen=True)
class Effort:
    """How much is tried."""

    examples: int  # of each operation, and of sequences of operations
    seed: int | None = None  # None: the same examples each time
    seconds: int | None = None  # go round until then
    coverage: bool = False  # also every bound and every wrong type of every parameter and field


@dataclass
class Findings:
    """What a run has found: failures by what is wrong with which operation, and all statuses of each operation."""

    failures: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    requests: int = 0

    def note(self, recorder: ScenarioRecorder) -> None:
        """Take over what came of the requests of a scenario."""
        for case_id, interaction in recorder.interactions.items():
            self.requests += 1
            if interaction.response is not None and case_id in recorder.cases:
                label = recorder.cases[case_id].value.operation.label
                self.statuses[label].add(interaction.response.status_code)
        for checks in recorder.checks.values():
            for check in checks:
                if check.failure_info is not None:
                    self._note_failure(check.name, check.failure_info.failure, check.failure_info.code_sample)

    def _note_failure(self, check: str, failure: Failure, command: str) -> None:
        name = f"{failure.operation}: {check}: {failure.title}"
        self.failures.setdefault(name, f"{name}\n{failure.message}\n{command:.2000}")


def fuzz(url: str, document: dict[str, Any], headers: dict[str, str], project: str, effort: Effort) -> Findings:
    """Send what the document makes schemathesis think of, with these headers; `project` is the caller's."""
    schema = schemathesis.openapi.from_dict(deepcopy(document), config=_config(url, headers, project, effort))
    schema.hook("filter_failure")(lambda context, failure, case, response: not is_accepted(failure, case, response))
    findings = Findings()
    for event in from_schema(schema).execute():
        match event:
            case events.ScenarioFinished():
                findings.note(event.recorder)
            case events.NonFatalError():
                findings.failures.setdefault(f"{event.label}: {event.info.title}", f"{event.label}: {event.info}")
            case events.FatalError():
                raise event.exception
    return findings


def _config(url: str, headers: dict[str, str], project: str, effort: Effort) -> schemathesis.Config:
    settings: dict[str, Any] = {
        "base-url": url,
        "headers": headers,
        "request-timeout": _REQUEST_SECONDS,
        "continue-on-failure": True,
        "max-stream-events": 2,
        "cache": {"enabled": False},
        "warnings": False,
        "parameters": {"path.project_id": project},
        "suppress-health-check": ["all"],
        "generation": {
            "max-examples": effort.examples,
            "deterministic": effort.seed is None,
            "database": "none",
            "no-shrink": True,
            # What is shown is up to the caller.
            "with-security-parameters": False,
        },
        "phases": {"coverage": {"enabled": effort.coverage}},
    }
    settings |= {"seed": effort.seed} if effort.seed is not None else {}
    settings |= {"max-time": effort.seconds} if effort.seconds is not None else {}
    return schemathesis.Config.from_dict(settings)


@schemathesis.hook("before_call")
def _send_events_nowhere(context: Any, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    target = case.body.get("target_url") if isinstance(case.body, dict) else None
    if isinstance(target, str) and re.match(r"https?://", target, re.IGNORECASE):
        case.body["target_url"] = _NOWHERE
