"""Row types: where rows of each go, by verb and form. A test holds this table to the API's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from tallykeep.cli.kit.exits import UsageError
from tallykeep.core.nouns import NOUN_NAMES, NounName

Form = Literal["csv", "json"]
Verb = Literal["import", "update"]

CAMPAIGN_VOUCHERS = "campaign-vouchers"
FORMS: dict[Form, str] = {"csv": "CSV or XLSX", "json": "JSON or NDJSON"}


@dataclass(frozen=True, slots=True)
class RowType:
    """One type of rows: the paths that take them."""

    name: str
    paths: Mapping[tuple[Verb, Form], str]

    def path(self, verb: Verb, form: Form, campaign: str | None = None) -> str:
        """Return the path that takes rows of this form; raises UsageError for a form that none takes."""
        if (verb, form) not in self.paths:
            taken = [FORMS[each] for known, each in self.paths if known == verb]
            raise UsageError(f"{self.name} come as {' or '.join(taken)}, not as {FORMS[form]}")
        return self.paths[verb, form].replace("{target}", quote(campaign or "", safe=""))


def _row_type(name: str, csv: str | None, json: str | None, update: str | None = None, at: str = "") -> RowType:
    """A type whose rows are taken by these endpoints below the path `at`, which is its own unless it is given."""
    endpoints: dict[tuple[Verb, Form], str | None] = {
        ("import", "csv"): csv, ("import", "json"): json, ("update", "json"): update,
    }  # fmt: skip
    paths = {key: f"/v1/{at or name}/{endpoint}" for key, endpoint in endpoints.items() if endpoint}
    return RowType(name, paths)


def _of_noun(noun: NounName) -> RowType:
    """A noun's type. A bulk update creates what does not exist: as JSON, what has one is imported by it."""
    update = noun.json if noun.json == "bulk/async" else None
    return _row_type(noun.plural, "importCSV" if noun.csv else None, noun.json, update)


_ALL = (
    _row_type("vouchers", "importCSV", "import", "bulk/async"),
    *(_of_noun(noun) for noun in NOUN_NAMES if noun.csv or noun.json),
    _row_type(CAMPAIGN_VOUCHERS, "importCSV", "import", at="campaigns/{target}"),
)
ROW_TYPES = {row_type.name: row_type for row_type in _ALL}
IMPORTED = tuple(ROW_TYPES)
UPDATED = tuple(name for name, row_type in ROW_TYPES.items() if ("update", "json") in row_type.paths)
