"""What the conformance suite asks of every action type: one dataclass, one field a case."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.server import Api

Keys = list[str]

SAME = object()  # a field is shown as it was sent


class NotFor(str):
    """Why a case makes no sense for a type."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A submission that is accepted, and what comes of it."""

    before: Callable[[Api], Any] = lambda api: None
    body: Any
    times: int = 1  # how often it is submitted; the rest speaks of the last time
    done: int
    failures: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] | None = None  # all of it, but for the link to the report
    shows: dict[str, Any] = field(default_factory=dict)  # what GET shows at a path; None where there is nothing


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A submission that is refused as a whole, so that nothing of it is accepted."""

    before: Callable[[Api], Any] = lambda api: None
    target: str | None = None  # instead of the type's own
    body: Any
    times: int = 1  # the last time is refused
    code: int
    key: str
    words: str


@dataclass(frozen=True)
class FieldCase:
    """One field of a full row: its value, and where GET shows it as what."""

    value: Any
    at: str  # the field in the answer, inner ones behind points
    shown: Any = SAME
    get: str | None = None  # instead of the row's own path


@dataclass(frozen=True)
class IdOf:
    """Stands for the id of what GET shows at a path, which nobody knows beforehand."""

    path: str


FullRow = dict[str, FieldCase]


@dataclass(frozen=True, kw_only=True)
class Full:
    """Rows with every field of the wire format between them, and the path where GET shows each (`{key}` is its key)."""

    rows: tuple[FullRow, ...]
    get: str
    key: str = ""  # the field that holds a row's key
    target: str | None = None  # instead of the type's own
    wrap: Callable[[dict[str, Any]], Any]  # a row as it is sent
    before: Callable[[Api], Any] = lambda api: None
    refuses: dict[str, Run | Refused] = field(default_factory=dict)  # by field, or what is wrong with it
    ignores: dict[str, str] = field(default_factory=dict)  # fields without effect, as docs/compatibility.md tells


@dataclass(frozen=True, kw_only=True)
class Case:
    """One action type. A case that makes no sense for it says why.

    `before` makes what has to be there for a submission about these keys, `body` is the submission, and `is_done` looks
    whether it came true for one key. With them each type is replayed, killed, and run beside another project.
    """

    path: str
    target: str = ""
    send: Callable[[Api, str, Any], httpx.Response]
    before: Callable[[Api, Keys], Any]
    body: Callable[[Keys], Any]
    is_done: Callable[[Api, str], bool]

    golden: Run
    empty: Run | Refused
    bad_row: Run | NotFor
    twice_in_one: Run | Refused | NotFor
    twice_in_two: Run | Refused
    missing_target: Run | Refused | NotFor
    foreign_target: Callable[[Api], Run | Refused] | NotFor  # of the other project, in which `before` and `body` ran
    full: tuple[Full, ...] | NotFor

    def submit(self, api: Api, body: Any, target: str | None = None) -> httpx.Response:
        """Send a submission of this type."""
        return self.send(api, self.path.format(target=self.target if target is None else target), body)

    def start(self, api: Api, body: Any) -> str:
        """Submit, and return the id of the action that was started."""
        answer = self.submit(api, body)
        assert answer.status_code in (200, 202), answer.text
        return str(answer.json().get("async_action_id") or newest(api))


CELLS = (
    "golden",
    "empty",
    "bad_row",
    "twice_in_one",
    "twice_in_two",
    "missing_target",
    "foreign_target",
    "full",
)


def newest(api: Api) -> str:
    """The id of the action that was started last: updating a campaign answers with the campaign instead."""
    return str(api.get("/v1/async-actions", limit=1)["async_actions"][0]["id"])


def send_json(api: Api, path: str, body: Any) -> httpx.Response:
    return api.http.post(path, json=body)


def send_csv(api: Api, path: str, rows: list[dict[str, str]]) -> httpx.Response:
    header = list(dict.fromkeys(name for row in rows for name in row)) or ["Code", "source_id"]
    lines = [",".join(quoted(row.get(name, "")) for name in header) for row in rows]
    return api.http.post(path, files={"file": ("rows.csv", "\n".join([",".join(header), *lines]))})


def quoted(cell: str) -> str:
    return f'"{cell}"' if "," in cell else cell


def made(api: Api, path: str, *bodies: dict[str, Any]) -> None:
    """Make resources one by one."""
    for body in bodies:
        answer = api.http.post(path, json=body)
        assert answer.status_code == 200, answer.text


def shown(api: Api, path: str) -> Any:
    """What GET shows, None where there is nothing."""
    answer = api.http.get(path)
    return None if answer.status_code == 404 else api.get(path)


def has_metadata(path: str, **wanted: Any) -> Callable[[Api, str], bool]:
    """Whether a resource's metadata holds these; a path is filled with the key."""
    return lambda api, key: wanted.items() <= api.get(path.format(key=key))["metadata"].items()
