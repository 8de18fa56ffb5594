"""Taking an upload in: its bytes become portions, piece by piece and beside the event loop, and go to the database."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import TypeVar

from tallykeep.engine.decimal_marks import DecimalMarks
from tallykeep.engine.kinds import Upload
from tallykeep.engine.open import Opened
from tallykeep.engine.room import Holder
from tallykeep.engine.side_thread import Aside
from tallykeep.engine.staging import Staged
from tallykeep.engine.unique import UniqueKeys
from tallykeep.model import Portion, Source

Done = TypeVar("Done")

_SMALL_BYTES = 1 << 14  # a body of so many bytes is read where it is: quicker than the way to the thread and back
_PIECE_BYTES = 1 << 17
_WORTH_WRITING_BYTES = 3 << 20  # smaller submissions are written with their action, in one transaction
_WORTH_WRITING = 16  # portions
_SLOW_SECONDS = 1.0  # who sends nothing for so long holds little meanwhile


class Intake:
    """One upload on its way in; `rest` are the portions, in order behind those staged, that its acceptance writes."""

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
        self.rest: list[Portion] = []

    async def read(self, staged: Staged, holder: Holder) -> None:
        """Read all of it; what would take more memory than its share is staged.

        Raises InvalidPayloadError and BodyTooLargeError for the rows, UploadLostError, and the database's errors.
        """
        async with aclosing(self._pieces(staged, holder)) as pieces:
            async for piece in pieces:
                self._size += len(piece)
                self.rest += await self.run(partial(self._fed, piece))
                await self._make_room(staged, holder)
        self.rest += await self.run(self._finished)
        await staged.written()

    async def run(self, step: Callable[[], Done]) -> Done:
        """Take a step in the reading of this upload, beside the event loop unless it is a small one."""
        return step() if self._size <= _SMALL_BYTES else await self._aside(step)

    async def portion(self, first_row: int, staged: Staged) -> Portion | None:
        """A portion by its first row, wherever it is by now."""
        held = next((portion for portion in self.rest if portion.first_row == first_row), None)
        return held or await staged.read(first_row)

    def _fed(self, piece: bytes) -> list[Portion]:
        return [self._taken(portion) for portion in self._splitter.feed(piece)]

    def _cut(self) -> list[Portion]:
        return [self._taken(portion) for portion in self._splitter.cut()]

    def _finished(self) -> list[Portion]:
        return [self._taken(portion) for portion in self._splitter.finish()]

    def _taken(self, portion: Portion) -> Portion:
        source: Source = self._splitter.source
        checked = self._keys.checked(portion, source) if self._keys else portion
        return self._upload.placed(self._marks.take(checked, source), source)

    async def _make_room(self, staged: Staged, holder: Holder) -> None:
        self._note(holder)
        if holder.is_full:
            await self._write(staged, holder)
        elif sum(len(portion.body) for portion in self.rest) >= _WORTH_WRITING_BYTES or (
            len(self.rest) >= _WORTH_WRITING
        ):
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
        holder.note(sum(len(portion.body) for portion in self.rest) + self._splitter.gathered)

    async def _pieces(self, staged: Staged, holder: Holder) -> AsyncGenerator[bytes]:
        """The content in pieces that take about as long; while none comes, what is held goes to the database."""
        pieces = _cut_evenly(self._content)
        following: asyncio.Future[bytes | None] | None = None
        try:
            while True:
                following = asyncio.ensure_future(anext(pieces, None))
                while not (await asyncio.wait([following], timeout=_SLOW_SECONDS if holder.holds_much else None))[0]:
                    await self._write(staged, holder)
                piece = await following
                if piece is None:
                    return
                yield piece
        finally:
            if following is not None and not following.done():
                following.cancel()
                with suppress(asyncio.CancelledError):
                    await following


async def _cut_evenly(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes, neither in many small pieces nor in large ones."""
    gathered = bytearray()
    async for chunk in chunks:
        if len(gathered) + len(chunk) < _SMALL_BYTES:
            gathered += chunk
            continue
        whole = memoryview(bytes(gathered) + chunk if gathered else chunk)
        gathered.clear()
        for start in range(0, len(whole), _PIECE_BYTES):
            yield bytes(whole[start : start + _PIECE_BYTES])
    if gathered:
        yield bytes(gathered)
