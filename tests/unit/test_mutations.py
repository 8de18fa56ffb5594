"""The list of mutations is in step with the code, the tests and the documents."""

import re
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


def test_the_guarantees_list_every_mutation() -> None:
    list_spec = re.findall(r"^\| (.+) \| `(.+)` \|$", (ROOT / "docs/guarantees.md").read_text(), re.MULTILINE)
    assert [(m.safeguard, m.test.removeprefix("tests/")) for m in MUTATIONS] == [
        row for row in list_spec if row[0] in {m.safeguard for m in MUTATIONS}
    ]
