"""Secrets of the installation, made when they are first needed; all processes share them through the database."""

import secrets

from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "installation_secret.sql")

_SECRET_BYTES = 32


async def installation_secret(connection: Connection, name: str) -> bytes:
    """Return the 32 bytes of the secret of this name; they are drawn when first needed."""
    # Read first, because a read-only database can answer that much.
    while (row := await (await connection.execute(_sql.get_secret, {"name": name})).fetchone()) is None:
        await connection.execute(_sql.add_secret, {"name": name, "value": secrets.token_bytes(_SECRET_BYTES)})
    return bytes(row["value"])
