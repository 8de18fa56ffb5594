"""A project's access keys: list, create, revoke."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.dashboard.kit.api_client import RefusedError, segment
from tallykeep.dashboard.kit.form_errors import form_message
from tallykeep.dashboard.kit.render import page, redirect
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit

router = APIRouter(prefix="/keys")

KINDS = {"app": "application", "management": "management"}


@router.get("")
async def list_keys(request: Request, visit: FromVisit) -> Response:
    """List the valid keys, without their tokens, which are not stored."""
    return await _shown(request, visit)


async def _shown(
    request: Request, visit: Visit, problem: str | None = None, values: dict[str, str] | None = None
) -> Response:
    keys = await visit.api.get("/v1/keys")
    return page(
        request, "pages/access_keys/list.html", status=422 if problem else 200, keys=keys["keys"], kinds=KINDS,
        problem=problem,
        values=values or {"name": "", "kind": "app"},
    )  # fmt: skip


@router.post("")
async def create(request: Request, visit: FromVisit) -> Response:
    """Create a key and show its token, this once."""
    form = await request.form()
    values = {name: str(form.get(name, "")) for name in ("name", "kind")}
    try:
        made = await visit.api.ask("POST", "/v1/keys", json=values)
    except RefusedError as refused:
        problem = form_message(refused.details, {"name": "What it is for", "kind": "Kind"})
        return await _shown(request, visit, problem, values)
    return page(request, "pages/access_keys/made.html", made=made, kinds=KINDS)


@router.post("/revoke")
async def revoke(request: Request, visit: FromVisit) -> Response:
    """Revoke a key, for good."""
    form = await request.form()
    key_id, kind = str(form.get("id", "")), str(form.get("kind", ""))
    await visit.api.ask("DELETE", f"/v1/keys/{segment(key_id)}", {"kind": kind})
    return redirect(request, "/keys", notice=f"The key {form.get('name') or key_id} was revoked. It no longer works.")
