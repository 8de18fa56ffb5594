"""Names in the code are the field's terms: words that once meant something private here do not come back in them."""

import io
import keyword
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = [
    path
    for folder in ("src", "tests", "benchmarks", "examples")
    for kind in ("*.py", "*.sql")
    for path in sorted((ROOT / folder).rglob(kind))
    if "migrations" not in path.parts
]

# What each stood for is a batch, submission options, an action type or a row type, a slot, atomic, isolated, and so on.
RETIRED = frozenset(
    re.findall(
        r"\w+",
        """
        portion portions wish wishes wished kind kinds turn turns express whole wholes passing sent tidy tidied tail
        tails odd moment moments filed listed peer peers most longest patience once alone beginning pace trial filling
        place places sign signs mended look looks looked told asked given found room rooms
        """,
    )
)
# Of the wire format, of libraries, and of plain English.
ALLOWED = re.compile(
    r"(?i)_?kinds?|key_?kind|api_keys_kind_check|\w*sign_?(in|out)\w*|\w*(not|file|duplicate)_?found\w*|serversentevent|\w*_once|given_up"
    r"|unconsumed_tail|at_beginning\w*|given"
)
# `found` is a column of the report of bulk updates; `once` an event listener of Playwright's; `sign` a method of
# standardwebhooks and of cryptography.
ALLOWED_IN = {
    "found": ("upserts/operation.py", "upserts/report_lines.py", "updating/", "unit/test_csv_text.py"),
    "once": ("browser/test_tasks.py",),
    "sign": ("webhooks/signing.py", "unit/test_webhook_addresses.py"),
}


def test_no_name_has_a_retired_word() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in FILES
        for line, name in (_names_in_python(path) if path.suffix == ".py" else _names_in_sql(path))
        if _is_retired(name, str(path))
    ]
    assert not wrong, "\n".join(wrong)


def test_words_within_names_are_told_apart() -> None:
    assert _is_retired("_looked_at", "any.py")
    assert _is_retired("LikelyKind", "any.py")
    assert not _is_retired("replace_placement", "any.py")
    assert not _is_retired("NotFoundError", "any.py")


def _is_retired(name: str, path: str) -> bool:
    if ALLOWED.fullmatch(name) or any(part in path for part in ALLOWED_IN.get(name, ())):
        return False
    return any(part.lower() in RETIRED for part in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name))


def _names_in_python(path: Path) -> Iterator[tuple[int, str]]:
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type != tokenize.NAME:
            continue
        is_sentence = before == "def" and token.string.startswith("test_")
        if not is_sentence and not keyword.iskeyword(token.string):
            yield token.start[0], token.string
        before = token.string


def _names_in_sql(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code = line.partition("--")[0] if not line.startswith("-- name:") else line
        for name in re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'", "", code)):
            yield number, name
