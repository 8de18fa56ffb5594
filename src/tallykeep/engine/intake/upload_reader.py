"""Taking an upload in: its bytes become batches, piece by piece and beside the event loop, and go to the database."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TypeVar

from tallykeep.core.action_type import Upload
from tallykeep.core.batch import Batch, Source
from tallykeep.core.concurrency.side_thread import Aside
from tallykeep.engine.intake.memory_budget import Holder
from tallykeep.engine.intake.open_upload import Opened
from tallykeep.engine.intake.read_ahead import ReadAhead
from tallykeep.engine.intake.staging import Staged
from tallykeep.engine.intake.unique_keys import UniqueKeys
from tallykeep.formats.compression import followed
from tallykeep.formats.csv.decimal_marks import DecimalMarks

Done = TypeVar("Done")

_SMALL_BYTES = 1 << 14  # a body of so many bytes is read where it is: quicker than the way to the thread and back
_LARGE_BYTES = 1 << 20  # a body of this size probably has more to come: it goes to the thread in fewer, larger lots
_WORTH_THE_WAY_BYTES = 1 << 17
_WORTH_WRITING_BYTES = 3 << 20  # smaller submissions are written with their action, in one transaction
_WORTH_WRITING = 16  # batches
_SLOW_SECONDS = 1.0  # an upload that sends nothing for this long may hold only little meanwhile


class UploadReader:
    """One upload on its way in; `rest` are the batches, in order behind those staged, that its acceptance writes."""

    def __init__(
        self, opened: Opened, upload: Upload, keys: UniqueKeys | None, marks: DecimalMarks, aside: Aside
    ) -> None:
        self._splitter = opened.splitter
        self._content = opened.content
        self._upload = upload
        self._keys = keys
        self._marks = marks
        self._aside = aside
        self._size = 0
        self.rest: list[Batch] = []

    async def read(self, staged: Staged, holder: Holder) -> None:
        """Read all of it; what would take more memory than its share is staged.

        Raises InvalidPayloadError and BodyTooLargeError for the rows, UploadLostError, and the database's errors.
        """
        rest = await self._begin()
        if rest is not None:
            await self._read_on(rest, staged, holder)
        self.rest += await self.run(self._finished)
        await staged.written()

    async def _begin(self) -> AsyncIterator[bytes] | None:
        """Read a small body where it is; return the rest of one that turns out to be larger."""
        async for piece in self._content:
            if self._size + len(piece) > _SMALL_BYTES:
                return followed(piece, self._content)
            self._size += len(piece)
            self.rest += self._fed([piece])
        return None

    async def _read_on(self, content: AsyncIterator[bytes], staged: Staged, holder: Holder) -> None:
        with holder.receiving() as capacity:
            async with ReadAhead(content, capacity) as ahead:
                await self._read_all(ahead, staged, holder)

    async def _read_all(self, ahead: ReadAhead, staged: Staged, holder: Holder) -> None:
        while pieces := await self._next(ahead, staged, holder):
            self._size += sum(map(len, pieces))
            self.rest += await self.run(partial(self._fed, pieces))
            await self._write_if_full(staged, holder)

    async def run(self, step: Callable[[], Done]) -> Done:
        """Take a step in the reading of this upload, beside the event loop unless it is a small one."""
        return step() if self._size <= _SMALL_BYTES else await self._aside(step)

    async def batch(self, first_row: int, staged: Staged) -> Batch | None:
        """Find a batch by its first row, among those held or staged."""
        held = next((batch for batch in self.rest if batch.first_row == first_row), None)
        return held or await staged.read(first_row)

    async def _next(self, ahead: ReadAhead, staged: Staged, holder: Holder) -> list[bytes]:
        """Take what comes next, nothing at the end; while nothing comes, what is held goes to the database."""
        least = _SMALL_BYTES if self._size < _LARGE_BYTES else _WORTH_THE_WAY_BYTES
        while not await ahead.wait(least, _SLOW_SECONDS if holder.holds_much else None):
            await self._write(staged, holder)
        return ahead.take()

    def _fed(self, pieces: list[bytes]) -> list[Batch]:
        return [self._taken(batch) for piece in pieces for batch in self._splitter.feed(piece)]

    def _cut(self) -> list[Batch]:
        return [self._taken(batch) for batch in self._splitter.cut()]

    def _finished(self) -> list[Batch]:
        return [self._taken(batch) for batch in self._splitter.finish()]

    def _taken(self, batch: Batch) -> Batch:
        source: Source = self._splitter.source
        checked = self._keys.checked(batch, source) if self._keys else batch
        return self._upload.placed(self._marks.take(checked, source), source)

    async def _write_if_full(self, staged: Staged, holder: Holder) -> None:
        self._note(holder)
        if holder.is_full:
            await self._write(staged, holder)
        elif self._held_bytes() >= _WORTH_WRITING_BYTES or len(self.rest) >= _WORTH_WRITING:
            await self._write(staged, holder, cut=False)

    async def _write(self, staged: Staged, holder: Holder, *, cut: bool = True) -> None:
        await staged.written()
        if cut and not self.rest:
            self.rest += await self.run(self._cut)
        if self.rest:
            written, self.rest = self.rest, []
            await staged.write(written)
        self._note(holder)

    def _note(self, holder: Holder) -> None:
        holder.note(self._held_bytes() + self._splitter.gathered)

    def _held_bytes(self) -> int:
        return sum(batch.held_bytes for batch in self.rest)
