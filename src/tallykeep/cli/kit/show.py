"""How actions are printed: their tally, their failures by reason, lists of them."""

import json
import os
import shlex
import sys
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.phrases import ago, duration, rows, when

_MAX_REASONS = 20
_UNBROKEN = 200
_STATUS_STYLES = {"DONE": "green", "FAILED": "red", "IN_PROGRESS": "cyan", "ENQUEUED": "dim"}
_ENDED_BY = {
    "CANCELED": "canceled",
    "STOPPED": "stopped, because of --on-error",
    "REJECTED": "rejected, because of --on-error: nothing was written",
    "GAVE_UP": "given up; a retry with --include-unprocessed processes the rows that are left",
}
_NOTHING_BY_TYPE = {"CUSTOMERS.PERMANENT_DELETION": "no stored rows were about them"}


def out() -> Console:
    """Return the console for results; without a terminal, lines are long rather than broken."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _UNBROKEN
    return Console(highlight=False, width=width)


def aside() -> Console:
    """Return the console for everything else: bars and remarks."""
    return Console(stderr=True, highlight=False)


def print_json(content: Any) -> None:
    """Write JSON, and nothing else, to standard output, for scripts."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def command(*words: str) -> str:
    """Return a command to copy."""
    return f"tallykeep {shlex.join(words)}"


def tally(action: dict[str, Any], reasons: list[dict[str, Any]]) -> Group:
    """Return the tally of an action and its failures by reason, ready to print."""
    lines: list[RenderableType] = [_counts(action)]
    if not action["total_count"]:
        nothing = _NOTHING_BY_TYPE.get(action["type"], "no rows: there was nothing to do")
        lines.append(Text(f"  {nothing}", style="yellow"))
    if action["dry_run"]:
        lines.append(Text("  a dry run: nothing was written", style="bold yellow"))
    if action["ended_by"] in _ENDED_BY:
        lines.append(Text(f"  {_ENDED_BY[action['ended_by']]}", style="yellow"))
    if action["ended_by"] == "GAVE_UP":
        lines.append(Text(f"  {action['reason']}", style="yellow"))
    elif action.get("retry_count"):
        lines.append(Text(f"  retried {action['retry_count']:,} times: {action['retry_reason']}", style="yellow"))
    if fixed := action.get("fixed_count"):
        lines.append(Text(f"  {fixed:,} of the others were imported by retries since", style="green"))
    return Group(*lines, *([_reasons(reasons)] if reasons else []))


def _counts(action: dict[str, Any]) -> Text:
    counts = Text("  ")
    counts.append(f"{action['done_count']:,} done", style="bold green" if action["done_count"] else "dim")
    if effects := _effects(action):
        counts.append(f" ({effects})", style="green")
    counts.append(f"   {action['failed_count']:,} failed", style="bold red" if action["failed_count"] else "dim")
    if action["unprocessed_count"]:
        counts.append(f"   {action['unprocessed_count']:,} unprocessed", style="bold yellow")
    counts.append(f"   of {rows(action['total_count'])}")
    if action["finished_at"]:
        counts.append(f" in {duration(action['processing_time'] / 1000)}")
    else:
        counts.append(f", {action['status'].lower().replace('_', ' ')}", style="cyan")
    counts.append(f"   {action['id']}", style="dim")
    return counts


def _effects(action: dict[str, Any]) -> str:
    """Return «370 new, 6 updated», where there are both."""
    created, updated = action.get("created_count") or 0, action.get("updated_count") or 0
    return f"{created:,} new, {updated:,} updated" if created and updated else ""


def _reasons(reasons: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("reason", overflow="fold")
    # Of a file people count the lines, of a workbook the sheet's rows; elements of a JSON array have neither.
    position = (
        "first_lines" if all(None not in group.get("first_lines", (None,)) for group in reasons) else "first_rows"
    )
    table.add_column(position.replace("_", " "), overflow="fold", max_width=36 if sys.stdout.isatty() else None)
    for group in reasons:
        table.add_row(f"{group['count']:,}", Text(group["reason"]), Text(", ".join(map(str, group[position]))))
    return table


def failure_groups(client: Client, action: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an action's failures by reason, most frequent first; asks for none where none failed."""
    if not action["failed_count"]:
        return []
    path = f"/v1/async-actions/{action['id']}/failures"
    groups: list[dict[str, Any]] = client.get(path, group_by="reason", limit=_MAX_REASONS)["reasons"]
    return groups


def action_table(actions: list[dict[str, Any]]) -> Table:
    """Return actions, one per line; within 80 columns only types and file names are wrapped."""
    table = plain_table("id", "type", "status", "done", "failed", "started")
    for number in (3, 4):
        table.columns[number].justify = "right"
    table.columns[1].overflow, table.columns[1].no_wrap = "fold", False
    for action in actions:
        failed = Text(f"{action['failed_count']:,}", style="red" if action["failed_count"] else "")
        status = Text(action["status"], style=_STATUS_STYLES.get(action["status"], ""))
        action_type = action["type"] + (" (dry run)" if action["dry_run"] else "")
        table.add_row(action["id"], action_type, status, f"{action['done_count']:,}", failed, ago(action["created_at"]))
    return table


def facts(action: dict[str, Any]) -> Table:
    """Return everything about one action but its tally."""
    table = Table(box=None, padding=(0, 2), show_header=False)
    details = {
        "type": action["type"],
        "status": action["status"],
        "file": action["file_name"],
        "asked by": action["user"],
        "retry of": action["parent_id"],
        "enqueued": when(action["created_at"]),
        "started": when(action["started_at"]) if action["started_at"] else None,
        "finished": when(action["finished_at"]) if action["finished_at"] else None,
        "report": ", ".join((action["result"] or {}).get("reports") or ()),
    }
    for name, text in details.items():
        if text:
            table.add_row(Text(name, style="dim"), Text(str(text), overflow="fold"))
    return table


def plain_table(*titles: str) -> Table:
    """Return a table without lines."""
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for title in titles:
        table.add_column(title, no_wrap=True)
    return table
