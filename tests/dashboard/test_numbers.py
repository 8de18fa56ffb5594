"""Numbers typed into the dashboard's forms."""

from decimal import Decimal
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallykeep.dashboard.kit.api_client import RefusedError
from tallykeep.dashboard.kit.numbers import number_of
from tests.dashboard.browser import Browser
from tests.server import Api


@given(st.integers(-(10**12), 10**12), st.integers(0, 5))
@example(5000, 0)
@example(5000, 3)
def test_every_number_in_english_and_german_is_that_number_or_refused(digits: int, decimals: int) -> None:
    number = Decimal(digits).scaleb(-decimals)
    for text in (f"{number:f}", f"{number:,f}"):
        for spelled in (text, text.translate({ord(","): ".", ord("."): ","})):
            try:
                read = number_of(spelled, "value")
            except RefusedError as refused:
                assert refused.details.startswith("value: may be ")
            else:
                assert read == float(number) or read == number, spelled


@pytest.mark.parametrize("text", ["ten", "1_000", "nan", "inf", "1e5", "", "1.2.3", "9" * 41, "1,25,00"])
def test_what_is_no_number_is_left_to_the_api(text: str) -> None:
    assert number_of(text, "value") == text


def test_forms_ask_what_is_meant(visitor: Browser, api: Api) -> None:
    form = visitor.get("/campaigns/new")
    fields = {"name": "Fall", "worth": "amount", "value": "10", "pattern": "F-####"}
    for field, label in (("value", "How much"), ("limit", "May be redeemed"), ("vouchers_count", "How many codes")):
        form = visitor.send(form, "/campaigns", **{**fields, field: "5.000"})
        assert form.status_code == 422
        text = unescape(form.text)
        assert f"{label}" in text
        assert "may be 5000 or 5.000, write it as 5000 or as 5, not «5.000»" in text
        assert 'value="5.000"' in form.text
    assert api.get("/v1/campaigns")["total"] == 0
    page = visitor.send(form, "/campaigns", **{**fields, "value": "12345,67", "limit": "1 000"})
    (campaign,) = api.get("/v1/campaigns")["campaigns"]
    assert campaign["voucher"]["discount"]["amount_off"] == 1234567
    assert campaign["voucher"]["redemption"] == {"quantity": 1000}
    path = f"/campaigns/{campaign['id']}"
    assert 'name="value" value="12345.67"' in page.text
    unclear = visitor.send(page, f"{path}/generate", count="5.000")
    assert "may be 5000 or 5.000" in unclear.text
    assert 'name="count" value="5.000"' in unclear.text
    assert api.get("/v1/vouchers")["total"] == 0
    assert "may be 1250 or 1.250" in visitor.send(page, f"{path}/update", value="1.250").text
    choices = {"resource": "customer", "key": "Tier", "type": "number", "choices": "1.250"}
    assert "may be 1250 or 1.250" in visitor.send(visitor.get("/metadata"), "/metadata/define", **choices).text
