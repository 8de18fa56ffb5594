"""Imports into campaigns."""

from typing import Any

from tests.conformance import full_vouchers
from tests.conformance.campaigns import LOST, PATH, UNIT, define_unit, make_campaign, not_theirs
from tests.conformance.case import Case, FieldCase, Full, FullRow, Refused, Run, send_csv, send_json


def _row(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "metadata": {"season": "Fall"}, **more}


def _line(code: str, **more: str) -> dict[str, str]:
    # The columns of the standalone form must not make it fail.
    return {
        "Code": code,
        "Voucher Type": "DISCOUNT_VOUCHER",
        "Discount Type": "",
        "Value": "",
        "Start Date": "",
        **more,
    }


def _in_campaign(row: FullRow, worth: str, shown: Any) -> FullRow:
    """The row as it is shown in a campaign of its own type, whose discount is the campaign's."""
    return row | {worth: FieldCase(row[worth].value, worth, shown)}


_GOLDEN_JSON = [{"code": code, "reason": UNIT} for code in ("CODE9", "CODE8", "CODE7")]
_GOLDEN_CSV = [{"code": "CODE9", "row": 1, "reason": UNIT}]
_COMMON_COLUMNS: FullRow = {
    "Active": FieldCase("FALSE", "active", False),
    "Category": FieldCase("New", "category"),
    "Redeemed Quantity": FieldCase("2", "redemption.redeemed_quantity", 2),
    "Redemption Limit": FieldCase("5", "redemption.quantity", 5),
    "Redeemed Amount": FieldCase("2.5", "redemption.redeemed_amount", 250),
    "Start Date": FieldCase("2023-01-01", "start_date", "2023-01-01T00:00:00.000Z"),
    "Expiration Date": FieldCase("2030-01-01", "expiration_date", "2030-01-01T00:00:00.000Z"),
    "Additional Info": FieldCase("secret", "additional_info"),
    "Region": FieldCase("Europe", "metadata.Region"),
    "Season": FieldCase("Spring", "metadata.Season"),
}
_FROM_THE_CAMPAIGN = dict.fromkeys(
    ("Voucher Type", "Discount Type", "Discount Effect", "Value", "Validation Rule ID"), "the campaign's is taken"
)


CASES = {
    "CAMPAIGN.VOUCHERS_IMPORT": Case(
        path="/v1/campaigns/{target}/import",
        target="Fall",
        send=send_json,
        before=lambda api, keys: make_campaign(api),
        body=lambda keys: [_row(key) for key in keys],
        is_done=lambda api, key: api.get(PATH.format(key=key))["campaign"] == "Fall",
        golden=Run(
            before=define_unit,
            body=[_row(code, metadata={"unit": "EUR"}) for code in ("CODE9", "CODE8", "CODE7")],
            done=0,
            failures=_GOLDEN_JSON,
            result={
                "message": "0 voucher(s) imported successfully, 3 failed.",
                "failed": _GOLDEN_JSON,
                "done_count": 0,
                "failed_count": 3,
            },
        ),
        empty=Run(before=make_campaign, body=[], done=0),
        bad_row=Run(
            before=make_campaign,
            body=[_row("A"), _row("BAD", active="yes"), _row("WORTH", loyalty_card={"points": 1}), _row("B")],
            done=2,
            failures=[
                {"code": "BAD", "reason": "active: must be true or false (actual value is 'yes')"},
                {"code": "WORTH", "reason": "loyalty_card: the vouchers of this campaign are GIFT_VOUCHER"},
            ],
            shows={"/v1/vouchers/A": {"campaign": "Fall"}, "/v1/vouchers/B": {}, "/v1/vouchers/BAD": None},
        ),
        twice_in_one=Refused(
            before=make_campaign,
            body=[_row("TWICE"), _row("ONCE"), _row("TWICE")],
            code=400,
            key="duplicate_key",
            words="Row 3 repeats the code TWICE",
        ),
        twice_in_two=Run(
            before=make_campaign,
            body=[_row("TWICE", category="New")],
            times=2,
            done=1,
            shows={"/v1/campaigns/Fall": {"vouchers_count": 1}},
        ),
        missing_target=Refused(body=[_row("A")], **LOST),
        foreign_target=lambda other: not_theirs(other, [_row("MINE")]),
        full=(
            Full(
                before=lambda api: make_campaign(api, "Gifts", gift={"amount": 1}),
                target="Gifts",
                rows=(full_vouchers.gift(),),
                get=PATH,
                key="code",
                wrap=lambda row: [row],
            ),
            Full(
                before=lambda api: make_campaign(api, "Points", loyalty_card={"points": 1}),
                target="Points",
                rows=(full_vouchers.loyalty(),),
                get=PATH,
                key="code",
                wrap=lambda row: [row],
            ),
            Full(
                before=lambda api: make_campaign(api, "Coupons", discount=full_vouchers.AMOUNT),
                target="Coupons",
                rows=tuple(_in_campaign(row, "discount", full_vouchers.AMOUNT) for row in full_vouchers.discounts()),
                get=PATH,
                key="code",
                wrap=lambda row: [row],
            ),
        ),
    ),
    "CAMPAIGN.VOUCHERS_IMPORT_CSV": Case(
        path="/v1/campaigns/{target}/importCSV",
        target="Fall",
        send=send_csv,
        before=lambda api, keys: make_campaign(api),
        body=lambda keys: [_line(key) for key in keys],
        is_done=lambda api, key: api.get(PATH.format(key=key))["campaign"] == "Fall",
        golden=Run(
            before=define_unit,
            body=[{"Code": "CODE9", "unit": "EUR"}],
            done=0,
            failures=_GOLDEN_CSV,
            result={
                "message": "0 voucher(s) imported successfully, 1 failed.",
                "failed": _GOLDEN_CSV,
                "done_count": 0,
                "failed_count": 1,
            },
        ),
        empty=Run(before=make_campaign, body=[], done=0),
        bad_row=Run(
            before=make_campaign,
            body=[_line("A"), _line("BAD", **{"Gift Amount": "much"}), _line("B"), _line("", Category="None")],
            done=2,
            failures=[
                {"code": "BAD", "row": 2, "reason": "Gift Amount: must be a number (actual value is 'much')"},
                {"code": "", "row": 4, "reason": "code is required"},
            ],
            shows={"/v1/vouchers/A": {"campaign": "Fall"}, "/v1/vouchers/B": {}, "/v1/vouchers/BAD": None},
        ),
        twice_in_one=Run(
            before=make_campaign,
            body=[_line("TWICE", Category="First"), _line("TWICE", Category="Last")],
            done=2,
            shows={"/v1/vouchers/TWICE": {"category": "Last"}, "/v1/campaigns/Fall": {"vouchers_count": 1}},
        ),
        twice_in_two=Run(
            before=make_campaign,
            body=[_line("TWICE")],
            times=2,
            done=1,
            shows={"/v1/campaigns/Fall": {"vouchers_count": 1}},
        ),
        missing_target=Refused(body=[_line("A")], **LOST),
        foreign_target=lambda other: not_theirs(other, [_line("MINE")]),
        full=(
            Full(
                before=lambda api: make_campaign(api, "Gifts", gift={"amount": 1}),
                target="Gifts",
                rows=(
                    {
                        "Code": FieldCase("FULL-GIFT", "code"),
                        "Gift Amount": FieldCase("12.5", "gift.amount", 1250),
                        **_COMMON_COLUMNS,
                    },
                ),
                get=PATH,
                key="Code",
                wrap=lambda row: [row],
                ignores=_FROM_THE_CAMPAIGN,
            ),
            Full(
                before=lambda api: make_campaign(api, "Points", loyalty_card={"points": 1}),
                target="Points",
                rows=(
                    {
                        "Code": FieldCase("FULL-POINTS", "code"),
                        "Loyalty Points": FieldCase("100", "loyalty_card.points", 100),
                        **_COMMON_COLUMNS,
                    },
                ),
                get=PATH,
                key="Code",
                wrap=lambda row: [row],
                refuses={
                    "column without a name": Run(
                        before=make_campaign,
                        body=[_line("BAD", **{"": "lost"})],
                        done=0,
                        failures=[
                            {"code": "BAD", "row": 1, "reason": "column 6 has a value, but no name in the header"}
                        ],
                    ),
                    "worth of another type": Run(
                        before=make_campaign,
                        body=[_line("BAD", **{"Loyalty Points": "1"})],
                        done=0,
                        failures=[
                            {
                                "code": "BAD",
                                "row": 1,
                                "reason": "Loyalty Points: the vouchers of this campaign are GIFT_VOUCHER",
                            }
                        ],
                    ),
                },
            ),
        ),
    ),
}
