"""Files that were sent for previews, kept for a while, so that the next previews need not send them again.

They are kept as the form's parser left them: in a temporary file without a name, which ends with the process. Each
process has its own; where a file is not known, or no longer, the browser sends it again.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass(slots=True)
class Upload:
    """One file of one session; its readers hold its lock."""

    owner: str
    name: str
    file: BinaryIO
    size: int
    until: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Uploads:
    """Keeps the newest files: so many, so many of one session, so many bytes of all, for so long."""

    maximum, max_of_one, max_bytes, seconds = 64, 2, 512 << 20, 900.0

    def __init__(self) -> None:
        self._kept: dict[str, Upload] = {}
        self._timer: asyncio.TimerHandle | None = None

    def keep(self, owner: str, name: str, file: BinaryIO, size: int) -> tuple[str, Upload]:
        """Keep a file and return its token; "" where it is too large and ends with the request."""
        upload = Upload(owner, name, file, size, time.monotonic() + self.seconds)
        if size > self.max_bytes:
            return "", upload
        token = secrets.token_urlsafe(16)
        self._kept[token] = upload
        self._evict(owner)
        self._wait_for_the_oldest()
        return token, upload

    def find(self, owner: str, token: str) -> Upload | None:
        """Return the session's file, if it is kept, and keep it longer."""
        self._forget_old()
        upload = self._kept.get(token)
        if upload is None or upload.owner != owner:
            return None
        upload.until = time.monotonic() + self.seconds
        self._kept[token] = self._kept.pop(token)
        return upload

    def _evict(self, owner: str) -> None:
        own = [token for token, upload in self._kept.items() if upload.owner == owner]
        for token in own[: -self.max_of_one]:
            self._forget(token)
        while len(self._kept) > self.maximum or sum(upload.size for upload in self._kept.values()) > self.max_bytes:
            self._forget(next(iter(self._kept)))

    def _forget_old(self) -> None:
        now = time.monotonic()
        for token in [token for token, upload in self._kept.items() if upload.until <= now]:
            self._forget(token)

    def _wait_for_the_oldest(self) -> None:
        """Let go of files in time, also where nobody asks for any more."""
        if self._timer is None and self._kept:
            soonest = min(upload.until for upload in self._kept.values())
            wait = max(0.0, soonest - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._forget_old()
        self._wait_for_the_oldest()

    def _forget(self, token: str) -> None:
        # Where somebody is reading it, it is closed with the last reference to it.
        upload = self._kept.pop(token)
        if not upload.lock.locked():
            upload.file.close()
