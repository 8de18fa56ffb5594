"""A single resource created or updated, by the same rules as a batch of them."""

from functools import partial
from typing import Any

from tallykeep.core.errors import InvalidPayloadError, NotFoundError
from tallykeep.core.rows import Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import hold_for_request
from tallykeep.db.retry import in_transaction
from tallykeep.resources.metadata.schemas import checker_for
from tallykeep.resources.upserts.operation import Upsert
from tallykeep.resources.upserts.row_readers import json_reader
from tallykeep.resources.upserts.spec import UpsertSpec


async def held_one(
    connection: Connection, project_id: int, spec: UpsertSpec, values: dict[str, Any]
) -> dict[str, Any] | None:
    """Keep others from changing the resource that these values name, until the transaction ends; return it in wire
    format.

    None where there is none, and of nouns whose rows take others along: what they change is not all in one resource.
    """
    if spec.resolve is not None:
        return None
    await hold_for_request(connection, project_id, *spec.depends_on)
    for name, statement in (("source_id", spec.statements.lock_by_source_id), ("id", spec.statements.lock_by_id)):
        if isinstance(values.get(name), str):
            keys = {"project_id": project_id, "keys": [values[name]]}
            row = await (await connection.execute(statement, keys)).fetchone()
            return spec.show(row) if row else None
    return None


async def upsert_one(connection: Connection, project_id: int, spec: UpsertSpec, values: dict[str, Any]) -> str:
    """Create or update one resource and return its id; raises InvalidPayloadError with every problem, NotFoundError."""
    return await in_transaction(connection, partial(_upsert, connection, project_id, spec, values))


async def _upsert(connection: Connection, project_id: int, spec: UpsertSpec, values: dict[str, Any]) -> str:
    timestamp = await hold_for_request(connection, project_id, *spec.depends_on)
    checker = await checker_for(connection, project_id, spec.noun)
    operation = Upsert(connection, project_id, spec, checker, timestamp).use(json_reader(spec))
    failures = operation.check([Row(1, values)])
    failures += await operation.write()
    for failure in failures:
        if failure.error_key == "not_found":
            raise NotFoundError.of(spec.noun, failure.key or "")
        raise InvalidPayloadError(
            failure.reason, key=failure.error_key, resource_id=failure.key, resource_type=spec.noun
        )
    return str(operation.written[0]["id"])
