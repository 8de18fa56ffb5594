"""Submission options: declared once, and everything else derived from that."""

from dataclasses import fields, make_dataclass
from typing import Any

import pytest

from tallykeep.api.requests import submission_options as requests
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import Submission
from tallykeep.core.errors import InvalidQueryError
from tallykeep.core.options import parsers
from tallykeep.core.options import submission_options as declared
from tallykeep.core.options.declaration import option, options_of
from tallykeep.core.options.submission_options import OPTIONS, OnError, SubmissionOptions
from tallykeep.engine.intake.idempotency import Fingerprint

TEXTS = {
    "dry_run": "true", "on_error": "stop", "max_failures": "3", "mapping": '{"Gutschein": "Code", "Notiz": null}',
    "defaults": '{"Value": "5"}', "values": '{"Value": {"five": "5"}}', "delimiter": "tab", "charset": "windows-1250",
    "sheet": "2", "header_row": "4", "last_day_counts": "false",
}  # fmt: skip


def digest(options: Any) -> bytes:
    submission = Submission(
        action_type=ACTION_TYPES["VOUCHERS.IMPORT"],
        project_id=1,
        request_id="v-1",
        idempotency_key="key",
        request=("POST", "/v1"),
    )
    return Fingerprint(submission).digest(options)


def with_another(monkeypatch: pytest.MonkeyPatch) -> type[Any]:
    """SubmissionOptions as a later version might have them."""
    another = option(5, parsers.integer(9), schema={"type": "integer"}, description="Another.")
    later = make_dataclass("Later", [("another", int, another)], bases=(SubmissionOptions,), frozen=True)
    monkeypatch.setattr(declared, "OPTIONS", options_of(later))
    return later


def test_an_option_that_a_later_version_adds_changes_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, dry = digest(SubmissionOptions()), digest(SubmissionOptions(dry_run=True))
    later = with_another(monkeypatch)
    assert (digest(later()), digest(later(another=5)), digest(later(dry_run=True))) == (plain, plain, dry)
    assert digest(later(another=6)) not in (plain, dry)


def test_what_is_left_to_its_default_and_what_is_said_to_be_so_are_the_same() -> None:
    said = requests.read_submission_options({"dry_run": "false", "on_error": "continue", "defaults": "{}"})
    assert digest(said) == digest(SubmissionOptions())


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_read_stored_told_apart_and_restored(name: str) -> None:
    texts = {name: TEXTS[name], **({"on_error": "stop"} if name == "max_failures" else {})}
    options = requests.read_submission_options(texts)
    assert getattr(options, name) != OPTIONS[name].default
    assert SubmissionOptions.from_json(options.to_json()) == options
    assert options.to_json().keys() == texts.keys()
    without = requests.read_submission_options({other: text for other, text in texts.items() if other != name})
    assert digest(options) != digest(without)


def test_options_are_restored_as_their_types() -> None:
    assert SubmissionOptions.from_json({"on_error": "stop"}).on_error is OnError.STOP
    assert SubmissionOptions().to_json() == {}
    assert {each.name for each in fields(SubmissionOptions)} == OPTIONS.keys() == TEXTS.keys()


def test_a_retry_takes_over_what_it_does_not_say_itself() -> None:
    earlier = SubmissionOptions(
        dry_run=True, on_error=OnError.REJECT, mapping={"a": "b"}, sheet="2",
        defaults={"Value": "5"}, values={"Value": {"a": "1"}}, last_day_counts=True,
    )  # fmt: skip
    taken = SubmissionOptions().carrying(earlier)
    assert taken.to_json() == {
        "defaults": {"Value": "5"}, "values": {"Value": {"a": "1"}}, "last_day_counts": True,
    }  # fmt: skip
    own = SubmissionOptions(defaults={"Value": "6"}, last_day_counts=False)
    assert own.carrying(earlier).to_json() == {
        "defaults": {"Value": "6"}, "values": {"Value": {"a": "1"}}, "last_day_counts": False,
    }  # fmt: skip
    assert own.carrying(None) is own


def test_an_option_that_means_nothing_without_another_is_refused_without_it() -> None:
    with pytest.raises(InvalidQueryError, match="max_failures goes with on_error=stop only"):
        requests.read_submission_options({"max_failures": "3", "on_error": "reject"})
