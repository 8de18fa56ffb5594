"""The auditor: every submission and every row of the ledgers, held against the database and the API."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.crash.nemesis.events import compare
from tests.crash.nemesis.ledger import Entry, Ledger, Work
from tests.crash.nemesis.order import Written, find_contradictions
from tests.crash.nemesis.relay import Lost
from tests.receiver import Received
from tests.server import Api

_EXAMPLES = 20
VIOLATIONS = (
    "lost submissions",
    "phantom submissions",
    "open actions",
    "lost rows",
    "phantom rows",
    "wrong values",
    "wrong failures",
    "wrong tallies",
    "lost events",
    "phantom events",
    "changed events",
    "bad answers",
)

Accepted = tuple[Entry, dict[str, Any]]  # and its action


@dataclass
class Audit:
    """What was found: violations by kind, examples of them, and how all rows ended."""

    violations: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(VIOLATIONS, 0)))
    examples: list[str] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    in_the_dark_but_there: int = 0
    shared: int = 0  # places that several entries have written
    canceled: int = 0
    events: int = 0  # each once, however often it came

    def blame(self, violation: str, count: int, example: str) -> None:
        if count:
            self.violations[violation] += count
            if len(self.examples) < _EXAMPLES:
                self.examples.append(f"{violation}: {example}")


class Auditor:
    """Audits one project."""

    def __init__(
        self,
        connection: psycopg.Connection[dict[str, Any]],
        api: Api,
        ledger: Ledger,
        requests: list[Received],
        audit: Audit,
    ) -> None:
        self._connection = connection
        self._api = api
        self._ledger = ledger
        self._requests = requests
        self.audit = audit
        self._actions: dict[str, dict[str, Any]] = {}
        self._vouchers: dict[str, dict[str, str]] = defaultdict(dict)  # entry: code: note

    def run(self) -> None:
        actions = self._query(
            "SELECT id, status, ended_by, reason, file_name, total_count, done_count, failed_count, unprocessed_count,"
            " created_count, started_at"
            " FROM async_actions WHERE project_id = %s"
        )
        self._actions = {action["id"]: action for action in actions}
        self._find_vouchers()
        accepted_entries = [(entry, action) for entry in self._ledger.entries if (action := self._action_of(entry))]
        accepted = {id(entry) for entry, _ in accepted_entries}
        left_out = sum(entry.rows for entry in self._ledger.entries if id(entry) not in accepted)
        self.audit.rows["never accepted"] += left_out
        self._check_phantoms(accepted_entries)
        for entry, action in accepted_entries:
            self._check_tally(entry, action)
            if entry.work in (Work.VOUCHERS, Work.PURGE):
                self._check_vouchers(entry, action)
        self._check_orders(accepted_entries)
        self._check_raced(accepted_entries)
        self._check_created(accepted_entries)
        self._check_campaign(accepted_entries)
        self._check_events()

    def _query(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        return self._connection.execute(sql, (self._ledger.project_id, *parameters)).fetchall()

    def _find_vouchers(self) -> None:
        sql = "SELECT code, metadata ->> 'Note' AS note FROM vouchers WHERE project_id = %s AND campaign_id IS NULL"
        for row in self._query(sql):
            self._vouchers[row["code"].rpartition("-")[0]][row["code"]] = row["note"]

    def _action_of(self, entry: Entry) -> dict[str, Any] | None:
        if entry.action_id is not None:
            action = self._actions.get(entry.action_id)
            self.audit.blame("lost submissions", action is None, entry.name)
            return action
        matches = [action for action in self._actions.values() if action["file_name"] == f"{entry.name}.csv"]
        self.audit.blame("phantom submissions", max(len(matches) - 1, 0), f"{entry.name} is there {len(matches)} times")
        self.audit.in_the_dark_but_there += bool(matches)
        return matches[0] if matches else None

    def _check_phantoms(self, accepted: list[Accepted]) -> None:
        known = Counter(action["id"] for _, action in accepted)
        phantoms = [action for action in self._actions if action not in known]
        self.audit.blame("phantom submissions", len(phantoms), f"nobody asked for {phantoms[:3]}")
        shared = [action for action, entries in known.items() if entries > 1]
        self.audit.blame("lost submissions", len(shared), f"two submissions were told the same action: {shared[:3]}")
        names = {entry.name for entry, _ in accepted} | {f"{self._ledger.name}s", f"{self._ledger.name}r"}
        for name, vouchers in self._vouchers.items():
            if name not in names:
                self.audit.blame("phantom rows", len(vouchers), f"vouchers of {name}, which was never accepted")

    def _check_tally(self, entry: Entry, action: dict[str, Any]) -> None:
        counts = {name: action[f"{name}_count"] for name in ("done", "failed", "unprocessed")}
        self.audit.rows.update(counts)
        self.audit.canceled += action["ended_by"] == "CANCELED"
        is_open = action["status"] not in ("DONE", "FAILED")
        self.audit.blame("open actions", is_open, f"{entry.name} {action['id']} {action['status']}")
        self.audit.blame("wrong tallies", sum(counts.values()) != entry.rows, f"{entry.name}: {counts} of {entry.rows}")
        if action["status"] == "FAILED":
            self.audit.blame("wrong tallies", not entry.cancel_requested, f"{entry.name} failed: {action['reason']}")
        self._check_failures(entry, action)
        self._check_batches(entry, action)
        shown = self._api.get(f"/v1/async-actions/{action['id']}")
        differs = any(shown[f"{name}_count"] != count for name, count in counts.items())
        self.audit.blame("wrong tallies", differs, f"{entry.name}: the API shows other counts")

    def _check_failures(self, entry: Entry, action: dict[str, Any]) -> None:
        failures = self._query(
            'SELECT "row", reason FROM failures WHERE project_id = %s AND action_id = %s', action["id"]
        )
        rows = {failure["row"] for failure in failures}
        self.audit.blame("wrong tallies", len(rows) != action["failed_count"], f"{entry.name}: {len(rows)} failures")
        wrong = rows - entry.failed if action["status"] == "FAILED" else rows ^ entry.failed
        wrong -= entry.raced.keys()
        reasons = [failure for failure in failures if failure["row"] in wrong][:3]
        self.audit.blame("wrong failures", len(wrong), f"{entry.name}: {sorted(wrong)[:5]} {reasons}")

    def _check_batches(self, entry: Entry, action: dict[str, Any]) -> None:
        (sums,) = self._query(
            "SELECT coalesce(sum(done_count), 0) AS done, coalesce(sum(failed_count), 0) AS failed,"
            " coalesce(sum(row_count), 0) AS rows, count(*) FILTER (WHERE status = 'OPEN') AS open"
            " FROM batches WHERE project_id = %s AND action_id = %s",
            action["id"],
        )
        wrong = (sums["done"], sums["failed"]) != (action["done_count"], action["failed_count"])
        wrong |= sums["rows"] != entry.rows or (sums["open"] > 0 and action["status"] == "DONE")
        self.audit.blame("wrong tallies", wrong, f"{entry.name}: its batches say {sums}")

    def _check_vouchers(self, entry: Entry, action: dict[str, Any]) -> None:
        if entry.work is Work.PURGE:
            sql = "SELECT count(*) AS left FROM vouchers WHERE project_id = %s AND metadata ? %s"
            (stored,) = self._query(sql, entry.target)
            self.audit.blame("wrong values", stored["left"], f"{entry.target} was purged")
            return
        stored = self._vouchers[entry.name]
        lost = action["done_count"] - len(stored)
        self.audit.blame("lost rows", max(lost, 0), f"{entry.name}: {lost} of {action['done_count']} done rows")
        phantoms = stored.keys() - entry.written.keys()
        self.audit.blame("phantom rows", max(len(phantoms), -lost), f"{entry.name}: {len(stored)} vouchers")
        wrong = [code for code in stored.keys() & entry.written.keys() if stored[code] != entry.written[code]]
        self.audit.blame("wrong values", len(wrong), f"{entry.name}: {wrong[:3]}")

    def _check_orders(self, accepted: list[Accepted]) -> None:
        """What several entries wrote is what some order of their batches would have left."""
        vouchers = self._query(
            "SELECT code AS key, metadata FROM vouchers WHERE project_id = %s AND campaign_id IS NULL"
        )
        customers = self._query("SELECT source_id AS key, name, metadata FROM customers WHERE project_id = %s")
        shared = [row for row in vouchers if row["key"].startswith(f"{self._ledger.name}s-")]
        names = {row["key"]: row["name"] for row in customers if row["name"] is not None}
        self._check_order(accepted, {Work.SHARED, Work.MARKS}, _marks(shared))
        self._check_order(accepted, {Work.CUSTOMERS}, names)
        self._check_order(accepted, {Work.UPDATES}, _marks(customers))

    def _check_order(self, accepted: list[Accepted], works: set[Work], values: dict[str, str | None]) -> None:
        written = [
            Written(entry, first_row, entry.batches.get(first_row, {}))
            for entry, action in accepted
            if entry.work in works
            for first_row in self._closed(action)
        ]
        writers = Counter(key for batch in written for key in batch.sets)
        self.audit.shared += sum(count > 1 for count in writers.values())
        contradictions = find_contradictions(written, values)
        self.audit.blame("wrong values", len(contradictions), "; ".join(contradictions[:3]))

    def _closed(self, action: dict[str, Any]) -> list[int]:
        sql = "SELECT first_row FROM batches WHERE project_id = %s AND action_id = %s AND status = 'CLOSED'"
        return [row["first_row"] for row in self._query(sql, action["id"])]

    def _check_raced(self, accepted: list[Accepted]) -> None:
        """Of those who raced for a code one has created it, and it holds what that one sent."""
        winners: dict[str, list[str]] = defaultdict(list)
        expected: set[str] = set()
        for entry, action in accepted:
            sql = 'SELECT "row" FROM failures WHERE project_id = %s AND action_id = %s'
            failed = {failure["row"] for failure in self._query(sql, action["id"])}
            expected |= set(entry.raced.values())
            for row, code in entry.raced.items():
                if row not in failed:
                    winners[code].append(f"{entry.name} {row}")
        there = self._vouchers[f"{self._ledger.name}r"]
        lost = [code for code in expected if len(winners[code]) != 1 or code not in there]
        self.audit.blame("lost rows", len(lost), f"raced for: {[(code, winners[code]) for code in lost[:3]]}")
        phantoms = there.keys() - expected
        self.audit.blame("phantom rows", len(phantoms), f"nobody raced for {list(phantoms)[:3]}")
        wrong = [code for code, notes in winners.items() if len(notes) == 1 and there.get(code) not in (None, *notes)]
        self.audit.blame("wrong values", len(wrong), f"raced for: {wrong[:3]}")

    def _check_created(self, accepted: list[Accepted]) -> None:
        """Each resource was counted as created once, by whichever action."""
        of_customers = (Work.CUSTOMERS, Work.UPDATES)
        for table in ("customers", "vouchers"):
            counted = sum(
                action["created_count"]
                for entry, action in accepted
                if (entry.work in of_customers) == (table == "customers")
            )
            (there,) = self._query(f"SELECT count(*) AS rows FROM {table} WHERE project_id = %s")
            wrong = counted != there["rows"]
            self.audit.blame("wrong tallies", wrong, f"{counted} {table} counted as created, {there['rows']} there")

    def _check_campaign(self, accepted: list[Accepted]) -> None:
        wanted = sum(action["done_count"] for entry, action in accepted if entry.work is Work.GENERATION)
        (made,) = self._query(
            "SELECT count(*) AS vouchers FROM vouchers WHERE project_id = %s AND campaign_id IS NOT NULL"
        )
        self.audit.blame("lost rows", max(wanted - made["vouchers"], 0), f"{made} of {wanted} generated")
        self.audit.blame("phantom rows", max(made["vouchers"] - wanted, 0), f"{made} of {wanted} generated")

    def _check_events(self) -> None:
        """Each action was told of as it started, as too many of its rows had failed, and as it ended."""
        findings = compare(self._actions.values(), self._requests)
        self.audit.events += len({each.event["id"] for each in self._requests})
        for violation in ("lost", "phantom", "changed"):
            events = getattr(findings, violation)
            self.audit.blame(f"{violation} events", len(events), f"{self._ledger.name}: {events[:3]}")


def _marks(rows: list[dict[str, Any]]) -> dict[str, str | None]:
    return {
        f"{row['key']} {name}": value
        for row in rows
        for name, value in row["metadata"].items()
        if name in ("Note", "last") or name.startswith("by ")
    }


def audit_all(
    url: str, projects: list[tuple[Api, Ledger]], refusals: list[str], lost: list[Lost], requests: list[Received]
) -> Audit:  # fmt: skip
    """Audit every project, with the requests to its webhook; answers that no client should ever get count as well.

    Each of the `lost` answers told of an action, which has to be there, and to be the one that its client found.
    """
    audit = Audit()
    audit.blame("bad answers", len(refusals), "; ".join(refusals[:3]))
    with psycopg.connect(url, row_factory=dict_row) as connection:
        for api, ledger in projects:
            of_project = [each for each in requests if each.path == f"/{ledger.name}"]
            Auditor(connection, api, ledger, of_project, audit).run()
        there = {row["id"] for row in connection.execute("SELECT id FROM async_actions")}
    gone = [answer for answer in lost if answer.action_id not in there]
    audit.blame("lost submissions", len(gone), f"their answers were lost on the way: {gone[:3]}")
    accepted = {entry.idempotency_key: entry.action_id for _, ledger in projects for entry in ledger.entries}
    others = [answer for answer in lost if answer.key is not None and accepted[answer.key] != answer.action_id]
    audit.blame("phantom submissions", len(others), f"sent again, they became other actions: {others[:3]}")
    return audit
