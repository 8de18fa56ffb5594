"""One page of a list."""

from collections.abc import Mapping
from typing import Any, LiteralString

from psycopg import sql

from tallykeep.core.errors import InvalidQueryError
from tallykeep.db.connections.fetching import Rows, fetch_within
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.lists.query_string import Selection
from tallykeep.resources.lists.spec import ListSpec

_sql = queries(__package__, "page.sql")

MAX_PAGE_BYTES = 8 << 20
FEW = 10  # rows of any size are one page


async def select_page(
    connection: Connection,
    list_spec: ListSpec,
    within: Mapping[str, Any],
    selection: Selection,
    *,
    limit: int,
    page: int,
) -> tuple[Rows, int]:
    """Select one page's rows, and count all that match; `within` holds the parameters of the list's own SQL.

    Raises InvalidQueryError where the rows are too large for one page.
    """
    parameters = {**within, **selection.parameters, "limit": limit, "offset": (page - 1) * limit}
    rows = await page_rows(connection, page_query(list_spec, selection), parameters, limit=limit)
    return rows, await count_all(connection, list_spec, within, selection)


async def page_rows(connection: Connection, query: sql.Composed, parameters: Mapping[str, Any], *, limit: int) -> Rows:
    """Return the rows of a page of so many; raises InvalidQueryError where these are too large for one page."""
    if limit <= FEW:
        return await (await connection.execute(query, parameters)).fetchall()
    rows, is_all = await fetch_within(connection, query, parameters, MAX_PAGE_BYTES)
    if not is_all:
        raise InvalidQueryError(
            f"Property .limit: the first {len(rows)} of these {limit} hold {MAX_PAGE_BYTES} bytes already, the most of"
            f" a page; ask for limit={max(FEW, len(rows))} or fewer"
        )
    return rows


async def count_all(
    connection: Connection, list_spec: ListSpec, within: Mapping[str, Any], selection: Selection
) -> int:
    """Count all that match."""
    parameters = {**within, **selection.parameters}
    counted = await (await connection.execute(_filled(_sql.count, list_spec, selection), parameters)).fetchone()
    return counted["total"] if counted else 0


def page_query(list_spec: ListSpec, selection: Selection) -> sql.Composed:
    """Compose the query of a page, with the parameters limit and offset and those of the selection and the list."""
    return _filled(_sql.page, list_spec, selection)


def _filled(form: LiteralString, list_spec: ListSpec, selection: Selection) -> sql.Composed:
    return sql.SQL(form).format(
        matching=sql.SQL(list_spec.matching), conditions=selection.conditions, order=selection.order
    )


def shown_page(list_spec: ListSpec, shown: Rows, total: int) -> dict[str, Any]:
    """Show a page in wire format."""
    return {"object": "list", "data_ref": list_spec.noun, list_spec.noun: shown, "total": total}
