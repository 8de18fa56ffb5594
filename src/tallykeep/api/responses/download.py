"""A file that is sent as it is read. It goes on only for as long as whoever began it may still have it."""

from collections.abc import AsyncIterator
from typing import Protocol

from fastapi.responses import StreamingResponse

Part = str | bytes


class Admission(Protocol):
    """Tells whether whoever began a download would still be let in."""

    async def __call__(self, *, now: bool = False) -> bool:
        """Return whether; what was found within the last second will do, unless `now` is of importance."""


class DownloadBrokenOffError(Exception):
    """What let a download in is not valid any more: its connection is cut, so that it does not pass for complete."""


class Download(StreamingResponse):
    """An answer with a file, in parts; it is broken off before the first part that may not be sent any more."""

    def __init__(
        self, parts: AsyncIterator[Part], admission: Admission, media_type: str, name: str, status_code: int = 200
    ) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(_while_admitted(parts, admission), status_code, headers, media_type)


async def _while_admitted(parts: AsyncIterator[Part], admission: Admission) -> AsyncIterator[Part]:
    """Yield the parts; raise DownloadBrokenOffError as soon as the admission ends, and at the latest at their end.

    A project that is deleted meanwhile has no further parts, which looks like the end; its keys were refused before.
    """
    async for part in parts:
        if not await admission():
            raise DownloadBrokenOffError
        yield part
    if not await admission(now=True):
        raise DownloadBrokenOffError
