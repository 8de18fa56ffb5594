"""A project with something in it of each kind that the pages show."""

from dataclasses import dataclass
from pathlib import Path

from tests.server import Api

EXAMPLES = Path(__file__).parents[2] / "examples"
SUPPLIER = EXAMPLES / "3-supplier-vouchers.csv"


@dataclass(frozen=True)
class Project:
    """The ids of its tasks."""

    mixed: str
    retried: str
    dry: str
    empty: str
    objects: str


def fill(api: Api) -> Project:
    """Import, retry, try and purge, and wait for it."""
    mixed = send(api, SUPPLIER.name, SUPPLIER.read_text())
    api.ended(mixed)
    retried = api.http.post(f"/v1/async-actions/{mixed}/retry").json()["async_action_id"]
    dry = send(api, "1-gift-vouchers.csv", (EXAMPLES / "1-gift-vouchers.csv").read_text(), dry_run="true")
    empty = send(api, "empty.csv", "Code,Voucher Type\n")
    objects = api.import_json([{"code": "OBJECT", "gift": {"amount": "ten"}}, {"code": "FINE", "gift": {"amount": 1}}])
    project = Project(mixed, retried, dry, empty, objects)
    for action_id in (retried, dry, empty, objects):
        api.ended(action_id)
    return project


def send(api: Api, name: str, content: str, *, path: str = "/v1/vouchers/importCSV", **submission_options: str) -> str:
    """Send a file of this name; returns the task's id."""
    answer = api.http.post(path, files={"file": (name, content)}, params=submission_options)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["async_action_id"])
