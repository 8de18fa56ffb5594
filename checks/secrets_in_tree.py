"""Looks for secrets in the files of the tree, with detect-secrets; exit code 1 and their places where there are any."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.core.plugins.initialize import from_plugin_classname
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).parents[1]
# Those that know a secret by its form. Tests, documents and examples are full of made-up tokens under telling names,
# which the detectors of keywords and of random texts would report: these two look at the product's own sources only.
_BY_FORM = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector", "JwtTokenDetector",
    "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector",
    "SendGridDetector", "SlackDetector", "SoftlayerDetector", "SquareOAuthDetector", "StripeDetector",
    "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_BY_CHANCE = ({"name": "KeywordDetector"}, {"name": "Base64HighEntropyString", "limit": 4.8})
_FILTERS = (
    "detect_secrets.filters.heuristic.is_potential_uuid", "detect_secrets.filters.heuristic.is_templated_secret",
    "detect_secrets.filters.allowlist.is_line_allowlisted",
)  # fmt: skip
# What is reported, and why it is none: by file and a part of the line.
_NONE = {
    ("src/tallykeep/api/schemas/examples.json", "0123456789abcdef"): "the characters of a code",
    ("src/tallykeep/api/schemas/examples.json", "whsec_"): "made up, to show the form",
    ("src/tallykeep/api/schemas/examples.json", "previous_secret_until"): "a time",
    ("src/tallykeep/engine/webhooks/signing.py", "SECRET_PREFIX"): "what all of them begin with",
    ("src/tallykeep/dashboard/pages/campaigns/routes.py", "_UNMISTAKABLE"): "the characters of a code",
    **dict.fromkeys(
        (
            ("tests/cli/test_database.py", "me:secret@"), ("tests/http/test_environments.py", "me:secret@"),
            ("tests/outages/test_starts.py", "me:secret@"), ("tests/unit/test_connection_strings.py", "me:secret@"),
            ("tests/unit/test_settings.py", "me:secret@"), ("tests/unit/test_logs.py", "me:{MARK}@"),
            ("tests/http/test_webhooks.py", "a:b@"), ("tests/unit/test_webhook_addresses.py", "user:word@"),
        ),
        "made up, to see that it is not shown",
    ),
}  # fmt: skip
# Not ours, in one line each, and the list of hashes.
_LEFT_OUT = (
    "src/tallykeep/dashboard/static/swagger", "src/tallykeep/dashboard/static/htmx", "tests/browser/axe",
    "requirements.lock", "benchmarks/alternatives.lock",
)  # fmt: skip
_MAX_BYTES = 1 << 20


def main() -> int:
    """Print what looks like a secret; return 1 where anything does."""
    files = list(_files())
    own = [file for file in files if file.startswith("src/")]
    reported = [
        *_reported(list(filter(_may_hold_secrets, files)), [{"name": name} for name in _BY_FORM]),
        *_reported(own, list(_BY_CHANCE)),
    ]
    for place in reported:
        print(place)
    print(f"secrets: {len(reported)} in {len(files)} files")
    return 1 if reported else 0


def _files() -> Iterator[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    names = listed.stdout.splitlines() or [
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts
    ]
    for name in names:
        path = ROOT / name
        if not name.startswith(_LEFT_OUT) and path.is_file() and path.stat().st_size < _MAX_BYTES:
            yield name


def _may_hold_secrets(file: str) -> bool:
    """Search the text as a whole, for line by line and plugin by plugin takes a minute."""
    text = (ROOT / file).read_text(errors="replace")
    return any(pattern.search(text) for pattern in _patterns())


@cache
def _patterns() -> list[re.Pattern[str]]:
    return [pattern for name in _BY_FORM for pattern in from_plugin_classname(name).denylist]


def _reported(files: list[str], plugins: list[dict[str, object]]) -> Iterator[str]:
    collection = SecretsCollection(root=str(ROOT))
    with transient_settings({"plugins_used": plugins, "filters_used": [{"path": path} for path in _FILTERS]}):
        for file in files:
            collection.scan_file(file)
    for file, secret in collection:
        line = (ROOT / file).read_text(errors="replace").splitlines()[secret.line_number - 1]
        if not any(file == known and part in line for known, part in _NONE):
            yield f"{file}:{secret.line_number}: {secret.type}"


if __name__ == "__main__":
    sys.exit(main())
