"""Actions on vouchers."""

from typing import Any

from tests.conformance import full_vouchers
from tests.conformance.case import (
    Case,
    FieldCase,
    Full,
    Keys,
    NotFor,
    Run,
    has_metadata,
    send_csv,
    send_json,
)  # fmt: skip
from tests.server import Api

PATH = "/v1/vouchers/{key}"
EXISTS = "Voucher with code TWICE already exists"
NEW = {"new": 1}


def make_vouchers(api: Api, keys: Keys) -> None:
    rows = [{"code": key, "gift": {"amount": 1}, "metadata": {"old": key}} for key in keys]
    api.ended(api.import_json(rows))


def _gift(code: str) -> dict[str, Any]:
    return {"code": code, "type": "GIFT_VOUCHER", "gift": {"amount": 500}}


def _wrong(reason: str, **more: Any) -> Run:
    failures = [{"code": "BAD", "reason": reason}]
    return Run(body=[{**_gift("BAD"), **more}], done=0, failures=failures, shows={"/v1/vouchers/BAD": None})


def _line(code: str, value: str = "5") -> dict[str, str]:
    return {"Code": code, "Voucher Type": "GIFT_VOUCHER", "Value": value}


def _change(code: Any, metadata: Any = NEW) -> dict[str, Any]:
    return {"code": code, "metadata": metadata}


def _changes(*codes: Any) -> dict[str, Any]:
    return {"codes": list(codes), "metadata": NEW}


def _define_unit(api: Api) -> None:
    api.define_schema("voucher", {"unit": {"type": "number", "optional": True, "eq": [1, 2]}})


def _not_found(code: str) -> dict[str, Any]:
    return {
        "message": "Resource not found",
        "details": f"Cannot find voucher with id {code}",
        "key": "not_found",
        "code": code,
    }


_GOLDEN_CODES = ("PROMO-CODE31", "PROMO-CODE21", "GIFT-CARD-100-1")
_GOLDEN_REASON = "unit: must be a number, must be equal to one of 1,2 (actual value is 'EUR')"
_BULK = {"done_count": 3, "failed_count": 0, "errors": []}

CASES = {
    "VOUCHERS.IMPORT": Case(
        path="/v1/vouchers/import",
        send=send_json,
        before=lambda api, keys: None,
        body=lambda keys: [_gift(key) for key in keys],
        is_done=lambda api, key: api.get(PATH.format(key=key))["gift"]["amount"] == 500,
        golden=Run(
            before=_define_unit,
            body=[{**_gift(code), "metadata": {"unit": "EUR"}} for code in _GOLDEN_CODES],
            done=0,
            failures=[{"code": code, "reason": _GOLDEN_REASON} for code in _GOLDEN_CODES],
            result={
                "message": "0 voucher(s) imported successfully, 3 failed.",
                "failed": [{"code": code, "reason": _GOLDEN_REASON} for code in _GOLDEN_CODES],
                "done_count": 0,
                "failed_count": 3,
            },
        ),
        empty=Run(body=[], done=0),
        bad_row=Run(
            body=[_gift("A"), {"code": "BAD", "type": "GIFT_VOUCHER"}, _gift("B")],
            done=2,
            failures=[{"code": "BAD", "reason": "gift is required"}],
            shows={"/v1/vouchers/A": {"code": "A"}, "/v1/vouchers/B": {"code": "B"}, "/v1/vouchers/BAD": None},
        ),
        twice_in_one=Run(
            body=[_gift("TWICE"), {**_gift("TWICE"), "gift": {"amount": 6}}],
            done=1,
            failures=[{"code": "TWICE", "reason": EXISTS}],
            shows={"/v1/vouchers/TWICE": {"gift": {"amount": 500}}},
        ),
        twice_in_two=Run(body=[_gift("TWICE")], times=2, done=0, failures=[{"code": "TWICE", "reason": EXISTS}]),
        missing_target=NotFor("a row makes what it names"),
        foreign_target=NotFor("a row names nothing else"),
        full=(
            Full(
                rows=(*full_vouchers.discounts(), full_vouchers.gift(), full_vouchers.loyalty()),
                get=PATH,
                key="code",
                wrap=lambda row: [row],
                refuses={
                    "balance that the rest contradicts": _wrong(
                        "gift.balance: must be 400, as the other numbers say (actual value is '3')",
                        gift={"amount": 500, "subtracted_amount": 100, "balance": 3},
                    ),
                    "effect that there is not": _wrong(
                        "gift.effect: must be one of APPLY_TO_ORDER, APPLY_TO_ITEMS (actual value is 'ADD')",
                        gift={"amount": 500, "effect": "ADD"},
                    ),
                    "day that there is not": _wrong(
                        "validity_day_of_week: must be an array of whole numbers from 0 (Sunday) to 6"
                        " (actual value is '[7]')",
                        validity_day_of_week=[7],
                    ),
                },
            ),
        ),
    ),
    "VOUCHERS.IMPORT_CSV": Case(
        path="/v1/vouchers/importCSV",
        send=send_csv,
        before=lambda api, keys: None,
        body=lambda keys: [_line(key) for key in keys],
        is_done=lambda api, key: api.get(PATH.format(key=key))["gift"]["amount"] == 500,
        golden=Run(
            body=[{"Code": "FALL2023", "Value": "1"}, {"Code": "FALL2024", "Value": "1"}],
            done=0,
            failures=[
                {"code": "FALL2023", "row": 1, "reason": "Voucher Type is required"},
                {"code": "FALL2024", "row": 2, "reason": "Voucher Type is required"},
            ],
            result={
                "message": "0 voucher(s) imported successfully, 2 failed.",
                "failed": [
                    {"code": "FALL2023", "row": 1, "reason": "Voucher Type is required"},
                    {"code": "FALL2024", "row": 2, "reason": "Voucher Type is required"},
                ],
                "done_count": 0,
                "failed_count": 2,
            },
        ),
        empty=Run(body=[], done=0),
        bad_row=Run(
            body=[_line("A"), _line("BAD", "ten"), _line("B")],
            done=2,
            failures=[{"code": "BAD", "row": 2, "reason": "Value: must be a number (actual value is 'ten')"}],
            shows={"/v1/vouchers/A": {"code": "A"}, "/v1/vouchers/B": {"code": "B"}, "/v1/vouchers/BAD": None},
        ),
        twice_in_one=Run(
            body=[_line("TWICE"), _line("TWICE", "6")],
            done=2,
            shows={"/v1/vouchers/TWICE": {"gift": {"amount": 600}}, "/v1/vouchers": {"total": 1}},
        ),
        twice_in_two=Run(body=[_line("TWICE")], times=2, done=1, shows={"/v1/vouchers": {"total": 1}}),
        missing_target=NotFor("a row makes what it names"),
        foreign_target=NotFor("a row names nothing else"),
        full=(
            Full(
                rows=full_vouchers.CSV_ROWS,
                get=PATH,
                key="Code",
                wrap=lambda row: [row],
                ignores={"webhooks_enable": "events tell of actions, not of single vouchers"},
            ),
        ),
    ),
    "VOUCHERS.BULK_UPDATE": Case(
        path="/v1/vouchers/bulk/async",
        send=send_json,
        before=make_vouchers,
        body=lambda keys: [_change(key) for key in keys],
        is_done=has_metadata(PATH, **NEW),
        golden=Run(
            before=lambda api: make_vouchers(api, ["A", "B", "C"]),
            body=[_change("A"), _change("B"), _change("C")],
            done=3,
            result=_BULK,
            shows={"/v1/vouchers/A": {"metadata": {"old": "A", "new": 1}}},
        ),
        empty=Run(body=None, done=0),
        bad_row=Run(
            before=lambda api: make_vouchers(api, ["A", "B", "BAD"]),
            body=[_change("A"), _change("BAD", []), _change("B")],
            done=2,
            failures=[
                {
                    "message": "Invalid payload",
                    "details": "metadata: must be an object (actual value is '[]')",
                    "key": "invalid_voucher",
                    "code": "BAD",
                }
            ],
        ),
        twice_in_one=Run(
            before=lambda api: make_vouchers(api, ["TWICE"]),
            body=[_change("TWICE"), _change("TWICE", {"new": 2})],
            done=2,
            shows={"/v1/vouchers/TWICE": {"metadata": {"old": "TWICE", "new": 2}}},
        ),
        twice_in_two=Run(before=lambda api: make_vouchers(api, ["TWICE"]), body=[_change("TWICE")], times=2, done=1),
        missing_target=Run(
            before=lambda api: make_vouchers(api, ["A", "B"]),
            body=[_change("A"), _change("NOBODY"), _change("B")],
            done=2,
            failures=[_not_found("NOBODY")],
            shows={"/v1/vouchers/NOBODY": None},
        ),
        foreign_target=lambda other: Run(body=[_change("THEIRS")], done=0, failures=[_not_found("THEIRS")]),
        full=(
            Full(
                before=lambda api: make_vouchers(api, ["FULL"]),
                rows=(
                    {"code": FieldCase("FULL", "code"), "metadata": FieldCase({"a": {"b": [None, True]}}, "metadata")},
                ),
                get=PATH,
                key="code",
                wrap=lambda row: [row],
            ),
        ),
    ),
    "VOUCHERS.METADATA_UPDATE": Case(
        path="/v1/vouchers/metadata/async",
        send=send_json,
        before=make_vouchers,
        body=lambda keys: _changes(*keys),
        is_done=has_metadata(PATH, **NEW),
        golden=Run(
            before=lambda api: make_vouchers(api, ["A", "B", "C"]),
            body=_changes("A", "B", "C"),
            done=3,
            result=_BULK,
            shows={"/v1/vouchers/A": {"metadata": {"old": "A", "new": 1}}},
        ),
        empty=Run(body=_changes(), done=0),
        bad_row=Run(
            before=lambda api: make_vouchers(api, ["A", "B"]),
            body=_changes("A", 5, "B"),
            done=2,
            failures=[
                {
                    "message": "Invalid payload",
                    "details": "code: must be a string (actual value is '5')",
                    "key": "invalid_voucher",
                    "code": "5",
                }
            ],
        ),
        twice_in_one=Run(before=lambda api: make_vouchers(api, ["TWICE"]), body=_changes("TWICE", "TWICE"), done=2),
        twice_in_two=Run(before=lambda api: make_vouchers(api, ["TWICE"]), body=_changes("TWICE"), times=2, done=1),
        missing_target=Run(
            before=lambda api: make_vouchers(api, ["A"]),
            body=_changes("NOBODY", "A"),
            done=1,
            failures=[_not_found("NOBODY")],
            shows={"/v1/vouchers/NOBODY": None},
        ),
        foreign_target=lambda other: Run(body=_changes("THEIRS"), done=0, failures=[_not_found("THEIRS")]),
        full=(
            Full(
                before=lambda api: make_vouchers(api, ["FULL"]),
                rows=({"codes": FieldCase(["FULL"], "code", "FULL"), "metadata": FieldCase({"a": 1}, "metadata")},),
                get=PATH,
                key="codes",
                wrap=lambda row: row,
            ),
        ),
    ),
}
