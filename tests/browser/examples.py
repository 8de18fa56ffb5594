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
    mixed = _import(api, SUPPLIER.name, SUPPLIER.read_text())
    api.ended(mixed)
    retried = api.http.post(f"/v1/async-actions/{mixed}/retry").json()["async_action_id"]
    dry = _import(api, "1-gift-vouchers.csv", (EXAMPLES / "1-gift-vouchers.csv").read_text(), dry_run="true")
    empty = _import(api, "empty.csv", "Code,Voucher Type\n")
    objects = api.import_json([{"code": "OBJECT", "gift": {"amount": "ten"}}, {"code": "FINE", "gift": {"amount": 1}}])
    project = Project(mixed, retried, dry, empty, objects)
    for action_id in (retried, dry, empty, objects):
        api.ended(action_id)
    return project


def _import(api: Api, name: str, content: str, **wishes: str) -> str:
    answer = api.http.post("/v1/vouchers/importCSV", files={"file": (name, content)}, params=wishes)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["async_action_id"])
