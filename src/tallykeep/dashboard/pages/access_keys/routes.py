"""A project's access keys: list, create, change, rotate, revoke."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.dashboard.kit.api_client import RefusedError, segment
from tallykeep.dashboard.kit.form_errors import form_message
from tallykeep.dashboard.kit.render import page, redirect
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit

router = APIRouter(prefix="/keys")

# Who is signed in has an application key, which does not manage those of the management API.
KINDS = {"app": "application", "service": "service", "management": "management"}
MADE_HERE = {"app": "application", "service": "service"}
ROLES = {"reader": "Reader", "operator": "Operator", "admin": "Admin"}
# One that no application key can be, or give.
ALL_ROLES = {**ROLES, "owner": "Owner"}
_LABELS = {
    "name": "What it is for", "kind": "Kind", "role": "Role", "expires_at": "Ends on", "addresses": "Addresses",
    "scopes": "Permissions",
}  # fmt: skip
_NEW = {"name": "", "kind": "app", "role": "operator", "expires_at": "", "addresses": "", "scopes": ""}
_CHANGED = ("name", "role", "expires_at", "addresses", "scopes")


@router.get("")
async def list_keys(request: Request, visit: FromVisit) -> Response:
    """List the keys, without their tokens, which are not stored."""
    return await _shown(request, visit)


async def _shown(
    request: Request, visit: Visit, problem: str | None = None, values: dict[str, str] | None = None
) -> Response:
    keys = await visit.api.get("/v1/keys")
    return page(
        request, "pages/access_keys/list.html", status=422 if problem else 200, keys=keys["keys"], kinds=KINDS,
        made_here=MADE_HERE, roles=ROLES, all_roles=ALL_ROLES, problem=problem,
        values=values or _NEW,
    )  # fmt: skip


@router.post("")
async def create(request: Request, visit: FromVisit) -> Response:
    """Create a key and show its token, this once."""
    form = await request.form()
    values = {name: str(form.get(name, _NEW[name])) for name in _NEW}
    try:
        made = await visit.api.ask("POST", "/v1/keys", json={"kind": values["kind"], **_fields(values)})
    except RefusedError as refused:
        return await _shown(request, visit, form_message(refused.details, _LABELS), values)
    return page(request, "pages/access_keys/made.html", made=made, deed="created")


@router.post("/change")
async def change(request: Request, visit: FromVisit) -> Response:
    """Change what a key may do, from where and until when."""
    form = await request.form()
    values = {name: str(form.get(name, "")) for name in _CHANGED}
    key_id, kind = str(form.get("id", "")), str(form.get("kind", ""))
    fields = _fields(values)
    if values["expires_at"] == str(form.get("ends", "")):
        del fields["expires_at"]  # the form shows the day alone
    try:
        await visit.api.ask("PUT", f"/v1/keys/{segment(key_id)}", {"kind": kind}, json=fields)
    except RefusedError as refused:
        return await _shown(request, visit, form_message(refused.details, _LABELS))
    return redirect(request, "/keys", notice=f"The key {values['name']} was changed.")


@router.post("/rotate")
async def rotate(request: Request, visit: FromVisit) -> Response:
    """Give a key another token and show it, this once."""
    form = await request.form()
    key_id, kind = str(form.get("id", "")), str(form.get("kind", ""))
    hours = str(form.get("hours", ""))
    body: dict[str, Any] = {"end_previous_token": form.get("end_previous") == "true"}
    if hours.isascii() and hours.isdecimal():
        body["overlap_seconds"] = int(hours) * 3600
    try:
        made = await visit.api.ask("POST", f"/v1/keys/{segment(key_id)}/rotate", {"kind": kind}, json=body)
    except RefusedError as refused:
        return await _shown(request, visit, form_message(refused.details, _LABELS))
    return page(request, "pages/access_keys/made.html", made=made, deed="rotated")


@router.post("/revoke")
async def revoke(request: Request, visit: FromVisit) -> Response:
    """Revoke a key, for good."""
    form = await request.form()
    key_id, kind = str(form.get("id", "")), str(form.get("kind", ""))
    await visit.api.ask("DELETE", f"/v1/keys/{segment(key_id)}", {"kind": kind})
    return redirect(request, "/keys", notice=f"The key {form.get('name') or key_id} was revoked. It no longer works.")


def _fields(values: dict[str, str]) -> dict[str, Any]:
    """Return the fields of a key as the API takes them; lists are texts with blanks or commas between here."""
    scopes, addresses = (values[name].replace(",", " ").split() for name in ("scopes", "addresses"))
    return {
        "name": values["name"],
        "role": values["role"],
        "expires_at": values["expires_at"] or None,
        "addresses": addresses,
        "scopes": scopes or None,
    }
