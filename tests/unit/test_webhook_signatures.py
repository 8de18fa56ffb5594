"""Signatures of events, held to others' code; and the code of the documents that checks them."""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import InvalidToken
from standardwebhooks import Webhook, WebhookVerificationError

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.engine.webhooks.deliverer import retry_delay
from tallykeep.engine.webhooks.events import event_body, event_names
from tallykeep.engine.webhooks.signing import Seal, new_secret, signature_headers

PAGE = Path(__file__).parents[2] / "docs/webhooks.md"
BODY = '{"id":"evt_1","data":{"reason":"zażółć"}}'.encode()


def now() -> int:
    return int(datetime.now(UTC).timestamp())


def test_the_example_of_the_standard_is_signed_as_it_says() -> None:
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = signature_headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["x-voucherify-signature"] == hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_while_a_secret_is_changed_both_are_valid() -> None:
    new, old, other = new_secret(), new_secret(), new_secret()
    headers = signature_headers([new, old], "evt_1", now(), BODY)
    for secret in (new, old):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, headers)


def _verifiers() -> dict[str, Any]:
    """The functions of the page's Python code."""
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    return names


@pytest.mark.parametrize("name", ["is_ours", "is_ours_by_hand", "is_ours_as_voucherify_signs"])
def test_the_code_of_the_page_takes_what_is_ours_and_nothing_else(name: str) -> None:
    is_ours, secret = _verifiers()[name], new_secret()
    headers = signature_headers([secret, new_secret()], "evt_1", now(), BODY)
    assert is_ours(secret, headers, BODY)
    assert not is_ours(new_secret(), headers, BODY)
    assert not is_ours(secret, headers, BODY + b" ")
    assert not is_ours(secret, {}, BODY)
    if name != "is_ours_as_voucherify_signs":
        assert not is_ours(secret, headers | {"webhook-id": "evt_2"}, BODY)
        old = signature_headers([secret], "evt_1", now() - 3600, BODY)
        assert not is_ours(secret, old, BODY)


def test_a_sealed_secret_is_of_no_use_without_the_installations() -> None:
    secret = new_secret()
    sealed = Seal(b"1" * 32).close(secret)
    assert secret.encode() not in sealed
    assert Seal(b"1" * 32).open(sealed) == secret
    with pytest.raises(InvalidToken):
        Seal(b"2" * 32).open(sealed)


def test_every_action_type_has_its_events() -> None:
    names = event_names(ACTION_TYPES)
    assert names[:3] == ["async_action.started", "async_action.failures_exceeded", "async_action.ended"]
    assert "async_action.vouchers.import_csv.ended" in names
    assert len(names) == len(set(names)) == 3 * (len(ACTION_TYPES) + 1)


def test_a_body_is_the_same_each_time_and_bounded() -> None:
    delivery = {
        "event_id": "evt_1", "event": "async_action.ended", "project": "proj_1", "data": {"reason": "x" * 1000},
        "created_at": datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
    }  # fmt: skip
    body = event_body(delivery)
    assert body == event_body(dict(reversed(delivery.items())))
    assert body.startswith(
        b'{"id":"evt_1","object":"event","type":"async_action.ended","timestamp":"2026-01-02T03:04:05.678Z"'
    )


def test_attempts_come_later_each_time_over_three_days() -> None:
    spans = [[retry_delay(attempt) for _ in range(200)] for attempt in range(1, 40)]
    for attempt, delays in enumerate(spans, 1):
        middle = min(timedelta(seconds=5) * 2 ** (attempt - 1), timedelta(hours=6))
        assert middle * 0.75 <= min(delays) < max(delays) <= middle * 1.25
    total, attempts = timedelta(), 0
    while total < timedelta(days=3):
        attempts += 1
        total += min(timedelta(seconds=5) * 2 ** (attempts - 1), timedelta(hours=6))
    assert attempts == 24
