"""The dashboard as a client of the API, with the signed-in user's keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from tallykeep.core import exact_json
from tallykeep.dashboard.kit.in_process import NOWHERE, ORIGIN, Origin


@dataclass(frozen=True, slots=True)
class Keys:
    """A project's application keys."""

    app_id: str
    app_token: str


class RefusedError(Exception):
    """The API refused a request: its status, what it says, and its `Retry-After`, where it has one."""

    def __init__(self, status: int, answer: dict[str, Any], retry_after: str | None = None) -> None:
        super().__init__(answer.get("details") or answer.get("message") or f"status {status}")
        self.status = status
        self.retry_after = retry_after
        self.title = str(answer.get("message", "Refused"))
        self.details = str(answer.get("details", ""))
        self.request_id = str(answer.get("request_id", ""))


class KeysRefusedError(RefusedError):
    """The keys are wrong, or were revoked."""


def segment(text: str) -> str:
    """Return a text as one segment of a path."""
    return quote(text, safe="")


@dataclass(frozen=True, slots=True)
class Api:
    """Asks the API behind `client`, for somebody at this address, in this session."""

    client: httpx.AsyncClient
    keys: Keys
    origin: Origin = NOWHERE

    async def get(self, path: str, **query: Any) -> Any:
        """Return the path's JSON; parameters that are None or empty are left out. Raises RefusedError."""
        return await self.ask("GET", path, query)

    async def ask(
        self, method: str, path: str, query: dict[str, Any] | None = None, *,
        headers: dict[str, str] | None = None, **body: Any,
    ) -> Any:  # fmt: skip
        """Send any request; `body` is what httpx takes: `json`, `content`, `files`, `data`. Raises RefusedError."""
        async with self.stream(method, path, query, headers=headers, **body) as answer:
            content = await answer.aread()
        return exact_json.loads(content) if content else None

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, query: dict[str, Any] | None = None, *,
        headers: dict[str, str] | None = None, **body: Any,
    ) -> AsyncIterator[httpx.Response]:  # fmt: skip
        """Yield an answer as it comes; raises RefusedError."""
        params = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        own = {"X-App-Id": self.keys.app_id, "X-App-Token": self.keys.app_token, **(headers or {})}
        extensions = {ORIGIN: self.origin}
        async with self.client.stream(
            method, path, params=params, headers=own, extensions=extensions, **body
        ) as answer:
            if answer.status_code >= 400:
                raise _refusal(answer, await answer.aread())
            yield answer


def _refusal(answer: httpx.Response, content: bytes) -> RefusedError:
    try:
        said = exact_json.loads(content)
    except exact_json.DecodeError:
        said = {}
    error_type = KeysRefusedError if answer.status_code == 401 else RefusedError
    return error_type(answer.status_code, said if isinstance(said, dict) else {}, answer.headers.get("retry-after"))
