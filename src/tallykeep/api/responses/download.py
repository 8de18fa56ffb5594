"""A file that is sent as it is read. It goes on only for as long as whoever began it may still have it."""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from tallykeep.api.responses.cut_off import log_cut_off
from tallykeep.core.errors import AnswerCutOffError

Part = str | bytes

# Small, for a part of megabytes takes a slow client hours, in which its key may end.
_PIECE_BYTES = 1 << 16


class Admission(Protocol):
    """Tells whether whoever began a download would still be let in, by this key."""

    @property
    def key_id(self) -> str:
        """Return the key's id."""

    async def __call__(self, *, now: bool = False) -> bool:
        """Return whether; what was found within the last second will do, unless `now` is of importance."""


class Download(StreamingResponse):
    """An answer with a file, in parts; it is broken off before the first piece that may not be sent any more."""

    def __init__(
        self, parts: AsyncIterator[Part], admission: Admission, media_type: str, name: str, status_code: int = 200
    ) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(_while_admitted(parts, admission), status_code, headers, media_type)
        self._key_id = admission.key_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file; raise AnswerCutOffError where it is broken off."""
        try:
            await super().__call__(scope, receive, send)
        except AnswerCutOffError:
            log_cut_off(scope, "what let it in is not valid any more", self._key_id)
            raise


async def _while_admitted(parts: AsyncIterator[Part], admission: Admission) -> AsyncIterator[Part]:
    """Yield the parts in pieces; raise AnswerCutOffError as soon as the admission ends, at the latest behind them.

    A project that is deleted meanwhile has no further parts, which looks like the end; its keys were refused before.
    """
    async for part in parts:
        for piece in _pieces(part):
            if not await admission():
                raise AnswerCutOffError
            yield piece
    if not await admission(now=True):
        raise AnswerCutOffError


def _pieces(part: Part) -> Iterator[bytes]:
    data = part.encode() if isinstance(part, str) else part
    for at in range(0, len(data), _PIECE_BYTES):
        yield data[at : at + _PIECE_BYTES]
