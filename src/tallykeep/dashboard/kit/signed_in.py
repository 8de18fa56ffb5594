"""A visit: one request of somebody who is signed in. Every page but the sign-in depends on it."""

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

import httpx
from fastapi import Depends, Request

from tallykeep.dashboard.kit.api_client import Api
from tallykeep.dashboard.kit.catalog import Catalog, catalog_of
from tallykeep.dashboard.kit.guard import require_token
from tallykeep.dashboard.kit.session_store import Session, Sessions

COOKIE = "tallykeep_session"
Why = Literal["expired", "revoked", "signed-out", ""]


class SignedOutError(Exception):
    """Nobody is signed in, or not any more; `why` is told on the sign-in page."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is here, the API as they may use it, and what there is."""

    session: Session
    api: Api
    catalog: Catalog


async def _visit(request: Request) -> Visit:
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        raise SignedOutError("")
    sessions: Sessions = request.app.state.sessions
    session = await sessions.find(cookie)
    if session is None:
        raise SignedOutError("expired")
    await require_token(request, session.csrf_token)
    request.state.session = session
    client: httpx.AsyncClient = request.app.state.client
    api = Api(client, session.keys)
    request.state.catalog = await catalog_of(request.app, api)
    return Visit(session, api, request.state.catalog)


FromVisit = Annotated[Visit, Depends(_visit)]


def here(request: Request) -> str:
    """The page's own address: path and query."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def own_path(wanted: str | None) -> str:
    """A path to go on to that somebody else may have chosen; `/` where it would lead to another site."""
    text = wanted or "/"
    leads_away = not text.startswith("/") or text.startswith("//") or "\\" in text or any(c < " " for c in text)
    return "/" if leads_away else text


def sign_in_path(next_path: str = "/", why: Why = "") -> str:
    """The sign-in page, and where to go on to from there."""
    query = {name: value for name, value in (("next", next_path), ("why", why)) if value not in ("/", "")}
    return "/sign-in" + (f"?{urlencode(query)}" if query else "")
