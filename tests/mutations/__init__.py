"""Safeguards, the change that takes each out, and the test that must fail then: `make mutations`.

Each mutation is applied to a copy of the tree, in a directory of its own; the tree itself is never touched.
"""

from tests.mutations import (
    acceptance,
    access,
    answers,
    audit,
    batches,
    between_actions,
    erasing,
    limits,
    surroundings,
    webhooks,
    writes,
)

MUTATIONS = (
    *batches.MUTATIONS,
    *acceptance.MUTATIONS,
    *between_actions.MUTATIONS,
    *writes.MUTATIONS,
    *surroundings.MUTATIONS,
    *answers.MUTATIONS,
    *access.MUTATIONS,
    *webhooks.MUTATIONS,
    *audit.MUTATIONS,
    *limits.MUTATIONS,
    *erasing.MUTATIONS,
)
