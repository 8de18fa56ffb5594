"""A visit: one request of somebody signed in. Every page but the sign-in depends on it."""

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

import httpx
from fastapi import Depends, Request

from tallykeep.dashboard.kit.api_client import Api
from tallykeep.dashboard.kit.catalog import Catalog, catalog_of
from tallykeep.dashboard.kit.guard import require_token
from tallykeep.dashboard.kit.in_process import Origin
from tallykeep.dashboard.kit.rights import Rights, UnknownRights, rights_of
from tallykeep.dashboard.kit.session_store import Session, Sessions

COOKIE = "tallykeep_session"
Why = Literal["expired", "revoked", "signed-out", ""]


class SignedOutError(Exception):
    """Nobody is signed in, or no longer; the sign-in page shows `why`."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Visit:
    """The signed-in user, the API with their keys, what these may do, and the catalog."""

    session: Session
    api: Api
    catalog: Catalog
    rights: Rights


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
    api = Api(client, session.keys, Origin(request.client.host if request.client else None, session.id))
    # Where these requests are refused already, the error's page has a frame all the same.
    request.state.rights, request.state.catalog = UnknownRights(), request.app.state.catalog
    request.state.rights = await rights_of(api)
    request.state.catalog = await catalog_of(request.app, api)
    return Visit(session, api, request.state.catalog, request.state.rights)


FromVisit = Annotated[Visit, Depends(_visit)]


def here(request: Request) -> str:
    """Return the page's own address: path and query."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def own_path(wanted: str | None) -> str:
    """Return a path to continue to, which somebody else may have chosen; `/` where it leads to another site."""
    text = wanted or "/"
    leads_away = not text.startswith("/") or text.startswith("//") or "\\" in text or any(c < " " for c in text)
    return "/" if leads_away else text


def sign_in_path(next_path: str = "/", why: Why = "") -> str:
    """Return the path of the sign-in page, with where to continue from there."""
    query = {name: value for name, value in (("next", next_path), ("why", why)) if value not in ("/", "")}
    return "/sign-in" + (f"?{urlencode(query)}" if query else "")
