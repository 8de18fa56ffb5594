"""Kinds of rows: where each goes, in which form, and how one is told from its columns."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal
from urllib.parse import quote

from tallykeep.cli.exits import UsageError

Form = Literal["csv", "json"]
Verb = Literal["import", "update"]

CAMPAIGN_VOUCHERS = "campaign-vouchers"
IMPORTED = ("vouchers", "customers", "products", "skus", "orders", CAMPAIGN_VOUCHERS)
UPDATED = ("vouchers", "customers", "products")
FORMS: dict[Form, str] = {"csv": "CSV or XLSX", "json": "JSON or NDJSON"}

_TELLING = 2  # what a column counts for that only one kind needs
_PATH = re.compile(r"/v1/(.+)/(importCSV|import|bulk/async)")
OURS = ["row", "line", "reason"]  # what a file of failed rows has behind its own columns
_IN_CAMPAIGN = "campaigns/{target}"
_JSON_VOUCHERS = (
    "code type discount gift loyalty_card category category_id start_date expiration_date active redemption"
)


@dataclass(slots=True)
class Kind:
    """One kind of rows: the paths that take them, by verb and form, and the columns they may have, as compared."""

    name: str
    paths: dict[tuple[Verb, Form], str] = field(default_factory=dict)
    columns: dict[Form, frozenset[str]] = field(default_factory=dict)
    required: tuple[frozenset[str], ...] = ()
    telling: frozenset[str] = frozenset()
    read_over: frozenset[str] = frozenset()

    def path(self, verb: Verb, form: Form, campaign: str | None = None) -> str:
        """Where rows of this form go; raises UsageError for a form that cannot go anywhere."""
        if (verb, form) not in self.paths:
            taken = [FORMS[each] for known, each in self.paths if known == verb]
            raise UsageError(f"{self.name} come as {' or '.join(taken)}, not as {FORMS[form]}")
        return self.paths[verb, form].replace("{target}", quote(campaign or "", safe=""))

    def unknown(self, columns: list[str]) -> list[str]:
        """Of these columns of a file, those that are no field: they become metadata."""
        if columns[-len(OURS) :] == OURS:
            columns = columns[: -len(OURS)]
        known = self.columns.get("csv", frozenset()) | self.read_over
        return [column for column in columns if not _compared((column,)) <= known]

    def score(self, form: Form, columns: frozenset[str]) -> int:
        """How much these columns look like this kind; 0 where they cannot be it."""
        known = columns & self.columns.get(form, frozenset())
        if not all(columns & choice for choice in self.required):
            return 0
        return len(known) + _TELLING * len(known & self.telling)


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind, made of the table of action types."""
    # Imported here: it takes longer than everything else that most commands do.
    from tallykeep.actions import ACTION_TYPES  # noqa: PLC0415

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
    _learn_columns(found)
    return found


def _import_by_upserts(found: Mapping[str, Kind], same: Iterable[set[str]]) -> None:
    """Where a bulk update does what the import of files does, objects are imported by it."""
    for paths in same:
        for kind in found.values():
            update, files = kind.paths.get(("update", "json")), kind.paths.get(("import", "csv"))
            if {update, files} <= paths:
                kind.paths["import", "json"] = str(update)


def _learn_columns(found: Mapping[str, Kind]) -> None:
    from tallykeep.actions.templates import CSV_TEMPLATES  # noqa: PLC0415
    from tallykeep.resources.customers.declaration import CUSTOMER  # noqa: PLC0415
    from tallykeep.resources.orders.declaration import ORDER  # noqa: PLC0415
    from tallykeep.resources.products.declaration import PRODUCT  # noqa: PLC0415
    from tallykeep.resources.skus.declaration import SKU  # noqa: PLC0415

    for name, titles in CSV_TEMPLATES.items():
        found[name].columns["csv"] = _compared(titles)
    for name, declared in (("customers", CUSTOMER), ("products", PRODUCT), ("skus", SKU), ("orders", ORDER)):
        kind = found[name]
        kind.columns["csv"] = _compared(declared.titles)
        names = {each.inside or each.name for each in declared.fields}
        kind.columns["json"] = _compared(("source_id", "id", *names))
    found["vouchers"].columns["json"] = _compared(_JSON_VOUCHERS.split())
    for name in ("vouchers", CAMPAIGN_VOUCHERS):
        found[name].required = (_compared(("code",)),)
        found[name].telling = _compared(("code", "voucher type"))
    found[CAMPAIGN_VOUCHERS].read_over = found["vouchers"].columns["csv"]
    found["skus"].required = (_compared(("source_id", "id")), _compared(("product_id",)))
    found["skus"].telling = _compared(("product_id",))
    found["orders"].telling = _compared(("items",))
    del found["orders"].columns["csv"]


def _compared(titles: Iterable[str]) -> frozenset[str]:
    from tallykeep.model import normal_title  # noqa: PLC0415

    return frozenset(map(normal_title, titles))


def guess_kind(form: Form, columns: list[str], *, in_campaign: bool) -> Kind:
    """The kind that these columns look like most; raises UsageError where none does, or several do alike."""
    if in_campaign:
        return kinds()[CAMPAIGN_VOUCHERS]
    compared = _compared(columns)
    scores = {kind.name: kind.score(form, compared) for kind in kinds().values() if ("import", form) in kind.paths}
    best = max(scores.values())
    names = [name for name, score in scores.items() if score == best and best > 0]
    if len(names) == 2 and set(names) == {"vouchers", CAMPAIGN_VOUCHERS}:
        names = ["vouchers"]
    if len(names) != 1:
        raise UsageError(_not_told(columns, names))
    return kinds()[names[0]]


def _not_told(columns: list[str], names: list[str]) -> str:
    shown = ", ".join(columns[:8]) or "none that can be read"
    if not names:
        return (
            f"What kind of rows these are does not show in the columns ({shown}). Say it: {', '.join(IMPORTED)};"
            " and what the columns are, with --map 'Title=name'. The right ones: tallykeep template KIND"
        )
    return f"These columns ({shown}) could be {' or '.join(names)}: say which"
