"""What changes refer to by key, found and locked for a whole batch at once."""

from collections.abc import Collection, Iterable, Sequence

from tallykeep.db.connections.pool import Connection
from tallykeep.resources.upserts.spec import Change, Recheck, UpsertSpec


def lines_of(keys: Iterable[str]) -> str:
    """Return the keys a line each, for `string_to_array`: an array takes ten times as long to write as a parameter.

    No key has a line break in it.
    """
    return "\n".join(keys)


async def lock_referred(
    connection: Connection, project_id: int, spec: UpsertSpec, keys: Collection[str]
) -> dict[str, str]:
    """Lock what these keys name, ids or source_ids, against deletion; return its ids, by those keys that name anything.

    A key that is the id of one and the source_id of another names the first.
    """
    if not keys:
        return {}
    parameters = {"project_id": project_id, "keys": lines_of(keys)}
    rows = await (await connection.execute(spec.statements.lock_referred, parameters)).fetchall()
    by_source_id = {row["source_id"]: row["id"] for row in rows}
    known = by_source_id | {row["id"]: row["id"] for row in rows}
    return {key: known[key] for key in keys if key in known}


async def resolve_references(
    connection: Connection, project_id: int, spec: UpsertSpec, changes: Sequence[Change]
) -> list[Recheck]:
    """Put the ids of what they refer to into the changes; one that refers to nothing gets a problem.

    Return what checks again for what was missing; nothing where the noun has no reference.
    """
    if spec.reference is None:
        return []
    name = spec.reference.field
    referring = [change for change in changes if change.values.get(name) is not None]
    ids = await lock_referred(connection, project_id, spec, {change.values[name] for change in referring})
    missing: set[str] = set()
    for change in referring:
        key = change.values[name]
        if key in ids:
            change.values[name] = ids[key]
        else:
            change.problems.append(f"Cannot find {spec.reference.noun} with id {key}")
            missing.add(key)

    async def is_one_there() -> bool:
        return bool(await lock_referred(connection, project_id, spec, missing))

    return [is_one_there] if missing else []
