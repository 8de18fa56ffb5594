"""Whether a key is still valid: asked for what works only as long as the key that got it."""

from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "valid_keys.sql")


async def is_key_valid(connection: Connection, project_id: int, kind: str, key_id: str) -> bool:
    """Return whether the project has such a key that is neither revoked nor expired."""
    key = {"project_id": project_id, "kind": kind, "key_id": key_id}
    row = await (await connection.execute(_sql.is_key_valid, key)).fetchone()
    return bool(row and row["is_valid"])
