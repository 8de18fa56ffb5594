"""The captured example that the project began with comes out to the letter."""

from tests.server import Api

REASON = "unit: must be a number, property is required (actual value is 'EUR')"
FIELDS = {"id", "type", "status", "created_at", "updated_at", "request_id", "progress", "object"}


def _rows() -> list[dict[str, object]]:
    return [
        {"code": code, "type": "GIFT_VOUCHER", "gift": {"amount": 10000}, "metadata": {"unit": "EUR"}}
        for code in ("CODE9", "CODE8", "CODE7")
    ]


def test_rows_that_break_the_metadata_schema_fail_with_the_captured_reasons(api: Api) -> None:
    api.define_schema("voucher", {"unit": {"type": "number", "optional": False}})
    action = api.ended(api.import_json(_rows()))
    assert action["status"] == "DONE"
    assert action["operation_status"] == "SUCCESS"
    assert action["result"] == {
        "message": "0 voucher(s) imported successfully, 3 failed.",
        "failed": [{"code": code, "reason": REASON} for code in ("CODE9", "CODE8", "CODE7")],
        "done_count": 0,
        "failed_count": 3,
    }
    assert FIELDS | {"result", "processing_time"} <= action.keys()
    assert action["progress"] == 100
    assert action["id"].startswith("aa_")
    assert action["request_id"].startswith("v-")
    assert api.get("/v1/vouchers")["total"] == 0


def test_the_list_shows_the_captured_fields_newest_first(api: Api) -> None:
    first, second = api.import_json(_rows()), api.import_json(_rows())
    api.ended(second)
    api.ended(first)
    page = api.get("/v1/async-actions")
    assert page["object"] == "list"
    assert page["data_ref"] == "async_actions"
    assert page["has_more"] is False
    assert [action["id"] for action in page["async_actions"]] == [second, first]
    for action in page["async_actions"]:
        assert action.keys() >= FIELDS | {"operation_status"}
        assert not {"result", "processing_time"} & action.keys()
        assert (action["status"], action["progress"], action["object"]) == ("DONE", 100, "async_action")
