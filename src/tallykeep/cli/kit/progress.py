"""Progress bars in a terminal: bytes while a file is sent, rows while its action runs."""

import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.exits import UnavailableError
from tallykeep.cli.kit.phrases import rows, time_left, timestamp
from tallykeep.cli.kit.sources import FileToSend

_ENDED = ("DONE", "FAILED")
_FIRST_WAIT, _MAX_WAIT = 0.1, 1.0
_TIMEOUT_SECONDS = 300
_PAUSE_SECONDS = 1
_IDLE_SECONDS = 3
_MAX_BAR_LENGTH, _SHORTEST_BAR = 32, 6
_MAX_NOTE_LENGTH = 70  # columns kept beside the bar for everything else, where there are as many
_BESIDE = 19  # the columns of a line before its note, without the bar
_NO_WORKER = ["no worker processes it; is `tallykeep worker` running?", "no worker is running", "no worker"]


class Bars:
    """The bars of one file or action; a context manager. They are shown in terminals only."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("  {task.description:<10}", table_column=Column(no_wrap=True)),
            _Bar(console),
            TextColumn("{task.percentage:>3.0f}%", table_column=Column(no_wrap=True)),
            _Note(console),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def sending(self, file: FileToSend) -> Iterator[bytes]:
        """Yield the file's chunks, and show how far they got; the bar of an earlier try goes."""
        for earlier in self._progress.tasks:
            self._progress.remove_task(earlier.id)
        task = self._progress.add_task("uploading", total=max(file.size, 1), note=_upload_note(0, file.size, None))
        started, uploaded = time.monotonic(), 0
        for chunk in file.chunks():
            yield chunk
            uploaded += len(chunk)
            took = time.monotonic() - started
            self._progress.update(task, completed=uploaded, note=_upload_note(uploaded, file.size, took))
        size = decimal(file.size)
        self._progress.update(task, completed=max(file.size, 1), note=[f"{size}, the server is storing them", size])

    def uploaded(self, file: FileToSend) -> None:
        """Settle the upload's bar: the server has answered, or will not."""
        for task in self._progress.tasks:
            if task.finished:
                self._progress.update(task.id, note=[decimal(file.size)])

    def watch(self, client: Client, action_id: str) -> dict[str, Any]:
        """Wait for the action's end, through outages of a few minutes, and return it.

        Raises UnavailableError after that.
        """
        task = self._progress.add_task("processing", total=None, note=["waiting"])
        wait, path, pulse = _FIRST_WAIT, f"/v1/async-actions/{action_id}", _Pulse()
        action = client.get(path)
        while action["status"] not in _ENDED:
            self._show(task, action, None if pulse.is_alive(client, action) else _NO_WORKER)
            action = self._get_through_outages(client, path, task, wait)
            wait = min(wait * 1.5, _MAX_WAIT)
        self._show(task, action)
        return action

    def _get_through_outages(self, client: Client, path: str, task: TaskID, wait: float) -> dict[str, Any]:
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while True:
            try:
                return client.get_now(path, wait=round(wait, 2))
            except UnavailableError:
                if time.monotonic() > deadline:
                    raise
                self._progress.update(task, note=["the server does not answer; trying again", "no answer"])
                time.sleep(_PAUSE_SECONDS)

    def _show(self, task: TaskID, action: dict[str, Any], note: list[str] | None = None) -> None:
        total, accounted = action["total_count"], accounted_for(action)
        completed = 1 if not total and action["status"] in _ENDED else accounted
        self._progress.update(task, total=total or 1, completed=completed, note=note or _processed(action))


class _Pulse:
    """Watches whether an action progresses; where it has not for a while, whether there is a worker at all."""

    def __init__(self) -> None:
        self._accounted, self._checked_at, self._alive = -1, time.monotonic(), True

    def is_alive(self, client: Client, action: dict[str, Any]) -> bool:
        if accounted_for(action) != self._accounted:
            self._accounted, self._checked_at, self._alive = accounted_for(action), time.monotonic(), True
        elif time.monotonic() - self._checked_at > _IDLE_SECONDS:
            self._checked_at, self._alive = time.monotonic(), client.is_ready()
        return self._alive


def _bar_width(console: Console) -> int:
    return max(_SHORTEST_BAR, min(_MAX_BAR_LENGTH, console.width - _MAX_NOTE_LENGTH))


class _Bar(BarColumn):
    """A bar that leaves space for its note, however wide the terminal is."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def render(self, task: Task) -> ProgressBar:
        self.bar_width = _bar_width(self._console)
        return super().render(task)


class _Note(ProgressColumn):
    """The note behind a bar: the first of its wordings that fits, longest first."""

    max_refresh = 0.1

    def __init__(self, console: Console) -> None:
        super().__init__(table_column=Column(no_wrap=True, overflow="ellipsis"))
        self._console = console

    def render(self, task: Task) -> Text:
        width = self._console.width - _BESIDE - _bar_width(self._console)
        wordings: list[str] = task.fields["note"]
        return Text(next((wording for wording in wordings if len(wording) <= width), wordings[-1]), style="dim")


def accounted_for(action: dict[str, Any]) -> int:
    """Return how many rows have an outcome."""
    return int(action["done_count"] + action["failed_count"])


def _upload_note(uploaded: int, size: int, took: float | None) -> list[str]:
    if not took or not uploaded:
        return [decimal(size)]
    rate = uploaded / took
    left = time_left((size - uploaded) / rate)
    return [
        f"{decimal(uploaded)} of {decimal(size)}, {decimal(round(rate))}/s, {left}",
        f"{decimal(size)}, {left}",
        left,
    ]


def _processed(action: dict[str, Any]) -> list[str]:
    accounted, total = accounted_for(action), action["total_count"]
    counted = f"{accounted:,} of {rows(total)}"
    if action["started_at"] is None:
        return ["waiting in the queue", "waiting"]
    rate = f"{_rate(action):,.0f} rows/s"
    if action["status"] in _ENDED:
        return [f"{counted}, {rate}", counted, f"{accounted:,}"]
    if action["eta_seconds"] is None:
        return [counted, counted, f"{accounted:,}"]
    left = time_left(action["eta_seconds"])
    return [f"{counted}, {rate}, {left}", f"{rate}, {left}", left]


def _rate(action: dict[str, Any]) -> float:
    took = timestamp(action["updated_at"]) - timestamp(action["started_at"])
    return accounted_for(action) / max(took.total_seconds(), 0.001)
