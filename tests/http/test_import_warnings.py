"""What a preview warns of: rows that go in, but likely not as meant."""

from typing import Any

import pytest

from tests.http.test_import_preview import previewed, refused
from tests.server import Api


def warnings_of(seen: dict[str, Any]) -> dict[str, int | None]:
    return {warning["type"]: warning["column"] for warning in seen["warnings"]}


FULL = "DISCOUNT_VOUCHER,PERCENT,10"


@pytest.mark.parametrize(
    ("content", "options", "warnings"),
    [
        (f"Code,Voucher Type,Discount Type,Value\nA,{FULL}\n", {}, {}),
        (f"Code,Voucher Type,Discount Type,Value\n4.00638E+12,{FULL}\n", {}, {"scientific_keys": 0}),
        (f"Voucher Type,Discount Type,Value,Coupon\n{FULL},'4,00638E+12'\n".replace("'", '"'), {},
         {"scientific_keys": 3}),
        ("Name,source_id\nShirt,4e+12\n", {"row_type": "products"}, {"scientific_keys": 1}),
        ('[{"code": "4.00638E+12", "type": "GIFT_VOUCHER", "gift": {"amount": 1}}]', {}, {"scientific_keys": 0}),
        (f'Code,Voucher Type,Discount Type,Value\n"=""00123""",{FULL}\n', {}, {"text_formula": 0}),
        ("Source_id,Name,Postal_Code\n7,Ada,'01201\n", {}, {"text_formula": 2}),
        ("Source_id,Name,Postal_Code\n7,Ada,O'Hara\n8,Bo,'tis\n", {}, {}),
        ("Name,Email\nBob,bob@example.test\n", {}, {"no_key": None}),
        ("Source_id,Email\n,bob@example.test\n7,a@example.test\n", {}, {"no_key": 0}),
        ('[{"name": "Ada", "email": "a@example.test"}]', {"row_type": "customers"}, {"no_key": None}),
        ('[{"source_id": "7", "name": "Ada", "email": "a@example.test"}]', {"row_type": "customers"}, {}),
        ("name,price\nShirt,10\n", {"row_type": "products"}, {"no_key": None}),
        ("Name,Contact via,Membership no\nAda,a@example.test,m1\nBo,b@example.test,m2\n", {"row_type": "customers"},
         {"lost_email": 1, "lost_key": 2, "no_key": None}),
        ("Source_id,When,Cell\n7,2026-01-05,+49 30 123456\n8,2026-01-06,+49 30 123457\n",
         {"row_type": "customers", "mapping": "{}"}, {"lost_phone": 2}),
        ("Source_id,Email,Other mail\n7,a@example.test,b@example.test\n", {"row_type": "customers"}, {}),
        ("Source_id,Adress_line_1\n7,Main Street\n", {"row_type": "customers"}, {"by_resemblance": 1}),
        ("Code,Value,Discount Type\nA,10,PERCENT\n", {"row_type": "campaign-vouchers"}, {"ignored_columns": 2}),
        ("source_id,name\nX,Shirt\n", {}, {"unclear_row_type": None}),
        ("Code,Value\nX,5\n", {}, {"unclear_row_type": None}),
        ("Code,Value\nX,5\n", {"row_type": "vouchers"}, {}),
        ("Code,Value\nX,5\n", {"defaults": '{"Voucher Type": "GIFT_VOUCHER"}'}, {}),
        ("a,b\n1,2\n", {}, {"unclear_row_type": None}),
        ("Kundennummer,Vorname,Nachname\n7,Ada,Lerche\n", {"row_type": "customers"}, {"split_name": 1}),
        ("Source_id,Name,First Name,Last Name\n7,Ada Lark,Ada,Lark\n", {"row_type": "customers"}, {}),
        ('[{"source_id": "X", "name": "Shirt"}]', {}, {"unclear_row_type": None}),
        ('[{"source_id": "7", "name": "', {"row_type": "customers", "partial": "true"}, {}),
        ('[{"source_id": "O1", "items": [], "customer": {"source_id": "K1"}}]', {}, {}),
    ],
)  # fmt: skip
def test_what_is_likely_not_as_meant(
    api: Api, content: str, options: dict[str, str], warnings: dict[str, int | None]
) -> None:
    seen = previewed(api, content.encode(), **options)
    assert warnings_of(seen) == warnings
    assert all(warning["message"].endswith(".") for warning in seen["warnings"])


def test_the_first_row_of_a_new_key_creates_and_later_ones_update(api: Api) -> None:
    gift = "GIFT_VOUCHER,5"
    for row_type, content in {
        "vouchers": f"Code,Voucher Type,Value\nA,{gift}\nB,{gift}\nA,{gift}\n",
        "vouchers, dated": "Code,Voucher Type,Value,Start Date\n"
        f"A,{gift},2026-01-01\nB,{gift},2026-01-01\nA,{gift},2026-01-02\n",
        "customers": "Source_id,Name\nA,x\nB,x\nA,y\n",
        "products": "source_id,name\nA,x\nB,x\nA,y\n",
    }.items():
        rows = previewed(api, content.encode(), row_type=row_type.partition(",")[0])["rows"]
        assert [row["outcome"] for row in rows] == ["created", "created", "updated"], row_type


def test_a_mapping_answers_what_resemblance_asks(api: Api) -> None:
    file = b"Source_id,Adress_line_1\n7,Main Street\n"
    assert warnings_of(previewed(api, file, row_type="customers", mapping='{"Adress_line_1": "Address_line_1"}')) == {}


def test_files_that_cannot_be_read_have_no_warnings(api: Api) -> None:
    refused(api, b"", 400, "invalid_payload", "empty")
