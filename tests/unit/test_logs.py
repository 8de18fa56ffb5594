"""What is taken out of logs, and what stays in so that they are of use."""

import asyncio
import json
import logging
import sys
import threading

import psycopg
import pytest
import structlog

from tallykeep.core.errors import InvalidPayloadError, NotTriedError, UnreadableActionError
from tallykeep.core.logs import configuring
from tallykeep.core.logs.failures import described, reason_in_log
from tallykeep.core.logs.redaction import REDACTED, redact, route_in_log, without_secrets
from tests.postgres import quiet_settings

MARK = "m4rk3d"


@pytest.mark.parametrize(
    "text",
    [
        f"X-App-Token: {MARK}", f"x-management-token={MARK}", f"{{'authorization': 'Bearer {MARK}'}}",
        f"(b'cookie', b'tallykeep_session=1.{MARK}; theme={MARK}')", f"Authorization: Basic {MARK}==", f"whsec_{MARK}",
        f"GET /v1/reports/{MARK}.sig HTTP/1.1", f"https://example.com/hook?token={MARK}&a={MARK} failed",
        f"/tasks?q={MARK} x", f"postgresql://me:{MARK}@db.example.com/x", f'"client_secret": "{MARK}"',
        f"future: <Task finished coro=<x()> exception=UniqueViolation('Key ({MARK})')>", f"tallykeep_session=1.{MARK}",
    ],
)  # fmt: skip
def test_secrets_are_taken_out_of_texts(text: str) -> None:
    assert MARK not in without_secrets(text)
    assert REDACTED in without_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "worker is ready",
        "Is it alive?",
        "the role api ended: exit code 1",
        "/v1/vouchers/import",
        "connection to server at 10.0.0.1, port 5432 failed: Connection refused",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert without_secrets(text) == text


def test_secrets_are_taken_out_by_the_names_of_fields() -> None:
    assert redact(None, "info", {"event": "x", "app_token": MARK, "token": MARK, "tries": 3}) == {
        "event": "x", "app_token": REDACTED, "token": REDACTED, "tries": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"invalid literal: '{MARK}'"), KeyError(MARK), InvalidPayloadError(MARK), psycopg.DataError(MARK),
        UnreadableActionError(MARK), psycopg.errors.InternalError_(MARK), ExceptionGroup(MARK, [ValueError(MARK)]),
    ],
)  # fmt: skip
def test_texts_of_errors_that_may_hold_values_are_left_out(error: Exception) -> None:
    try:
        raise RuntimeError(MARK) from error
    except RuntimeError as raised:
        text = described((RuntimeError, raised, raised.__traceback__))
    assert MARK not in text + reason_in_log(error)
    assert type(error).__name__ in text
    assert "test_texts_of_errors_that_may_hold_values_are_left_out" in text, "where it was is said"
    assert text.index(type(error).__name__) < text.index("RuntimeError:"), "the cause comes first"


def test_texts_of_errors_that_hold_no_values_stay() -> None:
    for error, text in (
        (psycopg.OperationalError("connection refused\nIs it running?"), "connection refused"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (NotTriedError("no process could be started"), "no process could be started"),
        (TimeoutError(), "TimeoutError"),
    ):
        assert reason_in_log(error) == text


def test_routes_are_shown_by_their_templates() -> None:
    class Route:
        path = "/v1/customers/{id}"

    assert route_in_log({"path": f"/v1/customers/{MARK}", "route": Route}) == Route.path
    assert route_in_log({"path": f"/v1/customers/{MARK}/x"}) == "/v1/customers"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_loggers_of_libraries_are_held_to_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    for module, hook in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, hook, getattr(module, hook))  # set back in the end
    before = logging.root.handlers[:], logging.root.level
    try:
        configuring.configure(quiet_settings(log_format=log_format))

        async def fail() -> None:
            raise ValueError(MARK)

        async def scenario() -> None:
            task = asyncio.create_task(fail(), name="nobody waits")
            await asyncio.wait([task])
            del task

        asyncio.run(scenario())
        try:
            raise KeyError(MARK)
        except KeyError:
            logging.getLogger("any").exception("it failed for x-app-token: %s", MARK)
        said = capsys.readouterr().err
    finally:
        logging.root.handlers[:], level = before
        logging.root.setLevel(level)
        structlog.reset_defaults()
    assert MARK not in said
    assert "never retrieved" in said
    assert said.count("KeyError:") == 1
    if log_format == "json":
        assert [json.loads(line)["level"] for line in said.splitlines()] == ["error", "error"]
