"""Writes the pages that are made from the code: `make docs`. A test fails when one of them is out of date."""

import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from functools import cache
from pathlib import Path
from typing import Any

from tallykeep.api.app import create_api
from tallykeep.api.dependencies.context import Context
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.tenants.permissions import Permission

HERE = Path(__file__).parent
PAGE, TEMPLATE = HERE / "compatibility.md", HERE / "compatibility.template.md"
HTTP_API = HERE / "http-api.md"
_PERMISSIONS = re.compile(r"(<!-- permissions: [^\n]* -->\n).*?(<!-- end of permissions -->)", re.DOTALL)
_NOTE = "<!-- Written by `make docs` from the routes and compatibility.template.md: change those. -->\n\n"

# Endpoints of the reference API on projects, keys and what bulk actions act on; those that we have are left out below.
REFERENCE_ENDPOINTS = (
    "POST /v1/oauth/token", "POST /v1/oauth/introspect", "POST /v1/oauth/token/revoke",
    "GET /v1/categories", "POST /v1/categories", "GET /v1/categories/{categoryId}", "PUT /v1/categories/{categoryId}",
    "DELETE /v1/categories/{categoryId}", "POST /management/v1/projects", "GET /management/v1/projects/{projectId}",
    "PUT /management/v1/projects/{projectId}", "DELETE /management/v1/projects/{projectId}",
    "GET /management/v1/projects/{projectId}/webhooks", "POST /management/v1/projects/{projectId}/webhooks",
    "GET /management/v1/projects/{projectId}/webhooks/{webhookId}",
    "PUT /management/v1/projects/{projectId}/webhooks/{webhookId}",
    "DELETE /management/v1/projects/{projectId}/webhooks/{webhookId}",
)  # fmt: skip

Operation = dict[str, Any]

# What a declaration's parts read like; `differs` stands for itself.
_PHRASES = {
    "refused": "refused with a 400 that names them:",
    "kept": "kept and shown, without effect:",
    "unused": "accepted, without effect:",
    "empty": "shown as empty:",
    "absent": "not in the answer:",
    "added": "only in our answer:",
}


def _not_started() -> AbstractAsyncContextManager[Context]:
    raise RuntimeError("nothing is served here")


@cache
def operations() -> dict[str, Operation]:
    """Our endpoints as OpenAPI describes them, by method and path, in the order of the routers."""
    paths = create_api(ACTION_TYPES, _not_started).openapi()["paths"]
    return {f"{method.upper()} {path}": operation for path, item in paths.items() for method, operation in item.items()}


def same_path(endpoint: str) -> str:
    """An endpoint whatever its path's parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", endpoint)


def compatibility_page() -> str:
    """docs/compatibility.md as it has to be."""
    template = TEMPLATE.read_text()
    parts = {"<!-- endpoints -->": _endpoints(), "<!-- elsewhere -->": _elsewhere()}
    for mark, text in parts.items():
        if template.count(mark) != 1:
            raise ValueError(f"{TEMPLATE.name} should hold {mark} once")
        template = template.replace(mark, text)
    return _NOTE + template


def _endpoints() -> str:
    by_tag: dict[str, list[str]] = {}
    for endpoint, operation in operations().items():
        row = f"| `{endpoint}` | {operation['summary']} | {_compared(operation)} |"
        by_tag.setdefault(operation["tags"][0], []).append(row)
    head = "| endpoint | | beside the reference API's |\n|---|---|---|\n"
    return "\n\n".join(f"### {tag}\n\n{head}" + "\n".join(rows) for tag, rows in by_tag.items())


def _compared(operation: Operation) -> str:
    declared = operation.get("x-compatibility", {})
    ours = ["**ours**"] if declared.get("ours") else []
    return "; ".join([*ours, *_differences(operation, declared)]) or "same"


def _differences(operation: Operation, declared: dict[str, Any]) -> Iterator[str]:
    for name, phrase in _PHRASES.items():
        if name in declared:
            yield f"{phrase} {_names(declared[name])}"
    ours, reference = query_parameters(operation), declared.get("query", ())
    if not declared.get("ours"):
        dropped = _without(reference, (*ours, *declared.get("refused", ())))
        yield from [f"parameters not read: {_names(unread)}" for unread in [dropped] if unread]
        yield from [f"parameters only here: {_names(own)}" for own in [_without(ours, reference)] if own]
    yield from declared.get("differs", ())
    if "adds" in declared:
        yield f"adds {', '.join(declared['adds'])}"


def query_parameters(operation: Operation) -> list[str]:
    """The names of the query parameters that the endpoint reads."""
    return [given["name"] for given in operation.get("parameters", ()) if given["in"] == "query"]


def _without(names: Any, others: Any) -> list[str]:
    return [name for name in names if name not in others]


def _names(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _elsewhere() -> str:
    ours = set(map(same_path, operations()))
    return "\n".join(f"- `{endpoint}`" for endpoint in REFERENCE_ENDPOINTS if same_path(endpoint) not in ours)


def http_api_page() -> str:
    """docs/http-api.md as it has to be: written by hand, but for the table of permissions."""
    return _PERMISSIONS.sub(
        lambda match: match[1] + "\n" + permissions_table() + "\n\n" + match[2], HTTP_API.read_text()
    )


def permissions_table() -> str:
    """Every permission with the first role that has it and the endpoints that need it, then those that need none."""
    by_need: dict[str, list[str]] = {}
    for endpoint, operation in operations().items():
        need = next(operation[each] for each in ("x-required-permission", "x-any-key", "x-public") if each in operation)
        by_need.setdefault(need, []).append(f"`{endpoint}`")
    rows = [
        f"| `{permission}` | {permission.role} | {permission.meaning} | {', '.join(by_need.pop(permission.value))} |"
        for permission in Permission
    ]
    others = [f"| – | any key, or none | {reason} | {', '.join(endpoints)} |" for reason, endpoints in by_need.items()]
    return "| permission | from role | to | endpoints |\n|---|---|---|---|\n" + "\n".join([*rows, *others])


if __name__ == "__main__":
    PAGE.write_text(compatibility_page())
    HTTP_API.write_text(http_api_page())
