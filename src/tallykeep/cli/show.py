"""What people see in the terminal: bars while an action runs, then its tally and its failures by reason."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from tallykeep.cli.client import Client

_ENDED = ("DONE", "FAILED")
_FIRST_POLL, _LONGEST_POLL = 0.05, 1.0


def bars(console: Console) -> Progress:
    """Progress bars for an upload and for the rows that follow."""
    return Progress(
        TextColumn("  {task.description:<11}"),
        BarColumn(bar_width=32),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(compact=True),
        console=console,
    )


def uploaded(progress: Progress, file: Path, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, with a bar that shows how far they got."""
    size = file.stat().st_size
    task = progress.add_task("uploading", total=max(size, 1), note=f"{size:,} bytes")
    for chunk in chunks:
        yield chunk
        progress.advance(task, len(chunk))
    progress.update(task, completed=max(size, 1))


def watched(progress: Progress, client: Client, action_id: str) -> dict[str, Any]:
    """Wait for the action's end with a bar; returns the action."""
    task = progress.add_task("processing", total=None, note="waiting")
    started = time.monotonic()
    pause = _FIRST_POLL
    while True:
        action = client.get(f"/v1/async-actions/{action_id}")
        accounted = action["done_count"] + action["failed_count"]
        rate = accounted / max(time.monotonic() - started, 0.001)
        note = f"{accounted:,} of {action['total_count']:,} rows, {rate:,.0f} rows/s"
        progress.update(task, total=max(action["total_count"], 1), completed=accounted, note=note)
        if action["status"] in _ENDED:
            progress.update(task, completed=max(action["total_count"], 1))
            return action
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_POLL)


def tally(action: dict[str, Any], reasons: list[dict[str, Any]]) -> Group:
    """The tally of an action and its failures by reason, ready to print."""
    counts = Text("  ")
    counts.append(f"{action['done_count']:,} done", style="bold green")
    counts.append("   ")
    counts.append(f"{action['failed_count']:,} failed", style="bold red" if action["failed_count"] else "dim")
    if action["unprocessed_count"]:
        counts.append(f"   {action['unprocessed_count']:,} unprocessed", style="bold yellow")
    counts.append(f"   of {action['total_count']:,} rows in {action['processing_time'] / 1000:,.2f} s   ")
    counts.append(f"{action['id']}", style="dim")
    if action["dry_run"]:
        counts.append("\n  a dry run: nothing was written", style="bold yellow")
    return Group(counts, _reasons(reasons)) if reasons else Group(counts)


def listed(actions: list[dict[str, Any]]) -> Table:
    """Actions, one a line; within 80 columns only types are wrapped."""
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("id", no_wrap=True)
    table.add_column("type", overflow="fold")
    for title in ("status", "done", "failed", "created (UTC)"):
        table.add_column(title, no_wrap=True, justify="right" if title in ("done", "failed") else "left")
    for action in actions:
        counts = (f"{action['done_count']:,}", f"{action['failed_count']:,}")
        table.add_row(
            action["id"], action["type"], action["status"], *counts, action["created_at"][5:16].replace("T", " ")
        )
    return table


def _reasons(reasons: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("reason", overflow="fold")
    table.add_column("first rows", no_wrap=True)
    for group in reasons:
        table.add_row(f"{group['count']:,}", group["reason"], ", ".join(map(str, group["first_rows"])))
    return table


def failure_groups(client: Client, action: dict[str, Any]) -> list[dict[str, Any]]:
    """An action's failures by reason, most frequent first; none are asked for when none failed."""
    if not action["failed_count"]:
        return []
    path = f"/v1/async-actions/{action['id']}/failures"
    groups: list[dict[str, Any]] = client.get(path, group_by="reason", limit=20)["reasons"]
    return groups
