"""Answers about actions that have ended: which are remembered, and until when."""

import time
from datetime import timedelta
from typing import Any

import pytest

from tallykeep.api.responses.ended_answers import EndedAnswers
from tallykeep.api.responses.entity_tags import Tagged
from tallykeep.core.settings import Settings
from tallykeep.engine.reading.action_reader import ShownAction

KEY = (1, "aa_1")
ANSWER = Tagged({"id": "aa_1"})
NOW = timedelta(0)


def _kept(final_for: timedelta | None, seconds_ago: float = 0, **settings: Any) -> Tagged | None:
    answers = EndedAnswers(Settings(**settings))
    answers.keep(KEY, ShownAction({}, final_for), ANSWER, time.monotonic() - seconds_ago)
    return answers.find(KEY)


def test_what_is_final_is_remembered_for_a_few_seconds() -> None:
    assert _kept(NOW) is ANSWER
    assert _kept(timedelta(days=400)) is ANSWER
    assert _kept(NOW, seconds_ago=5) is None


@pytest.mark.parametrize("settings", [{}, {"keep_actions_days": 1.0}], ids=["kept for ever", "for a day"])
def test_what_has_ended_by_a_clock_that_was_set_back_is_remembered_too(settings: dict[str, float]) -> None:
    assert _kept(-timedelta(days=2), **settings) is ANSWER
    assert _kept(-timedelta(days=2), seconds_ago=5, **settings) is None


def test_what_may_change_is_not_remembered() -> None:
    assert _kept(None) is None


@pytest.mark.parametrize("setting", ["keep_actions_days", "keep_failures_days"])
def test_it_is_forgotten_before_retention_changes_it(setting: str) -> None:
    day = timedelta(days=1)
    others = {"keep_actions_days": 2.0, "keep_failures_days": 2.0, setting: 1.0}
    assert _kept(day - timedelta(minutes=1), **others) is ANSWER
    assert _kept(day - timedelta(seconds=3), seconds_ago=4, **others) is None
    assert _kept(day, **others) is None
    assert _kept(2 * day, **others) is None


def test_it_is_of_one_project_and_of_one_action() -> None:
    answers = EndedAnswers(Settings())
    answers.keep(KEY, ShownAction({}, NOW), ANSWER, time.monotonic())
    assert answers.find((2, "aa_1")) is None
    assert answers.find((1, "aa_2")) is None


def test_there_are_only_so_many() -> None:
    answers = EndedAnswers(Settings())
    for number in range(3_000):
        answers.keep((1, str(number)), ShownAction({}, NOW), ANSWER, time.monotonic())
    assert answers.find((1, "2999")) is ANSWER
    assert sum(answers.find((1, str(number))) is not None for number in range(3_000)) <= 1_000
