"""One page of a list."""

from collections.abc import Mapping
from typing import Any, LiteralString

from psycopg import sql

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.lists.declare import Listed
from tallykeep.resources.lists.query import Selection

_sql = queries(__package__, "page.sql")

Rows = list[dict[str, Any]]


async def select_page(
    connection: Connection, listed: Listed, within: Mapping[str, Any], selection: Selection, *, limit: int, page: int
) -> tuple[Rows, int]:
    """One page's rows, and the number of all that match; `within` holds the parameters of the list's own SQL."""
    parameters = {**within, **selection.parameters, "limit": limit, "offset": (page - 1) * limit}
    rows = await (await connection.execute(page_query(listed, selection), parameters)).fetchall()
    return rows, await count_all(connection, listed, within, selection)


async def count_all(connection: Connection, listed: Listed, within: Mapping[str, Any], selection: Selection) -> int:
    """The number of all that match."""
    parameters = {**within, **selection.parameters}
    counted = await (await connection.execute(_filled(_sql.count, listed, selection), parameters)).fetchone()
    return counted["total"] if counted else 0


def page_query(listed: Listed, selection: Selection) -> sql.Composed:
    """The query of a page, with the parameters limit and offset and those of the selection and the list."""
    return _filled(_sql.page, listed, selection)


def _filled(form: LiteralString, listed: Listed, selection: Selection) -> sql.Composed:
    return sql.SQL(form).format(
        matching=sql.SQL(listed.matching), conditions=selection.conditions, order=selection.order
    )


def shown_page(listed: Listed, shown: Rows, total: int) -> dict[str, Any]:
    """A page in wire format."""
    return {"object": "list", "data_ref": listed.noun, listed.noun: shown, "total": total}
