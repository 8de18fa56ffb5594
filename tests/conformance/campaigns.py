"""What is done to campaigns, and through them to their vouchers."""

import re
from typing import Any

from tests.conformance import full_vouchers
from tests.conformance.case import Case, FieldCase, Full, FullRow, Keys, NotFor, Refused, Run, made, send_csv
from tests.server import Api

PATH = "/v1/vouchers/{key}"
LOST = {"target": "Nothing", "code": 404, "key": "not_found", "words": "Cannot find campaign with id Nothing"}
_TYPES = {"gift": "GIFT_VOUCHER", "loyalty_card": "LOYALTY_CARD", "discount": "DISCOUNT_VOUCHER"}


def make_campaign(api: Api, name: str = "Fall", **voucher: Any) -> None:
    (worth,) = voucher.keys() & _TYPES.keys() or ("gift",)
    template = {"gift": {"amount": 1000}} if worth == "gift" and not voucher else voucher
    campaign = {
        "name": name,
        "start_date": "2022-01-01",
        "metadata": {"old": 1},
        "voucher": {"type": _TYPES[worth], "code_config": {"prefix": "F-"}, **template},
    }
    made(api, "/v1/campaigns", campaign)


def make_campaigns(api: Api, keys: Keys) -> None:
    made(
        api,
        "/v1/campaigns",
        *({"name": key, "voucher": {"gift": {"amount": 1}}, "metadata": {"old": key}} for key in keys),
    )


def _make_nearly_full(api: Api) -> None:
    """A campaign whose codes can be X and Y, of which X is taken."""
    make_campaign(api, gift={"amount": 1}, code_config={"pattern": "#", "charset": "XY"})
    api.ended(api.import_json([{"code": "X", "gift": {"amount": 1}}]))


def _make_full(api: Api, keys: Keys) -> None:
    """A campaign with vouchers of these codes."""
    make_campaign(api)
    answer = api.http.post("/v1/campaigns/Fall/import", json=[{"code": key} for key in keys])
    api.ended(answer.json()["async_action_id"])


def _make_partly_redeemed(api: Api) -> None:
    _make_full(api, ["A"])
    rows = [{"Code": "REDEEMED", "Redeemed Quantity": "1"}]
    api.ended(send_csv(api, "/v1/campaigns/Fall/importCSV", rows).json()["async_action_id"])


def define_unit(api: Api) -> None:
    make_campaign(api)
    api.define_schema("voucher", {"unit": {"type": "number", "optional": False}})


def not_theirs(other: Api, body: Any) -> Refused:
    campaign_id = other.get("/v1/campaigns/Fall")["id"]
    return Refused(body=body, target=campaign_id, code=404, key="not_found", words=campaign_id)


UNIT = "unit: must be a number, property is required (actual value is 'EUR')"
_TAKEN = "All 2 codes that the code_config allows are taken; make it allow more (length, charset or pattern)"
_UPDATED: FullRow = {
    "start_date": FieldCase("2022-09-20", "start_date", "2022-09-20T00:00:00.000Z"),
    "expiration_date": FieldCase("2030-09-30", "expiration_date", "2030-09-30T00:00:00.000Z"),
    "validity_timeframe": FieldCase({"duration": "PT1H", "interval": "P2D"}, "validity_timeframe"),
    "validity_day_of_week": FieldCase([0, 6], "validity_day_of_week"),
    "validity_hours": FieldCase(
        {"daily": [{"start_time": "12:00", "days_of_week": [1], "expiration_time": "14:00"}]}, "validity_hours"
    ),
    "description": FieldCase("New description", "description"),
    "category": FieldCase("New", "category"),
    "metadata": FieldCase({"season": "Fall"}, "metadata"),
    "unset_metadata_fields": FieldCase(["old"], "metadata.old", None),
    "activity_duration_after_publishing": FieldCase("P24D", "activity_duration_after_publishing"),
    "join_once": FieldCase(True, "join_once"),
    "auto_join": FieldCase(True, "auto_join"),
    "type": FieldCase("STATIC", "type"),
}


def _not_supported(name: str, value: Any, words: str = "not supported") -> Refused:
    return Refused(
        before=make_campaign, body={name: value}, code=400, key="invalid_campaign_params", words=f"{name}: {words}"
    )


_AREAS = {"areas_ids": ["lar_1"], "area_stores_ids": ["ars_1"], "area_all_stores_ids": ["lar_2"]}
_UPDATE_REFUSES = {
    "category_id": _not_supported("category_id", "cat_0b688929a2476386a7", "no category of this project has this id"),
    "access_settings": _not_supported("access_settings", {"assign": _AREAS, "unassign": _AREAS}),
    "referral_program": _not_supported("referral_program", {"conversion_event_type": "redemption"}),
    "loyalty_tiers_expiration": _not_supported("loyalty_tiers_expiration", {"qualification_type": "BALANCE"}),
    "options": _not_supported("options", {"recalculate_tiers": True}),
    "discount of another type": _not_supported(
        "discount", full_vouchers.AMOUNT, "the vouchers of this campaign are GIFT_VOUCHER"
    ),
}


CASES = {
    "CAMPAIGN.VOUCHERS_GENERATE": Case(
        path="/v1/campaigns/{target}/vouchers",
        target="Fall",
        send=lambda api, path, body: api.http.post(path, params={"vouchers_count": body[0]}, json=body[1]),
        before=lambda api, keys: make_campaign(api),
        body=lambda keys: (max(len(keys), 2), {}),
        is_done=lambda api, key: api.get("/v1/campaigns/Fall")["vouchers_count"] > 1,
        golden=Run(
            before=make_campaign,
            body=(2, {}),
            done=2,
            result={"message": "Generated 2 vouchers.", "done_count": 2},
            shows={"/v1/campaigns/Fall": {"vouchers_count": 2, "vouchers_generation_status": "DONE"}},
        ),
        empty=Refused(before=make_campaign, body=(0, {}), code=400, key="invalid_query_params", words="vouchers_count"),
        bad_row=Run(
            before=_make_nearly_full,
            body=(2, {}),
            done=1,
            failures=[{"row": 2, "key": None, "reason": _TAKEN}],
            shows={"/v1/campaigns/Fall": {"vouchers_count": 1}, "/v1/vouchers/Y": {"campaign": "Fall"}},
        ),
        twice_in_one=NotFor("codes are made, none is named"),
        twice_in_two=Run(
            before=make_campaign, body=(2, {}), times=2, done=2, shows={"/v1/campaigns/Fall": {"vouchers_count": 4}}
        ),
        missing_target=Refused(body=(2, {}), **LOST),
        foreign_target=lambda other: not_theirs(other, (2, {})),
        full=(
            Full(
                before=make_campaign,
                rows=(
                    {
                        "code_config": FieldCase(
                            {"pattern": "G-##", "prefix": "X-", "postfix": "-Y", "charset": "78", "length": 9},
                            "vouchers.0.code",
                            re.compile("X-G-[78]{2}-Y"),
                        ),
                        "category": FieldCase("New", "vouchers.0.category"),
                        "metadata": FieldCase({"season": "Fall"}, "vouchers.0.metadata"),
                        "redemption": FieldCase({"quantity": 7}, "vouchers.0.redemption"),
                        "additional_info": FieldCase("secret", "vouchers.0.additional_info"),
                        "start_date": FieldCase("2023-01-01", "vouchers.0.start_date", "2023-01-01T00:00:00.000Z"),
                        "expiration_date": FieldCase(
                            "2030-01-01", "vouchers.0.expiration_date", "2030-01-01T00:00:00.000Z"
                        ),
                    },
                ),
                get="/v1/vouchers?campaign=Fall",
                wrap=lambda row: (2, row),
                refuses={
                    "code": Refused(
                        before=make_campaign, body=(2, {"code": "MINE"}), code=400, key="invalid_payload", words="code:"
                    ),
                    "category that is no text": Refused(
                        before=make_campaign,
                        body=(2, {"category": 5}),
                        code=400,
                        key="invalid_voucher",
                        words="category: must be a string",
                    ),
                    "metadata against the schema": Refused(
                        before=define_unit,
                        body=(2, {"metadata": {"unit": "EUR"}}),
                        code=400,
                        key="invalid_voucher",
                        words=UNIT,
                    ),
                },
                ignores={"code_config.initial_count": "the wire format says that it changes nothing"},
            ),
        ),
    ),
    "CAMPAIGN.VOUCHERS_UPDATE": Case(
        path="/v1/campaigns/{target}",
        target="Fall",
        send=lambda api, path, body: api.http.put(path, json=body),
        before=_make_full,
        body=lambda keys: {"gift": {"amount": 7}},
        is_done=lambda api, key: api.get(PATH.format(key=key))["gift"]["amount"] == 7,
        golden=Run(
            before=lambda api: _make_full(api, ["A"]),
            body={"expiration_date": "2030-01-01", "validity_day_of_week": [1], "gift": {"amount": 7}},
            done=1,
            result={"message": "Updated 1 vouchers.", "done_count": 1},
            shows={
                "/v1/vouchers/A": {
                    "expiration_date": "2030-01-01T00:00:00.000Z",
                    "validity_day_of_week": [1],
                    "gift": {"amount": 7},
                },
                "/v1/campaigns/Fall": {"voucher": {"gift": {"amount": 7}}, "creation_status": "DONE"},
            },
        ),
        empty=Run(before=make_campaign, body={}, done=0),
        bad_row=Run(
            before=_make_partly_redeemed,
            body={"gift": {"amount": 7}},
            done=1,
            shows={"/v1/vouchers/A": {"gift": {"amount": 7}}, "/v1/vouchers/REDEEMED": {"gift": {"amount": 1000}}},
        ),
        twice_in_one=NotFor("it names one campaign, in its path"),
        twice_in_two=Run(before=lambda api: _make_full(api, ["A"]), body={"gift": {"amount": 7}}, times=2, done=1),
        missing_target=Refused(body={}, **LOST),
        foreign_target=lambda other: not_theirs(other, {"gift": {"amount": 7}}),
        full=(
            Full(
                before=make_campaign,
                rows=(
                    _UPDATED
                    | {
                        "gift": FieldCase(
                            {"amount": 7, "effect": "APPLY_TO_ITEMS", "subtracted_amount": 2}, "voucher.gift"
                        )
                    },
                ),
                get="/v1/campaigns/Fall",
                wrap=lambda row: row,
                refuses=_UPDATE_REFUSES,
            ),
            Full(
                before=lambda api: make_campaign(api, discount={"type": "PERCENT", "percent_off": 5}),
                rows=tuple(
                    {"discount": FieldCase(discount, "voucher.discount")} for discount in full_vouchers.DISCOUNTS
                ),
                get="/v1/campaigns/Fall",
                wrap=lambda row: row,
                refuses={
                    "gift.balance": Refused(
                        before=make_campaign,
                        body={"gift": {"amount": 7, "balance": 5}},
                        code=400,
                        key="invalid_campaign_params",
                        words="gift.balance: must be 7",
                    )
                },
            ),
        ),
    ),
    "CAMPAIGN.VOUCHERS_DELETE": Case(
        path="/v1/campaigns/{target}",
        target="Fall",
        send=lambda api, path, body: api.http.delete(path, params=body),
        before=_make_full,
        body=lambda keys: {},
        is_done=lambda api, key: api.http.get(PATH.format(key=key)).status_code == 404,
        golden=Run(
            before=lambda api: _make_full(api, ["A", "B"]),
            body={},
            done=2,
            result={"message": "Deleted 2 vouchers.", "done_count": 2},
            shows={"/v1/campaigns/Fall": None, "/v1/vouchers/A": None, "/v1/trash-bin": {"total": 3}},
        ),
        empty=Run(before=make_campaign, body={}, done=0, shows={"/v1/campaigns/Fall": None}),
        bad_row=NotFor("it takes no rows, and nothing that it deletes can be refused"),
        twice_in_one=NotFor("it names one campaign, in its path"),
        twice_in_two=Refused(before=make_campaign, body={}, times=2, code=404, key="not_found", words="Fall"),
        missing_target=Refused(body={}, **LOST),
        foreign_target=lambda other: not_theirs(other, {}),
        full=(
            Full(
                before=lambda api: _make_full(api, ["A"]),
                rows=({"force": FieldCase("true", "total", 0)},),
                get="/v1/trash-bin",
                wrap=lambda row: row,
            ),
        ),
    ),
}
