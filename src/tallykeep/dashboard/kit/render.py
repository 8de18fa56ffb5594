"""Pages: templates rendered into answers, and what every template may use."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from tallykeep.core import exact_json
from tallykeep.dashboard.kit import labels
from tallykeep.dashboard.kit.rights import Rights
from tallykeep.dashboard.kit.signed_in import here

STATIC = Path(__file__).parents[1] / "static"
THEMES = ("auto", "light", "dark")
ForReader = Annotated[Literal["spreadsheet"] | None, Query(alias="for")]  # whom a download is for
_THEME_COOKIE, _NOTICE_COOKIE = "tallykeep_theme", "tallykeep_notice"
_YEAR_SECONDS, _NOTICE_SECONDS = 31_536_000, 60

# The pages of the dashboard, as its navigation shows them to who has one of the permissions: title, path, permissions.
# Resources are for who may see one of their types, which the catalog knows.
NAVIGATION = [
    ("Tasks", "/tasks", ("async-actions.read",)),
    ("Import", "/imports", ("imports.preview",)),
    ("Campaigns", "/campaigns", ("campaigns.read",)),
    ("Resources", "/resources", ()),
    ("Metadata", "/metadata", ("metadata-schemas.read",)),
    ("Access keys", "/keys", ("keys.read",)),
    ("Webhooks", "/webhooks", ("webhooks.read",)),
    ("Audit log", "/audit-log", ("audit-log.read",)),
]


@cache
def static_path(name: str) -> str:
    """Return the path of a file in static/, with a digest of its content: browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tallykeep.dashboard", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_function"] = lambda value, **_: exact_json.dumps(value).decode()
    environment.globals |= {"static": static_path, "navigation": NAVIGATION, "labels": labels}
    environment.filters |= {
        "count": labels.count, "counted": labels.counted, "size": labels.size, "duration": labels.duration,
        "without_title": labels.without_title, "columns_of": labels.columns_of,
        "in_sentence": labels.in_sentence,
    }  # fmt: skip
    return environment


_templates = _environment()


def fragment(template: str, **values: Any) -> str:
    """Render a template that is no complete page, such as a part that is sent again and again."""
    return _templates.get_template(template).render(**values)


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a complete page, with the notice that the previous request left."""
    notice = request.cookies.get(_NOTICE_COOKIE)
    frame = {
        "session": getattr(request.state, "session", None),
        "path": request.url.path,
        "here": here(request),
        "catalog": getattr(request.state, "catalog", None),
        "rights": getattr(request.state, "rights", Rights()),
        "theme": theme(request),
        "notice": unquote(notice) if notice else None,
    }
    answer = HTMLResponse(fragment(template, **frame, **values), status_code=status)
    if notice:
        answer.delete_cookie(_NOTICE_COOKIE)
    return answer


def redirect(request: Request, path: str, notice: str | None = None) -> Response:
    """Redirect to another page after a form was sent; that page shows `notice` once."""
    if "hx-request" in request.headers:
        answer = Response(headers={"HX-Redirect": path})
    else:
        answer = RedirectResponse(path, status_code=303)
    if notice:
        secure = request.url.scheme == "https"
        text = quote(notice, safe=" ")
        answer.set_cookie(_NOTICE_COOKIE, text, max_age=_NOTICE_SECONDS, httponly=True, samesite="lax", secure=secure)
    return answer


def theme(request: Request) -> str:
    """Return light, dark, or the reader's system setting (auto)."""
    chosen = request.cookies.get(_THEME_COOKIE)
    return chosen if chosen in THEMES else "auto"


def keep_theme(answer: Response, chosen: str) -> None:
    """Remember the reader's choice in the browser."""
    answer.set_cookie(_THEME_COOKIE, chosen if chosen in THEMES else "auto", max_age=_YEAR_SECONDS, samesite="lax")
