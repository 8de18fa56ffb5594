"""Actions on customers."""

from typing import Any

from tests.conformance.case import Case, FieldCase, Full, Keys, NotFor, Run, has_metadata, made, send_csv, send_json
from tests.server import Api

PATH = "/v1/customers/{key}"
NEW = {"new": 1}
_ADDRESS = {
    "line_1": "100 Main St", "line_2": "Blg 2, Apt 3", "postal_code": "12345", "city": "New York", "state": "NY",
    "country": "United States",
}  # fmt: skip
FULL = {
    "source_id": FieldCase("FULL", "source_id"),
    "name": FieldCase("John Smith", "name"),
    "description": FieldCase("A good customer.", "description"),
    "email": FieldCase("john@example.com", "email"),
    "phone": FieldCase("+1 (989) 123-4632", "phone"),
    "birthdate": FieldCase("2022-07-03", "birthdate"),
    "address": FieldCase(_ADDRESS, "address"),
    "metadata": FieldCase({"lang": "en", "brands": ["Nike", "Reebok"]}, "metadata"),
}


def make_customers(api: Api, keys: Keys) -> None:
    made(api, "/v1/customers", *({"source_id": key, "name": "Before", "metadata": {"old": key}} for key in keys))


def _line(key: str, **more: str) -> dict[str, str]:
    return {"Source_id": key, "Name": "John", **more}


def _change(key: Any, **more: Any) -> dict[str, Any]:
    return {"source_id": key, "name": "After", "metadata": NEW, **more}


def _changes(*keys: Any) -> dict[str, Any]:
    return {"source_ids": list(keys), "metadata": NEW}


def _error(key: str | None, details: str) -> dict[str, Any]:
    return {"message": "Invalid payload", "details": details, "key": "invalid_customer", "source_id": key}


def _define_channel(api: Api) -> None:
    channels = {"type": "string", "optional": False, "eq": ["Facebook", "Twitter", "Website"]}
    api.define_schema("customer", {"acquisition_channel": channels})


def _golden_failure(key: str, row: int, value: str) -> dict[str, Any]:
    reason = (
        "acquisition_channel: must be a string, property is required, must be equal to one of Facebook,Twitter,Website"
        f" (actual value is '{value}')"
    )
    return {"source_id": key, "row": row, "reason": reason}


_GOLDEN_FAILURES = [_golden_failure("test-user@example.com", 1, "snap"), _golden_failure("", 2, "insta")]
_UNKNOWN = "Cannot find customer with id cust_nobody"

CASES = {
    "CUSTOMERS.IMPORT_CSV": Case(
        path="/v1/customers/importCSV",
        send=send_csv,
        before=lambda api, keys: None,
        body=lambda keys: [_line(key) for key in keys],
        is_done=lambda api, key: api.get(PATH.format(key=key))["name"] == "John",
        golden=Run(
            before=_define_channel,
            body=[
                {"Source_id": "test-user@example.com", "acquisition_channel": "snap"},
                {"Source_id": "", "acquisition_channel": "insta"},
            ],
            done=0,
            failures=_GOLDEN_FAILURES,
            result={
                "message": "0 customer(s) imported successfully, 2 failed.",
                "failed": _GOLDEN_FAILURES,
                "done_count": 0,
                "failed_count": 2,
            },
        ),
        empty=Run(body=[], done=0),
        bad_row=Run(
            body=[_line("A"), _line("BAD", Birthdate="yesterday"), _line("B")],
            done=2,
            failures=[
                {
                    "source_id": "BAD",
                    "row": 2,
                    "reason": "Birthdate: must be a date like 2022-09-26 or 2022-09-26T13:00:00Z"
                    " (actual value is 'yesterday')",
                }
            ],
            shows={"/v1/customers/A": {"name": "John"}, "/v1/customers/B": {}, "/v1/customers/BAD": None},
        ),
        twice_in_one=Run(
            body=[_line("TWICE", City="Here"), _line("TWICE", Name="Jane")],
            done=2,
            shows={
                "/v1/customers/TWICE": {"name": "Jane", "address": {"city": "Here"}},
                "/v1/customers": {"total": 1},
            },
        ),
        twice_in_two=Run(body=[_line("TWICE")], times=2, done=1, shows={"/v1/customers": {"total": 1}}),
        missing_target=Run(
            before=lambda api: make_customers(api, ["S"]),
            body=[{"Id": "cust_nobody", "Source_id": ""}, {"Id": "cust_4712", "Source_id": "S", "Name": "Lost"}],
            done=0,
            failures=[
                {"source_id": "cust_nobody", "row": 1, "reason": _UNKNOWN},
                {
                    "source_id": "S",
                    "row": 2,
                    "reason": "id: is not the one of source_id S (actual value is 'cust_4712')",
                },
            ],
            shows={"/v1/customers": {"total": 1}, "/v1/customers/S": {"name": "Before"}},
        ),
        foreign_target=lambda other: Run(
            body=[{"Id": _id(other), "Name": "Mine"}],
            done=0,
            failures=[{"source_id": _id(other), "row": 1, "reason": f"Cannot find customer with id {_id(other)}"}],
            shows={"/v1/customers": {"total": 0}},
        ),
        full=(
            Full(
                rows=(
                    {
                        "Id": FieldCase("cust_4711", "id"),
                        "Source_id": FieldCase("FULL", "source_id"),
                        "Name": FieldCase("John Smith", "name"),
                        "Email": FieldCase("john@example.com", "email"),
                        "Phone": FieldCase("+1 (989) 123-4632", "phone"),
                        "Description": FieldCase("A good, a very good customer.", "description"),
                        "Birthdate": FieldCase("2022-07-03", "birthdate"),
                        "Address_line_1": FieldCase("100 Main St", "address.line_1"),
                        "Address_line_2": FieldCase("Blg 2", "address.line_2"),
                        "Address_Postal_Code": FieldCase("12345", "address.postal_code"),
                        "Address_City": FieldCase("New York", "address.city"),
                        "Address_State": FieldCase("NY", "address.state"),
                        "Address_Country": FieldCase("United States", "address.country"),
                        "favorite_brands": FieldCase("Nike,Fenty", "metadata.favorite_brands"),
                        "CRM_created_date": FieldCase("2022-05-18T10:00:00.000Z", "metadata.CRM_created_date"),
                    },
                    {
                        "Source_id": FieldCase("SHORT", "source_id"),
                        "Birthday": FieldCase("2022-07-03", "birthdate"),
                        "Postal_Code": FieldCase("12345", "address.postal_code"),
                        "City": FieldCase("New York", "address.city"),
                        "State": FieldCase("NY", "address.state"),
                        "Country": FieldCase("United States", "address.country"),
                    },
                ),
                get=PATH,
                key="Source_id",
                wrap=lambda row: [row],
                refuses={
                    "two columns for one field": Run(
                        body=[_line("BAD", City="Here", Address_City="There")],
                        done=0,
                        failures=[
                            {
                                "source_id": "BAD",
                                "row": 1,
                                "reason": "Address_City: differs from another column of the same meaning"
                                " (actual value is 'There')",
                            }
                        ],
                    )
                },
            ),
        ),
    ),
    "CUSTOMERS.BULK_UPDATE": Case(
        path="/v1/customers/bulk/async",
        send=send_json,
        before=make_customers,
        body=lambda keys: [_change(key) for key in keys],
        is_done=has_metadata(PATH, **NEW),
        golden=Run(
            before=lambda api: make_customers(api, ["A", "B", "C"]),
            body=[_change("A"), _change("B"), _change("C")],
            done=3,
            result={"done_count": 3, "failed_count": 0, "errors": []},
            shows={"/v1/customers/A": {"name": "After", "metadata": {"old": "A", "new": 1}}},
        ),
        empty=Run(body=None, done=0),
        bad_row=Run(
            body=[_change("A"), _change("BAD", email=5), _change("B")],
            done=2,
            failures=[_error("BAD", "email: must be a string (actual value is '5')")],
            shows={"/v1/customers/B": {"name": "After"}, "/v1/customers/BAD": None},
        ),
        twice_in_one=Run(
            body=[_change("TWICE", email="a@b"), _change("TWICE", name="Last")],
            done=2,
            shows={"/v1/customers/TWICE": {"name": "Last", "email": "a@b"}, "/v1/customers": {"total": 1}},
        ),
        twice_in_two=Run(body=[_change("TWICE")], times=2, done=1, shows={"/v1/customers": {"total": 1}}),
        missing_target=Run(body=[_change("NOBODY")], done=1, shows={"/v1/customers/NOBODY": {"name": "After"}}),
        foreign_target=lambda other: Run(
            body=[{"id": _id(other), "name": "Mine"}],
            done=0,
            failures=[
                {
                    "message": "Resource not found",
                    "details": f"Cannot find customer with id {_id(other)}",
                    "key": "not_found",
                    "source_id": _id(other),
                }
            ],
            shows={"/v1/customers": {"total": 0}},
        ),
        full=(
            Full(
                rows=(
                    FULL,
                    {"source_id": FieldCase("OLD", "source_id"), "birthday": FieldCase("1990-02-03", "birthdate")},
                ),
                get=PATH,
                key="source_id",
                wrap=lambda row: [row],
                refuses={
                    "source_id that is no text": Run(
                        body=[_change([])],
                        done=0,
                        failures=[_error(None, "source_id: must be a string (actual value is '[]')")],
                        shows={"/v1/customers": {"total": 0}},
                    ),
                    "birthday beside another birthdate": Run(
                        body=[_change("BAD", birthday="1990-02-03", birthdate="1990-02-04")],
                        done=0,
                        failures=[_error("BAD", "birthday: differs from birthdate (actual value is '1990-02-03')")],
                    ),
                },
            ),
        ),
    ),
    "CUSTOMERS.METADATA_UPDATE": Case(
        path="/v1/customers/metadata/async",
        send=send_json,
        before=make_customers,
        body=lambda keys: _changes(*keys),
        is_done=has_metadata(PATH, **NEW),
        golden=Run(
            before=lambda api: make_customers(api, ["A", "B", "C"]),
            body=_changes("A", "B", "C"),
            done=3,
            result={"done_count": 3, "failed_count": 0, "errors": []},
            shows={"/v1/customers/A": {"name": "Before", "metadata": {"old": "A", "new": 1}}},
        ),
        empty=Run(body=_changes(), done=0),
        bad_row=Run(
            before=lambda api: make_customers(api, ["A", "B"]),
            body=_changes("A", "", "B"),
            done=2,
            failures=[
                {
                    "message": "Invalid payload",
                    "details": "source_ids: must not hold empty keys",
                    "key": "invalid_customer",
                }
            ],
            shows={"/v1/customers": {"total": 2}},
        ),
        twice_in_one=Run(body=_changes("TWICE", "TWICE"), done=2, shows={"/v1/customers": {"total": 1}}),
        twice_in_two=Run(body=_changes("TWICE"), times=2, done=1, shows={"/v1/customers": {"total": 1}}),
        missing_target=Run(body=_changes("NOBODY"), done=1, shows={"/v1/customers/NOBODY": {"metadata": NEW}}),
        foreign_target=NotFor("a source_id that is only theirs is made anew here; the same keys are run beside them"),
        full=(
            Full(
                rows=(
                    {
                        "source_ids": FieldCase(["FULL"], "source_id", "FULL"),
                        "metadata": FieldCase({"a": [1]}, "metadata"),
                    },
                ),
                get=PATH,
                key="source_ids",
                wrap=lambda row: row,
            ),
        ),
    ),
}


def _id(api: Api) -> str:
    return str(api.get("/v1/customers/THEIRS")["id"])
