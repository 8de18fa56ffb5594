"""Watching a project's deletion with a key that is refused in the end: because it went along, or by itself."""

from typing import Any, cast

import pytest

from tallykeep.cli.commands.access.projects import _ended, _goes_along
from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.exits import ExitCode, RefusedError


class _Answers:
    """A client that gets these answers, one after another."""

    def __init__(self, *answers: dict[str, Any] | int) -> None:
        self._answers = list(answers)

    def get(self, _: str) -> dict[str, Any]:
        answer = self._answers.pop(0)
        if isinstance(answer, int):
            raise RefusedError("refused", answer)
        return answer


def _client(*answers: dict[str, Any] | int) -> Client:
    return cast("Client", _Answers(*answers))


def _seen(done: int, total: int = 100_000, *, counted: bool = True) -> dict[str, Any]:
    counts = {"done_count": done, "total_count": total, "counted": counted}
    return {"project_id": "proj_1", "status": "IN_PROGRESS", **counts}


@pytest.mark.parametrize(
    ("goes_along", "done"), [(True, 0), (True, 99_999), (None, 99_500)], ids=["at once", "at its end", "nearly"]
)
def test_a_key_that_went_along_says_that_all_is_deleted(goes_along: bool | None, done: int) -> None:
    ended = _ended(_client(_seen(done), 401), "proj_1", goes_along)
    assert (ended["status"], ended["done_count"]) == ("DONE", 100_000)


@pytest.mark.parametrize(("goes_along", "done"), [(None, 50_000), (False, 50_000), (False, 99_999)])
def test_a_key_that_ended_by_itself_says_nothing_about_the_project(goes_along: bool | None, done: int) -> None:
    with pytest.raises(RefusedError, match=r"is not known\. Ask with an owner's key") as refused:
        _ended(_client(_seen(done), 401), "proj_1", goes_along)
    assert f"{done:,} of 100,000 rows" in str(refused.value)
    assert refused.value.code == ExitCode.REFUSED


def test_what_was_not_counted_yet_is_not_taken_for_all_there_was() -> None:
    ended = _ended(_client(_seen(0, 2, counted=False), 401), "proj_1", True)
    assert (ended["status"], ended["done_count"]) == ("DONE", 0)
    with pytest.raises(RefusedError, match=r"0 rows, while they were still being counted, .* is not known"):
        _ended(_client(_seen(0, 2, counted=False), 401), "proj_1", None)


def test_other_refusals_are_told_as_they_are() -> None:
    with pytest.raises(RefusedError, match=r"^refused$"):
        _ended(_client(_seen(5), 403), "proj_1", True)


def _key(**fields: Any) -> dict[str, Any]:
    return {"current": True, "role": "admin", "expires_at": None, **fields}


@pytest.mark.parametrize(
    ("answer", "goes_along"),
    [
        ({"keys": [_key(current=False, role="owner"), _key()]}, True),
        ({"keys": [_key(role="owner")]}, False),
        ({"keys": [_key(role="owner", expires_at="2099-01-31T12:00:00.000Z")]}, False),
        ({"keys": [_key(expires_at="2099-01-31T12:00:00.000Z")]}, None),
        ({"keys": []}, None),
        (403, None),
    ],
)
def test_whether_a_key_goes_along_is_asked_before(answer: dict[str, Any] | int, goes_along: bool | None) -> None:
    assert _goes_along(_client(answer)) is goes_along
