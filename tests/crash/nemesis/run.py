"""One run: start, load, strike, let everything end, audit."""

import json
import os
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tallykeep.tenants.projects import Keys
from tests.crash.conftest import KEYS
from tests.crash.nemesis import clocks
from tests.crash.nemesis.audit import audit_all
from tests.crash.nemesis.faults import LEASE_SECONDS, SILENCE_SECONDS, WEBHOOK_SETTINGS, Nemesis
from tests.crash.nemesis.ledger import BATCH_ROWS, Counts, Ledger
from tests.crash.nemesis.load import CAMPAIGN, Client, Throttle
from tests.crash.nemesis.relay import Lost, Relay
from tests.crash.webhooks import all_are_delivered, make_webhook
from tests.receiver import Receiver, receiving
from tests.server import Api, Server, new_project

# Clients by their projects: the last two share one, and its keys.
PROJECTS = {"p0": ["c0"], "p1": ["c1"], "p2": ["c2", "c3"]}
_ENDING_SECONDS = 300
# Of each webhook some requests are refused, so that events come again.
_ANSWERS = [*([200] * 10 + [503]) * 3, 200]
# Beyond what a clock that was set back lets a repeat wait, and well within the days for which an event is sent again.
_ALL_IS_DUE = "+3600s"


@dataclass(frozen=True)
class Plan:
    """How hard a run is."""

    seed: int
    kills: int
    rows: int
    batch_attempts: int = 3


def run(plan: Plan, directory: Path, cluster: Path | None = None) -> dict[str, Any]:
    """Run the plan on a server of its own, which begins with the cluster where one is given; returns the figures."""
    started = time.monotonic()
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    variables = {
        "TALLYKEEP_BATCH_ROWS": str(BATCH_ROWS),
        "TALLYKEEP_BATCH_ATTEMPTS": str(plan.batch_attempts),
        "TALLYKEEP_RESCUE_AFTER_SECONDS": "1",
        "TALLYKEEP_LEASE_SECONDS": str(LEASE_SECONDS),
        "TALLYKEEP_WORKER_SILENCE_SECONDS": str(SILENCE_SECONDS),
        **WEBHOOK_SETTINGS,
    }
    server = Server(directory, cwd=directory, cluster=cluster, **clocks.faked(variables), **KEYS).start()
    relay = Relay(int(server.url.rpartition(":")[2]), plan.seed).start()
    try:
        with receiving() as receiver:
            figures = _strike(plan, server, relay, receiver)
    finally:
        relay.stop()
        server.stop() if server.running else None
        clocks.sweep()
    return {**figures, "seconds": round(time.monotonic() - started, 1)}


def _strike(plan: Plan, server: Server, relay: Relay, receiver: Receiver) -> dict[str, Any]:
    nemesis = Nemesis(server, relay, plan.seed, plan.batch_attempts)
    counts = Counts()
    throttle = Throttle(plan.rows, plan.kills, counts)
    projects = {name: _project(server, nemesis.url, receiver, name) for name in PROJECTS}
    clients = [
        Client(Api(relay.url, keys), ledger, name, plan.seed, counts, throttle)
        for project, (keys, ledger) in projects.items()
        for name in PROJECTS[project]
    ]
    for client in clients:
        if not client.ledger.entries:
            client.prepare()
    try:
        for client in clients:
            client.start()
        for _ in range(plan.kills):
            nemesis.strike()
            throttle.fault_is_through()
            while throttle.is_behind and any(client.is_alive() for client in clients):
                time.sleep(0.02)
        slowest = _until_all_have_ended(nemesis, clients)
        _until_all_are_delivered(nemesis)
    finally:
        nemesis.second.kill()
    owners = [(Api(server.url, keys), ledger) for keys, ledger in projects.values()]
    requests = receiver.all()
    audit = audit_all(nemesis.url, owners, counts.refusals, relay.lost, requests)
    return {
        "seed": plan.seed,
        "faults": dict(sorted(nemesis.done.items())),
        "clocks": "stepped" if clocks.library() else "left alone, as libfaketime is not installed",
        "submissions": counts.submissions,
        "rows": counts.rows,
        "rows that ended as": dict(audit.rows),
        "answers that did not come or told nothing": counts.unclear,
        "accepted in the dark": _in_the_dark(relay.lost),
        "submissions told again by their key": counts.replayed,
        "submissions in the dark that had been accepted": audit.in_the_dark_but_there,
        "values that several submissions wrote": audit.shared,
        "cancels": counts.cancels,
        "canceled": audit.canceled,
        "events": audit.events,
        "events that came again": len(requests) - audit.events,
        "seconds until all had ended after the last fault": slowest,
        "violations": dict(audit.violations),
        "examples": audit.examples,
    }


def _in_the_dark(lost: list[Lost]) -> dict[str, int]:
    """How often a submission was accepted and its client was not told."""
    actions = {answer.action_id: answer for answer in lost}.values()
    return {
        "with an Idempotency-Key": sum(answer.key is not None for answer in actions),
        "without one": sum(answer.key is None for answer in actions),
        "the API killed at that moment": sum(answer.killed for answer in lost),
    }


def _project(server: Server, url: str, receiver: Receiver, name: str) -> tuple[Keys, Ledger]:
    keys = new_project(url, name)
    api = Api(server.url, keys)
    receiver.answers[f"/{name}"] = list(_ANSWERS)
    make_webhook(api, f"{receiver.url}/{name}")
    body = {"name": CAMPAIGN, "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}}
    assert api.http.post("/v1/campaigns", json=body).status_code == 200
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT project_id FROM projects WHERE id = %s", (keys.project,)).fetchone()
    assert row
    return keys, Ledger(row[0], name)


def _until_all_have_ended(nemesis: Nemesis, clients: list[Client]) -> float:
    """Wait for the clients, then for every action; whatever has not ended then never will."""
    nemesis.server.wait_ready()
    started = time.monotonic()
    for client in clients:
        while client.is_alive():
            nemesis.second.keep()
            client.join(0.5)
        if client.crash:
            raise client.crash
    deadline = time.monotonic() + _ENDING_SECONDS
    with closing(psycopg.connect(nemesis.url, autocommit=True)) as connection:
        while time.monotonic() < deadline:
            sql = "SELECT count(*) FROM async_actions WHERE status IN ('ENQUEUED', 'IN_PROGRESS')"
            if connection.execute(sql).fetchone() == (0,):
                break
            time.sleep(0.1)
    return round(time.monotonic() - started, 1)


def _until_all_are_delivered(nemesis: Nemesis) -> None:
    """Wait for what webhooks are still to be sent; its time may be put off by a clock that was set back."""
    if clocks.library() is not None:
        clocks.set_clock(nemesis.server.directory / "data" / "postgres", _ALL_IS_DUE)
    nemesis.second.keep()
    all_are_delivered(nemesis.url)  # what is not, is a lost event


def as_text(figures: dict[str, Any]) -> str:
    """The figures as a table."""
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += [f"{name}:", *(f"    {part:<46}{count:>12,}" for part, count in value.items())]
        elif isinstance(value, list):
            lines += [f"    {example}" for example in value]
        else:
            lines.append(f"{name:<50}{value:>12}" if isinstance(value, str) else f"{name:<50}{value:>12,}")
    return "\n".join(lines)


def is_clean(figures: dict[str, Any]) -> bool:
    """Whether nothing at all was violated."""
    return not any(figures["violations"].values())


def report(figures: dict[str, Any], out: Path | None) -> int:
    """Show the figures and keep them as JSON where wanted; returns the exit code."""
    print(as_text(figures))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(figures, indent=2) + os.linesep)
    return 0 if is_clean(figures) else 1
