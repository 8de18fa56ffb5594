"""Categories kept and shown."""

from typing import Any

from psycopg.errors import UniqueViolation

from tallykeep.core.errors import DuplicateFoundError, InvalidPayloadError, NotFoundError, ResourceInUseError
from tallykeep.core.ids import new_id
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import CATEGORIES, shut_for_request
from tallykeep.db.queries import queries
from tallykeep.resources.categories.labels import forget_category, give_up_name, labels_of, shown, take_name
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner, Problem

_sql = queries(__package__, "store.sql")


def _name(value: Any) -> str:
    if cleaning.is_blank(value):
        raise Problem("must not be empty")
    return str(cleaning.name_text(value))


_FIELDS: dict[str, Cleaner] = {"name": _name, "hierarchy": cleaning.integer}


async def create_category(connection: Connection, project_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Create a category and return it in wire format; vouchers and campaigns that carry its name are in it at once.

    Raises InvalidPayloadError with every problem, DuplicateFoundError.
    """
    cleaned = {"hierarchy": 0, **_cleaned(body, required=("name",))}
    async with connection.transaction():
        timestamp = await shut_for_request(connection, project_id, CATEGORIES)
        parameters = {"project_id": project_id, "id": new_id("cat_"), "timestamp": timestamp, **cleaned}
        added = await (await connection.execute(_sql.add_category, parameters)).fetchone()
        if added is None:
            raise _duplicate(cleaned["name"])
        await take_name(connection, project_id, added["id"], added["name"])
    return shown(added)


async def get_category(connection: Connection, project_id: int, category_id: str) -> dict[str, Any]:
    """Get one category in wire format; raises NotFoundError."""
    return shown(await _one(connection, _sql.get_category, project_id, category_id))


async def list_categories(connection: Connection, project_id: int) -> dict[str, Any]:
    """List all categories in wire format, newest first."""
    rows = await (await connection.execute(_sql.list_categories, {"project_id": project_id})).fetchall()
    return {"object": "list", "data_ref": "data", "data": [shown(row) for row in rows], "total": len(rows)}


async def hold_category(connection: Connection, project_id: int, category_id: str) -> dict[str, Any]:
    """Keep others from changing categories until the transaction ends; returns this one in wire format.

    Raises NotFoundError.
    """
    await shut_for_request(connection, project_id, CATEGORIES)
    return await get_category(connection, project_id, category_id)


async def update_category(
    connection: Connection, project_id: int, category_id: str, body: dict[str, Any]
) -> dict[str, Any]:
    """Rename a category or move it in the hierarchy, or both; returns it in wire format.

    Raises InvalidPayloadError with every problem, NotFoundError, DuplicateFoundError.
    """
    cleaned = _cleaned(body)
    async with connection.transaction():
        timestamp = await shut_for_request(connection, project_id, CATEGORIES)
        old = await _one(connection, _sql.get_category, project_id, category_id)
        new = await _change(connection, {**old, **cleaned, "timestamp": timestamp})
        if new["name"] != old["name"]:
            await give_up_name(connection, project_id, old["name"])
            await take_name(connection, project_id, category_id, new["name"])
    return shown(new)


async def _change(connection: Connection, category: dict[str, Any]) -> dict[str, Any]:
    try:
        async with connection.transaction():
            changed = await (await connection.execute(_sql.update_category, category)).fetchone()
    except UniqueViolation:
        raise _duplicate(category["name"]) from None
    return changed or category


async def delete_category(connection: Connection, project_id: int, category_id: str, *, force: bool) -> None:
    """Delete a category for good; `force` takes it off the vouchers and campaigns that carry it.

    Raises NotFoundError, or without `force` ResourceInUseError.
    """
    async with connection.transaction():
        await shut_for_request(connection, project_id, CATEGORIES)
        old = await _one(connection, _sql.get_category, project_id, category_id)
        used_by = await _uses(connection, project_id, category_id)
        if used_by and not force:
            raise _in_use(old, used_by)
        await forget_category(connection, project_id, category_id, old["name"], used=bool(used_by))
        await connection.execute(_sql.delete_category, {"project_id": project_id, "id": category_id})


async def _uses(connection: Connection, project_id: int, category_id: str) -> str:
    """Say «2 vouchers and 1 campaign», or nothing."""
    wanted = {"project_id": project_id, "labels": await labels_of(connection, project_id, category_id)}
    counted = await (await connection.execute(_sql.count_uses, wanted)).fetchone() or {}
    counts = [(counted[noun], noun) for noun in ("vouchers", "campaigns") if counted[noun]]
    return " and ".join(f"{count} {noun if count > 1 else noun[:-1]}" for count, noun in counts)


async def _one(connection: Connection, query: Any, project_id: int, category_id: str) -> dict[str, Any]:
    row = await (await connection.execute(query, {"project_id": project_id, "id": category_id})).fetchone()
    if row is None:
        raise NotFoundError.of("category", category_id)
    return dict(row)


def _cleaned(body: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Clean the fields of the body, null counting as absent; raises InvalidPayloadError."""
    cleaned: dict[str, Any] = {}
    problems = [f"{name} is required" for name in required if body.get(name) is None]
    for name, clean in _FIELDS.items():
        if body.get(name) is None:
            continue
        try:
            cleaned[name] = clean(body[name])
        except Problem as problem:
            problems.append(f"{name}: {problem}")
    if problems:
        raise InvalidPayloadError("; ".join(problems), resource_type="category")
    return cleaned


def _duplicate(name: str) -> DuplicateFoundError:
    return DuplicateFoundError(f"A category named {name} exists already", resource_id=name, resource_type="category")


def _in_use(category: dict[str, Any], used_by: str) -> ResourceInUseError:
    return ResourceInUseError(
        f"Category {category['name']} is in use by {used_by}; to take it off them, delete it with force=true",
        resource_id=category["id"],
        resource_type="category",
    )
