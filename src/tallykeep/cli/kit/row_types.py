"""Kinds of rows: where each goes, in which form."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal
from urllib.parse import quote

from tallykeep.cli.kit.exits import UsageError

Form = Literal["csv", "json"]
Verb = Literal["import", "update"]

CAMPAIGN_VOUCHERS = "campaign-vouchers"
IMPORTED = ("vouchers", "customers", "products", "skus", "orders", CAMPAIGN_VOUCHERS)
UPDATED = ("vouchers", "customers", "products")
FORMS: dict[Form, str] = {"csv": "CSV or XLSX", "json": "JSON or NDJSON"}

_PATH = re.compile(r"/v1/(.+)/(importCSV|import|bulk/async)")
_IN_CAMPAIGN = "campaigns/{target}"


@dataclass(slots=True)
class Kind:
    """One kind of rows: the paths that take them, by verb and form."""

    name: str
    paths: dict[tuple[Verb, Form], str] = field(default_factory=dict)

    def path(self, verb: Verb, form: Form, campaign: str | None = None) -> str:
        """Where rows of this form go; raises UsageError for a form that cannot go anywhere."""
        if (verb, form) not in self.paths:
            taken = [FORMS[each] for known, each in self.paths if known == verb]
            raise UsageError(f"{self.name} come as {' or '.join(taken)}, not as {FORMS[form]}")
        return self.paths[verb, form].replace("{target}", quote(campaign or "", safe=""))


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind, made of the table of action types."""
    # Imported here: it takes longer than everything else that most commands do.
    from tallykeep.catalog.action_types import ACTION_TYPES  # noqa: PLC0415

    found: dict[str, Kind] = {name: Kind(name) for name in IMPORTED}
    upserts = defaultdict(set)
    for action_type in ACTION_TYPES.values():
        match = _PATH.fullmatch(action_type.path)
        if match is None or action_type.source not in ("csv", "json"):
            continue
        kind = found[CAMPAIGN_VOUCHERS if match[1] == _IN_CAMPAIGN else match[1]]
        form: Form = "csv" if action_type.source == "csv" else "json"
        kind.paths["update" if match[2] == "bulk/async" else "import", form] = action_type.path
        upserts[kind.name, action_type.begin].add(action_type.path)
    _import_by_upserts(found, upserts.values())
    return found


def _import_by_upserts(found: Mapping[str, Kind], same: Iterable[set[str]]) -> None:
    """Where a bulk update does what the import of files does, objects are imported by it."""
    for paths in same:
        for kind in found.values():
            update, files = kind.paths.get(("update", "json")), kind.paths.get(("import", "csv"))
            if {update, files} <= paths:
                kind.paths["import", "json"] = str(update)
