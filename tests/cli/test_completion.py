"""What the shell completes."""

import json
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.server import Api


def completed(api: Api | None, line: str, cwd: Path | None = None, **variables: str) -> list[str]:
    """What bash would offer behind this line."""
    words = line.split(" ")
    completing = {"_TALLYKEEP_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    return run(api, cwd=cwd, **completing, **variables).stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tallykeep imp", ["import"]),
        ("tallykeep import prod", ["products"]),
        ("tallykeep update cus", ["customers"]),
        ("tallykeep template camp", ["campaign-vouchers"]),
        ("tallykeep import --failed", ["--failed-to"]),
    ],
)
def test_commands_kinds_and_options(line: str, offered: list[str]) -> None:
    assert completed(None, line) == offered


def test_kinds_and_files_come_together(tmp_path: Path) -> None:
    for name in ("vouchers-fall.csv", "codes.csv"):
        (tmp_path / name).touch()
    (tmp_path / "volumes").mkdir()
    assert completed(None, "tallykeep import vo", tmp_path) == ["vouchers", "volumes/", "vouchers-fall.csv"]


def test_the_newest_actions(api: Api) -> None:
    action_id = api.import_json([{"code": "A"}])
    assert completed(api, "tallykeep actions show aa_") == [action_id]
    assert completed(api, "tallykeep actions cancel la") == ["last"]
    assert completed(api, "tallykeep actions show aa_", TALLYKEEP_URL="http://127.0.0.1:9") == []


def test_profiles(api: Api, tmp_path: Path) -> None:
    run(api, "profiles", "save", "staging")
    assert completed(None, "tallykeep actions list --profile st") == ["staging"]
    assert json.loads(run(None, "profiles", "list", "--json").stdout).keys() == {"staging"}
