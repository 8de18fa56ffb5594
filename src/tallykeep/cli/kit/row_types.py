"""Row types: where rows of each go, by verb and form. A test holds this table to the API's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from tallykeep.cli.kit.exits import UsageError

Form = Literal["csv", "json"]
Verb = Literal["import", "update"]

CAMPAIGN_VOUCHERS = "campaign-vouchers"
IMPORTED = ("vouchers", "customers", "products", "skus", "orders", CAMPAIGN_VOUCHERS)
UPDATED = ("vouchers", "customers", "products")
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


ROW_TYPES = {
    row_type.name: row_type
    for row_type in (
        RowType("vouchers", {
            ("import", "csv"): "/v1/vouchers/importCSV",
            ("import", "json"): "/v1/vouchers/import",
            ("update", "json"): "/v1/vouchers/bulk/async",
        }),
        # A bulk update creates what does not exist: as JSON, these are imported by it.
        RowType("customers", {
            ("import", "csv"): "/v1/customers/importCSV",
            ("import", "json"): "/v1/customers/bulk/async",
            ("update", "json"): "/v1/customers/bulk/async",
        }),
        RowType("products", {
            ("import", "csv"): "/v1/products/importCSV",
            ("import", "json"): "/v1/products/bulk/async",
            ("update", "json"): "/v1/products/bulk/async",
        }),
        RowType("skus", {("import", "csv"): "/v1/skus/importCSV"}),
        RowType("orders", {("import", "json"): "/v1/orders/import"}),
        RowType(CAMPAIGN_VOUCHERS, {
            ("import", "csv"): "/v1/campaigns/{target}/importCSV",
            ("import", "json"): "/v1/campaigns/{target}/import",
        }),
    )
}  # fmt: skip
