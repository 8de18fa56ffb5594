"""The list of actions: any page and filter of many against the first page of few."""

import time
from datetime import datetime
from statistics import median
from typing import Any
from urllib.parse import urlencode

from benchmarks.lab import Lab
from benchmarks.report import Figures
from benchmarks.server import Bench
from tallykeep.db.queries import queries

_sql = queries(__package__, "lists.sql")

_ROUTE = "/v1/async-actions"
_REQUESTS = 40
_DEEP = 10  # pages behind the first, to which the cursor leads


def slowest(lab: Lab) -> Figures:
    """Each way to ask for a page, the median of some; the slowest one counts."""
    bench = lab.bench
    _put_actions(bench, lab.size.few_actions)
    first = _milliseconds(bench, {})
    _put_actions(bench, lab.size.actions)
    known = _parameters(bench)
    pages = _pages(bench, lab.size.actions)
    taken = {name: _milliseconds(bench, query) for name, query in pages.items() if _served(name, known)}
    missing = [name for name in pages if not _served(name, known)]
    if "cursor" in known:
        taken["cursor"] = _milliseconds(bench, _behind_pages(bench))
    else:
        missing.append("cursor")
    bench.database.empty()
    each = ", ".join(f"{name} {value:.1f}" for name, value in taken.items())
    note = f"{lab.size.actions:,} against {lab.size.few_actions:,} actions; ms: {each}"
    return Figures(max(taken.values()), first, "ms", note=note + (f"; not there: {', '.join(missing)}" * bool(missing)))


def _pages(bench: Bench, actions: int) -> dict[str, dict[str, Any]]:
    """Queries by the filter that they are about; the types and statuses are the frequent and the rare ones."""
    middle, oldest = (_created_at(bench, actions // 2), _created_at(bench, 20))
    return {
        "first page": {},
        "end_date middle": {"end_date": middle},
        "end_date oldest": {"end_date": oldest},
        "start_date": {"start_date": middle},
        "type": {"type": "VOUCHERS.IMPORT_CSV"},
        "type rare": {"type": "ORDERS.IMPORT"},
        "type unused": {"type": "SKUS.IMPORT_CSV"},
        "status": {"status": "DONE"},
        "status rare": {"status": "FAILED"},
        "status unused": {"status": "IN_PROGRESS"},
        "parent_id": {"parent_id": f"aa_{1:018x}"},
        "type rare, status": {"type": "ORDERS.IMPORT", "status": "DONE", "end_date": middle},
    }


def _served(name: str, known: set[str]) -> bool:
    """Whether the server knows every filter that the name of a query begins its parts with."""
    filters = {part.split()[0] for part in name.split(", ")} - {"first", "page"}
    return filters <= known


def _parameters(bench: Bench) -> set[str]:
    operation = bench.request("GET", "/openapi.json")["paths"][_ROUTE]["get"]
    return {parameter["name"] for parameter in operation.get("parameters", [])}


def _behind_pages(bench: Bench) -> dict[str, Any]:
    """What asks for the page some way behind the first: the cursor that the answers give."""
    query: dict[str, Any] = {"limit": 100}
    for _ in range(_DEEP):
        answer = bench.request("GET", f"{_ROUTE}?{urlencode(query)}")
        query = {"limit": 100, "cursor": next(value for name, value in answer.items() if "cursor" in name)}
    return query | {"limit": 10}


def _created_at(bench: Bench, number: int) -> str:
    created_at = bench.database.one(_sql.created_at, number=number)
    assert isinstance(created_at, datetime)
    return created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _put_actions(bench: Bench, actions: int) -> None:
    bench.database.empty()
    bench.database.execute(_sql.put_actions, actions=actions)
    bench.database.settle("async_actions")


def _milliseconds(bench: Bench, query: dict[str, Any]) -> float:
    path = f"{_ROUTE}?{urlencode(query)}"
    taken = []
    for _ in range(_REQUESTS):
        started = time.perf_counter()
        bench.request("GET", path)
        taken.append(time.perf_counter() - started)
    return median(taken) * 1_000
