"""Where a failed row is found in its file: told beside its number, where the API tells it."""

import asyncio
from typing import Any

import httpx
import orjson
import pytest
from fastapi import Request

from tallykeep.catalog.contents import contents
from tallykeep.dashboard.kit.api_client import Api as OwnApi
from tallykeep.dashboard.kit.api_client import Keys
from tallykeep.dashboard.kit.catalog import Catalog
from tallykeep.dashboard.kit.rights import Rights
from tallykeep.dashboard.kit.session_store import Session
from tallykeep.dashboard.kit.signed_in import Visit
from tallykeep.dashboard.pages.task.fields import Fields
from tallykeep.dashboard.pages.task.fix import Work, edit_rows
from tallykeep.dashboard.pages.task.routes import show_task
from tallykeep.tenants.permissions import Permission
from tests.http.test_control import MIXED, run
from tests.server import Api


def _drawn(api: Api, action: dict[str, Any], page: str, lines: dict[int, int | None]) -> str:
    """A page of the task, out of answers in which failed rows have these lines."""

    async def answered(request: httpx.Request) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.send(request)
        content = orjson.loads(answer.content)
        for failure in content.get("failures", ()):
            failure.update({"line": lines[failure["row"]]} if failure["row"] in lines else {})
        return httpx.Response(answer.status_code, json=content)

    async def draw() -> str:
        session = Session(Keys(api.keys.app_id, api.keys.app_token), "Shop", "token")
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "state": {}}
        request = Request(scope)
        request.state.session = session
        async with httpx.AsyncClient(transport=httpx.MockTransport(answered), base_url=api.url) as client:
            rights = request.state.rights = Rights(frozenset(Permission))
            request.state.catalog = Catalog(orjson.loads(orjson.dumps(contents())))
            visit = Visit(session, OwnApi(client, session.keys), request.state.catalog, rights)
            if page == "task":
                answer = await show_task(request, visit, action["id"])
            else:
                answer = await edit_rows(request, visit, Work(action, Fields([]), "", 0), None)
        return bytes(answer.body).decode()

    return asyncio.run(draw())


@pytest.mark.parametrize("page", ["task", "fix"])
def test_lines_stand_beside_rows(api: Api, page: str) -> None:
    action = run(api, MIXED)
    rows = [failure["row"] for failure in api.get(f"/v1/async-actions/{action['id']}/failures")["failures"]]
    text = _drawn(api, action, page, {row: 1000 + row for row in rows})
    for row in rows:
        assert f'{row} <span class="line">(line {1000 + row:,})</span>' in text
    assert "Row 1 is the first one below the header" not in text
    if page == "task":
        lines = api.get(f"/v1/async-actions/{action['id']}/failures", group_by="reason")["reasons"][0]["first_lines"]
        assert f'data-title="First lines">{", ".join(map(str, lines))}' in text
    text = _drawn(api, action, page, dict.fromkeys(rows))
    assert "(line " not in text
    assert "Row 1 is the first one below the header" in text
