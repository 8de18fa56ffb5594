"""What a mutation is."""

from dataclasses import dataclass

MIGRATIONS = "src/tallykeep/db/migrations/versions"


@dataclass(frozen=True)
class Mutation:
    """A safeguard, the change that takes it out, and the test that must fail then."""

    safeguard: str
    file: str
    text: str
    replacement: str
    test: str
