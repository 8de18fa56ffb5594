"""The permanent deletion of a customer, with as many rows about them as there are keys."""

from typing import Any

import httpx

from tests.conformance.case import Case, Keys, NotFor, Refused, Run, send_csv, shown
from tests.server import Api

PERSON = "PERSON"
_PATH = f"/v1/customers/{PERSON}"
_NOT_THERE = "Cannot find customer with id"


def _make(api: Api, keys: Keys) -> None:
    rows = [{"Source_id": PERSON, "Name": key} for key in keys]
    answer = send_csv(api, "/v1/customers/importCSV", rows)
    assert answer.status_code == 202, answer.text
    api.ended(answer.json()["async_action_id"])


def _make_bare(api: Api) -> None:
    assert api.http.post("/v1/customers", json={"source_id": PERSON}).status_code == 200


def _without_body(api: Api, path: str, _: Any) -> httpx.Response:
    return api.http.post(path)


def _is_gone(api: Api, _: str) -> bool:
    """Seen without an export, which would leave an entry in the audit log."""
    imports = api.get("/v1/async-actions", type="CUSTOMERS.IMPORT_CSV")["async_actions"]
    files = [api.http.get(f"/v1/async-actions/{each['id']}/file").text for each in imports]
    return shown(api, _PATH) is None and bool(files) and not any(PERSON in file for file in files)


def _id(api: Api) -> str:
    return str(api.get(_PATH)["id"])


CASES = {
    "CUSTOMERS.PERMANENT_DELETION": Case(
        path="/v1/customers/{target}/permanent-deletion",
        target=PERSON,
        send=_without_body,
        before=_make,
        body=lambda keys: None,
        is_done=_is_gone,
        golden=Run(
            before=lambda api: _make(api, ["A", "B"]),
            body=None,
            done=2,
            result={"message": "Erased 2 record(s) of a customer.", "done_count": 2},
            shows={_PATH: None},
        ),
        empty=Run(before=_make_bare, body=None, done=0, shows={_PATH: None}),
        bad_row=NotFor("it has no rows"),
        twice_in_one=NotFor("it names one customer, in its path"),
        twice_in_two=Refused(before=_make_bare, body=None, times=2, code=404, key="not_found", words=_NOT_THERE),
        missing_target=Refused(target="nobody", body=None, code=404, key="not_found", words=f"{_NOT_THERE} nobody"),
        foreign_target=lambda other: Refused(target=_id(other), body=None, code=404, key="not_found", words=_NOT_THERE),
        full=NotFor("it has no body"),
    ),
}
