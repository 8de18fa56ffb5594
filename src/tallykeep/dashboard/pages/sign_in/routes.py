"""Signing in with a project's keys, signing out, and the choice of a theme."""

from typing import Annotated

import httpx
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from tallykeep.dashboard.kit.api_client import Api, Keys, KeysRefusedError, RefusedError
from tallykeep.dashboard.kit.in_process import Origin
from tallykeep.dashboard.kit.render import keep_theme, page, redirect
from tallykeep.dashboard.kit.session_store import Sessions
from tallykeep.dashboard.kit.signed_in import COOKIE, FromVisit, own_path, sign_in_path

router = APIRouter()

_WHY = {
    "expired": "Your session has ended. Sign in again to continue where you were.",
    "revoked": "The keys you signed in with are no longer valid. Sign in with other keys.",
    "signed-out": "You are signed out.",
}


@router.get("/sign-in")
async def ask_to_sign_in(request: Request, next: str = "/", why: str = "") -> Response:
    """Show the form."""
    return page(
        request, "pages/sign_in/sign_in.html", next=own_path(next), explanation=_WHY.get(why), problem=None, app_id=""
    )


@router.post("/sign-in")
async def sign_in(
    request: Request,
    app_id: Annotated[str, Form()] = "",
    app_token: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Begin a session where the keys are right; else show the form again, with what is wrong."""
    keys = Keys(app_id.strip(), app_token.strip())
    problem, cookie = await _begin(request, keys)
    if cookie is None:
        form = {"next": own_path(next), "explanation": None, "problem": problem, "app_id": keys.app_id}
        return page(request, "pages/sign_in/sign_in.html", status=422, **form)
    sessions: Sessions = request.app.state.sessions
    await sessions.end(request.cookies.get(COOKIE, ""))
    answer = redirect(request, own_path(next))
    answer.set_cookie(
        COOKIE, cookie, max_age=round(sessions.hours * 3600), httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


async def _begin(request: Request, keys: Keys) -> tuple[str, str | None]:
    """Return what is wrong, or a session's cookie."""
    if not _sendable(keys):
        return "Fill in both: the app id and the app token, as they were shown to you.", None
    client: httpx.AsyncClient = request.app.state.client
    origin = Origin(request.client.host if request.client else None)
    try:
        projects = await Api(client, keys, origin).get("/management/v1/projects")
    except KeysRefusedError:
        return "These keys are wrong, or they were revoked. Check that the id and the token belong together.", None
    except RefusedError as error:
        if error.status == 403:
            return f"These keys cannot sign in here. {error.details}.", None
        if error.status == 429:
            return f"{error.title}. {error.details}.", None
        return f"Signing in is not possible right now. {error.details}", None
    sessions: Sessions = request.app.state.sessions
    return "These keys were revoked just now.", await sessions.begin(keys, projects["data"][0]["name"])


def _sendable(keys: Keys) -> bool:
    """Return whether these can be keys: not empty, and fit for a header."""
    return all(text and text.isascii() and text.isprintable() for text in (keys.app_id, keys.app_token))


@router.post("/sign-out")
async def sign_out(request: Request, visit: FromVisit) -> Response:
    """End the session, here and on the server."""
    await request.app.state.sessions.end(request.cookies[COOKIE])
    answer = redirect(request, sign_in_path(why="signed-out"))
    answer.delete_cookie(COOKIE)
    return answer


@router.post("/theme")
async def choose_theme(theme: Annotated[str, Form()], next: Annotated[str, Form()] = "/") -> Response:
    """Set the theme to light, dark or the system's, and return to the page that asked."""
    answer = RedirectResponse(own_path(next), status_code=303)
    keep_theme(answer, theme)
    return answer
