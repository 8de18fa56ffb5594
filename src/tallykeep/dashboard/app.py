"""The dashboard as an application, and how it is served beside the API."""

from collections.abc import Awaitable, Callable

import httpx
import psycopg
import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from psycopg.errors import DiskFull, ReadOnlySqlTransaction
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from tallykeep.core.errors import AnswerCutOffError
from tallykeep.core.logs.failures import reason_in_log
from tallykeep.core.logs.redaction import route_in_log
from tallykeep.dashboard.kit.api_client import KeysRefusedError, RefusedError
from tallykeep.dashboard.kit.form_limits import BoundedForms
from tallykeep.dashboard.kit.guard import ForeignFormError, require_own_site
from tallykeep.dashboard.kit.in_process import InProcess
from tallykeep.dashboard.kit.render import STATIC, page, redirect
from tallykeep.dashboard.kit.session_store import Sessions
from tallykeep.dashboard.kit.signed_in import COOKIE, SignedOutError, here, sign_in_path
from tallykeep.dashboard.pages.access_keys import routes as access_keys
from tallykeep.dashboard.pages.api_docs import routes as api_docs
from tallykeep.dashboard.pages.audit_log import routes as audit_log
from tallykeep.dashboard.pages.campaigns import routes as campaigns
from tallykeep.dashboard.pages.import_wizard import routes as import_wizard
from tallykeep.dashboard.pages.import_wizard.kept_uploads import Uploads
from tallykeep.dashboard.pages.metadata import routes as metadata
from tallykeep.dashboard.pages.resources import routes as resources
from tallykeep.dashboard.pages.sign_in import routes as sign_in
from tallykeep.dashboard.pages.task import fix
from tallykeep.dashboard.pages.task import routes as task
from tallykeep.dashboard.pages.tasks import routes as tasks
from tallykeep.dashboard.pages.webhooks import routes as webhooks
from tallykeep.db.connections.pool import Pool

_log = structlog.get_logger()

# No request leaves the process. Links that the API makes have this host; pages link to their own paths.
_BASE_URL = "http://dashboard.invalid"

# Tasks first: /tasks/all must not match the path of one task.
_ROUTERS = (
    sign_in.router,
    tasks.router,
    fix.router,
    task.router,
    import_wizard.router,
    campaigns.router,
    resources.router,
    metadata.router,
    access_keys.router,
    webhooks.router,
    audit_log.router,
    api_docs.router,
)


def create_dashboard(api: ASGIApp, pool: Callable[[], Pool], session_hours: float) -> FastAPI:
    """Return the dashboard of `api`; once the server runs, `pool` returns the open database pool, for its sessions."""
    app = FastAPI(openapi_url=None, dependencies=[Depends(require_own_site)])
    app.state.client = httpx.AsyncClient(transport=InProcess(api), base_url=_BASE_URL)
    app.state.sessions = Sessions(pool, session_hours)
    app.state.uploads = Uploads()
    app.state.catalog = None
    for router in _ROUTERS:
        app.include_router(router)
    app.add_api_route("/", _first_page, include_in_schema=False)
    app.mount("/static", _Static(directory=STATIC))
    app.state.paths = ["/", "/static", *(getattr(route, "path", "/") for router in _ROUTERS for route in router.routes)]
    _answer_errors(app)
    return app


class Beside:
    """Routes the dashboard's paths to it, and all others to the API, which answers them as usual."""

    def __init__(self, app: ASGIApp, dashboard: FastAPI) -> None:
        self._api = app
        self._dashboard = BoundedForms(dashboard, dashboard.state.sessions)
        self._first_segments = {_first_segment(path) for path in dashboard.state.paths}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request; no coroutine is made for those that are the API's."""
        if scope["type"] != "http" or _first_segment(scope["path"]) not in self._first_segments:
            return self._api(scope, receive, send)
        return self._show(scope, receive, send)

    async def _show(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._dashboard(scope, receive, send)
        except AnswerCutOffError:
            raise
        except Exception:
            return  # a defect is answered and logged by then: it is not the API's to answer again


def _first_segment(path: str) -> str:
    return path.lstrip("/").partition("/")[0]


class _Static(StaticFiles):
    """Static files; browsers may keep those with a digest in their path for ever."""

    def file_response(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        """Return the file, with how long browsers may keep it."""
        answer = super().file_response(*args, **kwargs)
        scope = args[2] if len(args) > 2 else kwargs["scope"]
        keep = "public, max-age=31536000, immutable" if scope["query_string"].startswith(b"v=") else "no-cache"
        answer.headers["Cache-Control"] = keep
        return answer


async def _first_page() -> Response:
    return RedirectResponse("/tasks", status_code=303)


def _answer_errors(app: FastAPI) -> None:
    app.add_exception_handler(SignedOutError, _on_signed_out)
    app.add_exception_handler(KeysRefusedError, _on_keys_refused)
    app.add_exception_handler(RefusedError, _on_refused)
    app.add_exception_handler(ForeignFormError, _on_foreign_form)
    app.add_exception_handler(RequestValidationError, _on_unreadable)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for outage in (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, ReadOnlySqlTransaction):
        app.add_exception_handler(outage, _on_outage)
    app.add_exception_handler(Exception, _on_defect)


async def _on_signed_out(request: Request, error: Exception) -> Response:
    why = error.why if isinstance(error, SignedOutError) else ""
    back = here(request) if request.method == "GET" and "hx-request" not in request.headers else "/"
    answer = redirect(request, sign_in_path(back, why))
    answer.delete_cookie(COOKIE)
    return answer


async def _on_keys_refused(request: Request, error: Exception) -> Response:
    await request.app.state.sessions.end(request.cookies.get(COOKIE, ""))
    return await _on_signed_out(request, SignedOutError("revoked"))


async def _on_refused(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, RefusedError) else 500
    titles = {
        403: "That is not allowed",
        404: "Not found",
        409: "That cannot be done now",
        429: "Too many requests",
        503: "Not available right now",
    }
    answer = _error_page(request, status, titles.get(status, "The request was refused"), str(error))
    if isinstance(error, RefusedError) and error.retry_after is not None:
        answer.headers["Retry-After"] = error.retry_after
    return answer


async def _on_foreign_form(request: Request, error: Exception) -> Response:
    details = (
        "This form does not belong to your current session. Nothing was changed."
        " Go back, reload the page and send it again."
    )
    return _error_page(request, 403, "The form was refused", details)


async def _on_unreadable(request: Request, error: Exception) -> Response:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    details = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in problems)
    return _error_page(request, 400, "The request cannot be read", details)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return _error_page(request, 404, "Page not found", f"There is nothing at {request.url.path}.")
    return _error_page(request, status, "That cannot be done", str(getattr(error, "detail", error)))


async def _on_outage(request: Request, error: Exception) -> Response:
    _log.warning("the database did not serve a page", route=route_in_log(request.scope), reason=reason_in_log(error))
    if isinstance(error, DiskFull):
        details = "The database's disk is full. Free some space, then reload the page."
    elif isinstance(error, ReadOnlySqlTransaction):
        details = "The database is read-only right now. Reload the page in a moment."
    else:
        details = "The database cannot be reached. Reload the page in a moment."
    return _error_page(request, 503, "Not available right now", details)


async def _on_defect(request: Request, error: Exception) -> Response:
    if not isinstance(error, AnswerCutOffError):
        _log.error("defect", route=route_in_log(request.scope), exc_info=error)
    return _error_page(
        request, 500, "Something went wrong", "This is a bug in Tallykeep. The server's log has the details."
    )


def _error_page(request: Request, status: int, title: str, details: str) -> Response:
    return page(request, "layout/error.html", status=status, title=title, details=details)
