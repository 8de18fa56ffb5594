"""Resources of a noun as they are shown, one or a list, and deleted."""

from typing import Any

from tallykeep.core.errors import NotFoundError
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.lists.page import select_page, shown_page
from tallykeep.resources.lists.query_string import Selection
from tallykeep.resources.upserts.spec import UpsertSpec


async def get_one(connection: Connection, project_id: int, spec: UpsertSpec, key: str) -> dict[str, Any]:
    """Return the resource with this id or source_id in wire format; raises NotFoundError."""
    locate = {"project_id": project_id, "key": key}
    row = await (await connection.execute(spec.statements.get_by_id_or_source_id, locate)).fetchone()
    if row is None:
        raise NotFoundError.of(spec.noun, key)
    return spec.show(row)


async def list_page(
    connection: Connection,
    project_id: int,
    spec: UpsertSpec,
    selection: Selection,
    *,
    limit: int,
    page: int,
    **within: str,
) -> dict[str, Any]:
    """Return a page in wire format, with the number of all that match; `within` has the value that the list is of."""
    scope = {"project_id": project_id, **within}
    rows, total = await select_page(connection, spec.list_spec, scope, selection, limit=limit, page=page)
    shown = shown_page(spec.list_spec, list(map(spec.show, rows)), total)
    if spec.list_declaration.cursor is None:
        return shown
    return {**shown, "has_more": (page - 1) * limit + len(rows) < total}


async def delete_one(connection: Connection, project_id: int, spec: UpsertSpec, key: str) -> dict[str, Any]:
    """Delete the resource with this id or source_id for good and return its row; raises NotFoundError."""
    async with connection.transaction():
        resource = await get_one(connection, project_id, spec, key)
        locate = {"project_id": project_id, "key": resource["id"]}
        row: dict[str, Any] | None = await (await connection.execute(spec.statements.delete_one, locate)).fetchone()
        if row is None:
            raise NotFoundError.of(spec.noun, key)
        return row
