"""All attacks, those of parsers first."""

from tests.attack.attack import Attack
from tests.attack.attacks import compressed, connections, crowds, fields, locks, parsers, workbooks

# What the machine and the bystander do by themselves.
NOTHING = Attack("nothing", "one GET, for comparison", lambda lab: [lab.get("/v1/vouchers/bystander")], seconds=10)

ATTACKS = (
    *parsers.ATTACKS, *fields.ATTACKS, *compressed.ATTACKS, *workbooks.ATTACKS, *connections.ATTACKS, *crowds.ATTACKS,
    *locks.ATTACKS,
)  # fmt: skip

# Those that stand for all others where there is no time for all.
CHOSEN = (
    "preview: header of (", "import: newlines", "rule: pattern", "ids: many", "import: broken quotes",
    "SKU: attributes", "slow uploads", "held codes: PUTs", "held codes: imports", "XLSX: four of 430 KB",
    "headers without end", "URL of 60 MB", "sign-in: large fields", "sign-in: a file", "group_by", "gzip: newlines",
    "idle connections", "long polls", "tiny actions", "flood of GET",
)  # fmt: skip
