"""What the wizard asks of values, and which wishes come of the answers."""

from typing import Any

import orjson
from starlette.datastructures import FormData

from tallykeep.dashboard.pages.import_wizard.values import constants, further, submission_options_of, translations

_TYPES = ["DISCOUNT_VOUCHER", "GIFT_VOUCHER"]


def _field(title: str, *choices: str, required: bool = False) -> dict[str, Any]:
    return {"title": title, "required": required, "others": [], "choices": list(choices)}


def _seen(**other: Any) -> dict[str, Any]:
    column = {"index": 1, "target": "Voucher Type", "choices": _TYPES, "unknown_values": ["Gutschein", "Karte"]}
    code = {"index": 0, "target": "Code", "choices": [], "unknown_values": []}
    fields = [_field("Code", required=True), _field("Voucher Type", *_TYPES), _field("Value"), _field("Discount Type")]
    seen = {"columns": [code, column], "fields": fields, "needed": [], "values": {}, "defaults": {}}
    return seen | other


def test_texts_that_are_not_understood_keep_their_places_once_they_are() -> None:
    assert [(each.text, each.to) for each in translations(_seen(), FormData())] == [("Gutschein", ""), ("Karte", "")]
    form = FormData([
        ("value-field-0", "Voucher Type"), ("value-text-0", "Gutschein"), ("value-to-0", ""),
        ("value-field-1", "Voucher Type"), ("value-text-1", "Karte"), ("value-to-1", "GIFT_VOUCHER"),
    ])  # fmt: skip
    assert {name: orjson.loads(value) for name, value in submission_options_of(form).items()} == {
        "values": {"Voucher Type": {"Karte": "GIFT_VOUCHER"}}
    }
    seen = _seen(values={"Voucher Type": {"Karte": "GIFT_VOUCHER"}})
    seen["columns"][1]["unknown_values"] = ["Gutschein"]
    shown = [(each.text, each.to) for each in translations(seen, form)]
    assert shown == [("Gutschein", ""), ("Karte", "GIFT_VOUCHER")]


def test_what_rows_fail_for_want_of_is_asked_for_but_never_the_key() -> None:
    needed = [{"title": "Code", "choices": [], "rows": 2}, {"title": "Discount Type", "choices": [], "rows": 2}]
    shown = constants(_seen(needed=needed), FormData())
    assert [(each.field, each.to, each.rows) for each in shown] == [("Discount Type", "", 2)]
    assert further(_seen(needed=needed), shown) == ["Value"]
    form = FormData([("default-field-0", "Discount Type"), ("default-to-0", "PERCENT"), ("default-add", "Value")])
    assert {name: orjson.loads(value) for name, value in submission_options_of(form).items()} == {
        "defaults": {"Discount Type": "PERCENT"}
    }
    shown = constants(_seen(defaults={"Discount Type": "PERCENT"}), form)
    assert [(each.field, each.to) for each in shown] == [("Discount Type", "PERCENT"), ("Value", "")]


def test_nothing_answered_is_nothing_wished() -> None:
    form = FormData([("value-field-0", "Voucher Type"), ("value-text-0", "x"), ("value-to-0", ""), ("default-add", "")])
    assert submission_options_of(form) == {}
