"""A table is written by one package only: every statement that writes to it stands there."""

import re
from collections import defaultdict
from pathlib import Path

from docs.schema import SCHEMA

from tallykeep.catalog.nouns import NOUNS

SOURCE = SCHEMA.parent.parent
_WRITE = re.compile(
    r"\b(?:INSERT\s+INTO|(?<!FOR )(?<!KEY )UPDATE|DELETE\s+FROM"
    r"|MERGE\s+INTO|TRUNCATE|COPY)\s+(?:ONLY\s+)?(?P<table>[a-z_]+|\{[a-z_]+\})"
)
_COMMENT = re.compile(r"--.*")

# By table: the package whose statements write it.
OWNERS = {
    "access_tokens": "tenants",
    "api_keys": "tenants",
    "async_actions": "engine",
    "audit_chains": "tenants",
    "audit_log": "tenants",
    "audit_pending": "tenants",
    "attempts": "engine",
    "batches": "engine",
    "bin_entries": "resources/bin",
    "campaigns": "resources/campaigns",
    "categories": "resources/categories",
    "category_labels": "resources/categories",
    "dry_run_keys": "engine",
    "failures": "engine",
    "idempotency_keys": "engine",
    "metadata_schemas": "resources/metadata",
    "projects": "tenants",
    "reason_counts": "engine",
    "removals": "engine",
    "report_parts": "engine",
    "schedules": "engine",
    "secrets": "engine",
    "sessions": "dashboard",
    "uploads": "engine",
    "usage_windows": "tenants",
    "vouchers": "resources/vouchers",
    "webhook_deliveries": "engine",
    "webhooks": "engine",
    "wrong_credentials": "tenants",
    **{noun.spec.table_name: f"resources/{noun.spec.plural}" for noun in NOUNS},
}
# Statements into which a table's name is filled in, which the package that owns the table hands over; and tables that
# are in no migration of ours.
FILLED_IN = {
    ("resources/metadata", "{table}"),  # purges, of the tables that action types name: Purge("customers", …)
    ("resources/upserts", "{table}"),  # of the table that a resource's declaration names
    ("resources/upserts", "{stage}"),  # temporary, of one connection
    ("resources/upserts", "{changes}"),  # temporary, of one connection
    ("engine", "{table}"),  # of a project that is deleted: all of its tables, by one list
    ("engine", "procrastinate_jobs"),  # the queue's: what jobs are there for ends in the transaction that deletes them
    ("resources/vouchers", "voucher_stage"),  # temporary, of one connection
}


def written() -> dict[tuple[str, str], list[str]]:
    """The files by the package that they are of and the table that they write."""
    writers = defaultdict(list)
    for file in sorted(SOURCE.rglob("*.sql")):
        if "migrations" in file.parts or file == SCHEMA:
            continue
        for match in _WRITE.finditer(_COMMENT.sub("", file.read_text())):
            writers[_package(file), match["table"]].append(str(file.relative_to(SOURCE)))
    return dict(writers)


def _package(file: Path) -> str:
    """The layer, or within resources the folder of one resource."""
    layer, *rest = file.relative_to(SOURCE).parent.parts
    return f"{layer}/{rest[0]}" if layer == "resources" and rest else layer


def test_a_table_is_written_by_one_package_only() -> None:
    elsewhere = {
        (package, table): files
        for (package, table), files in written().items()
        if OWNERS.get(table) != package and (package, table) not in FILLED_IN
    }
    assert elsewhere == {}


def test_every_table_has_an_owner_that_writes_it() -> None:
    tables = set(re.findall(r"^CREATE TABLE (\w+)", SCHEMA.read_text(), re.MULTILINE))
    assert OWNERS.keys() == tables
    by_declaration = {table for table, owner in OWNERS.items() if (owner, table) not in written()}
    # Tables of resources that are upserted alone are written by the statements that these have in common.
    assert by_declaration <= {noun.spec.table_name for noun in NOUNS}


def test_no_statement_is_hidden_in_a_python_file() -> None:
    hidden = [
        str(file.relative_to(SOURCE)) for file in sorted(SOURCE.rglob("*.py"))
        if re.search(r"[\"'](?:INSERT INTO|UPDATE|DELETE FROM|COPY|MERGE INTO|TRUNCATE) [a-z_{]", file.read_text())
    ]  # fmt: skip
    assert hidden == []
