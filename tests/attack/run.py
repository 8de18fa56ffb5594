"""One attack from its preparation to its verdict."""

import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.attack.attack import Attack
from tests.attack.lab import Lab
from tests.attack.memory import Held, watched
from tests.attack.wire import Shot

_AFTERWARDS = 1.0  # seconds that the bystander looks on at least, when the attack is over
_BRIEFLY_AFTERWARDS = 0.4  # where the attack is shortened, too
_SETTLE = 30.0  # seconds for what the attack has left behind, before it is canceled
_CANCELED = 60.0
_MAX_HELD = 1500.0  # MiB
_MAX_WAITED = 120.0  # for processes of ours


@dataclass(frozen=True, slots=True)
class Bounds:
    """What has to hold, in seconds and MiB."""

    get: float = 0.5
    own_get: float = 1  # under the attacker's own key, which shares all that it has with the attack
    imported: float = 2
    health: float = 1
    answered: float = 1  # times what the attack says
    accepted: float = 4e-6  # for each row of a file, beyond that
    memory: float = 40
    workbook: float = 150  # of the process that reads one, which has its own limit and ends with it
    spooled: float = 100  # a workbook, as it came


@dataclass
class Outcome:
    """What one attack did; `broken` are the bounds that it broke, in words."""

    name: str
    sends: str
    attacker: dict[str, Any]
    bystander: dict[str, Any]
    memory: dict[str, float] = field(default_factory=dict)  # MiB over rest
    children: int = 0
    unnamed: float = 0
    actions: int = 0
    batches: int = 0
    rows: int = 0
    worked_off: float = 0  # seconds from the beginning until all actions had ended
    canceled: bool = False
    renewed: bool = False
    broken: list[str] = field(default_factory=list)

    def worst(self, *names: str) -> float:
        """The slowest of these kinds of asking."""
        return max((seen["worst"] for name, seen in self.bystander["seen"].items() if name in names), default=0)


def attacked(lab: Lab, attack: Attack, bounds: Bounds, *, scale_of_time: float = 1) -> Outcome:
    """Run one attack and judge it."""
    renewed = lab.renew()
    since = lab.books.now()
    shots = attack.plan(lab)
    with _bystander(lab) as seen, watched(lab.server) as held:
        began = time.monotonic()
        fired = _fired(lab, shots, attack.seconds * scale_of_time, held)
        left = attack.seconds * scale_of_time - (time.monotonic() - began)
        ended = lab.books.all_ended(max(left, _AFTERWARDS))
        time.sleep(max(_AFTERWARDS * scale_of_time, _BRIEFLY_AFTERWARDS))
    ended = ended or lab.books.all_ended(_SETTLE * scale_of_time)
    worked_off = time.monotonic() - began
    if not ended:
        _cancel(lab)
        lab.books.all_ended(_CANCELED)
    actions, batches = lab.books.count(since)
    outcome = Outcome(
        attack.name, attack.sends, fired, seen, _over_rest(lab, held), held.children, round(held.unnamed, 1), actions,
        batches, lab.books.rows(since), round(worked_off, 1), not ended, renewed,
    )  # fmt: skip
    outcome.broken = [*_broken(attack, outcome, bounds), *_books(lab, since, fired)]
    return outcome


def _fired(lab: Lab, shots: list[Shot], seconds: float, held: Held) -> dict[str, Any]:
    """What the attacker was told; who takes all memory is stopped, so that the machine goes on."""
    with tempfile.TemporaryFile() as plan:
        pickle.dump({"address": lab.address, "shots": shots, "seconds": seconds}, plan)
        plan.seek(0)
        attacker = subprocess.Popen([sys.executable, "-m", "tests.attack.attacker"], stdin=plan, stdout=subprocess.PIPE)
    deadline, stopped = time.monotonic() + seconds + _MAX_WAITED, False
    try:
        while True:
            try:
                fired, _ = attacker.communicate(timeout=0.05)
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise
                if not stopped and max((*held.resident.values(), held.unnamed), default=0) > _MAX_HELD:
                    attacker.terminate()
                    stopped = True
            else:
                return dict(json.loads(fired))
    finally:
        attacker.kill()
        attacker.wait()


@contextmanager
def _bystander(lab: Lab) -> Iterator[dict[str, Any]]:
    """Somebody who works while the context lasts; what was seen is in the dictionary afterwards."""
    projects = {"other": lab.other.headers, "same": lab.mine.headers}
    plan = {"address": [lab.address.host, lab.address.port], "projects": projects}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.attack.bystander"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    seen: dict[str, Any] = {}
    assert process.stdin and process.stdout
    try:
        process.stdin.write(json.dumps(plan) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        yield seen
        output, _ = process.communicate(timeout=_MAX_WAITED)
        seen |= json.loads(output)
    finally:
        process.kill()
        process.wait()


def _cancel(lab: Lab) -> None:
    """End what is left: its tally has to be exact all the same."""
    for project in (lab.mine, lab.other):
        project.http.post("/v1/async-actions/cancel", params={"status": "ENQUEUED,IN_PROGRESS"})


def _over_rest(lab: Lab, held: Held) -> dict[str, float]:
    """MiB over rest by process; a child that is there only now is held against its role's size at rest."""
    rest = lab.rest.resident
    return {name: round(size - rest.get(name, rest.get(name.removeprefix("child of "), 0)), 1)
            for name, size in held.resident.items()}  # fmt: skip


def _broken(attack: Attack, outcome: Outcome, bounds: Bounds) -> Iterator[str]:
    seen = outcome.bystander["seen"]
    for name, names, bound in (
        ("GET", ("get other", "list other"), bounds.get),
        ("GET, same key", ("get same", "list same"), bounds.own_get),
        ("import", ("import other",), bounds.imported),
        ("import, same key", () if attack.delays_own_imports else ("import same",), bounds.imported),
        ("livez", ("livez",), bounds.health),
        ("readyz", ("readyz",), bounds.health),
    ):
        worst = outcome.worst(*names)
        if worst > bound:
            yield f"{name} took {worst:.2f} s"
        broken = [text for name in names for text in (*seen[name]["broken"], *_refusals(name, seen[name]))]
        if broken:
            yield f"{name} got {broken[0][:160]}"
    slowest = outcome.attacker["slowest"]
    if slowest > attack.answered * bounds.answered + outcome.rows * bounds.accepted:
        late = outcome.attacker["unanswered"]
        yield f"the attacker waited {slowest:.1f} s for an answer" + (f", {late} times in vain" if late else "")
    for name, over in outcome.memory.items():
        if over > (bounds.workbook if name == "child of api" else bounds.memory):
            yield f"{name} grew by {over:.0f} MiB"
    if outcome.unnamed > bounds.spooled:
        yield f"{outcome.unnamed:.0f} MiB in temporary files"


def _refusals(name: str, seen: dict[str, Any]) -> list[str]:
    """Refusals that count: who shares the attacker's key may be told to come later, nobody else."""
    return [] if name.endswith(" same") else list(seen["refused"])


def _books(lab: Lab, since: Any, fired: dict[str, Any]) -> list[str]:
    """What does not add up. An upload whose client has left may be accepted only now, and gets its time to end."""
    deadline = time.monotonic() + _CANCELED
    while unended := lab.books.unended():
        if time.monotonic() > deadline:
            return [f"{unended} actions do not end"]
        _cancel(lab)
        lab.books.all_ended(_CANCELED)
    inexact = lab.books.inexact(since, fired["actions"])
    return [f"{len(inexact)} tallies are not exact: {inexact[0]}"] if inexact else []
