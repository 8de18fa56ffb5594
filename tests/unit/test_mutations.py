"""The list of mutations is in step with the code, the tests and the documents."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.trials import ROOT
from tests.mutations import MUTATIONS
from tests.mutations.mutation import Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.safeguard)
def test_every_mutation_finds_its_text_and_its_test(mutation: Mutation) -> None:
    assert (ROOT / mutation.file).read_text().count(mutation.text) == 1
    file, _, test = mutation.test.partition("::")
    assert re.search(rf"^def {test.partition('[')[0]}\(", Path(ROOT / file).read_text(), re.MULTILINE)


def test_no_mutation_uses_a_name_that_does_not_exist(tmp_path: Path) -> None:
    """A mutation that fails for such a name would be caught by any test that reaches it, and so show nothing."""
    for number, mutation in enumerate(MUTATIONS):
        if mutation.file.endswith(".py"):
            mutated = (ROOT / mutation.file).read_text().replace(mutation.text, mutation.replacement)
            (tmp_path / f"mutation_{number}.py").write_text(mutated)
    linter = ["ruff", "check", "--isolated", "--no-cache", "--select", "F821", "--output-format", "concise", "."]
    linted = subprocess.run([sys.executable, "-m", *linter], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_guarantees_list_every_mutation() -> None:
    list_spec = re.findall(r"^\| (.+) \| `(.+)` \|$", (ROOT / "docs/guarantees.md").read_text(), re.MULTILINE)
    assert [(m.safeguard, m.test.removeprefix("tests/")) for m in MUTATIONS] == [
        row for row in list_spec if row[0] in {m.safeguard for m in MUTATIONS}
    ]
