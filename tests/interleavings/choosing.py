"""Which scenarios are tried without EVERY_ORDER: those that tell most, always, and a part of the others by SEED."""

import random
from collections.abc import Collection

# Each of them has once found a defect.
_ALWAYS = (
    "campaign JSON, campaign JSON, new",
    "generation, campaign delete",
    "campaign JSON, campaign change",
    "vouchers CSV, purge asked and its batch",
    "vouchers JSON by id, category delete",
    "SKUs CSV, product delete",
    "vouchers bulk, vouchers JSON",
    "campaign change, campaign delete",
    "cancel beside close",
    "worker, rescue",
)


def chosen(names: Collection[str], seed: str, parts: int) -> set[str]:
    """Those that are always tried, and one part in so many of the others; another SEED tries another part."""
    others = sorted(set(names) - set(_ALWAYS))
    random.Random("order").shuffle(others)  # so that a part has something of all kinds
    part = int(seed) if seed.isdecimal() else random.Random(seed).randrange(parts)
    return (set(names) & set(_ALWAYS)) | set(others[part % parts :: parts])
