"""Metadata schemas: what a project demands of the metadata of one type of resource."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from tallykeep.core.errors import DuplicateFoundError, InvalidPayloadError, NotFoundError
from tallykeep.core.ids import new_id
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import SCHEMAS, shut_for_request
from tallykeep.db.queries import queries
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual
from tallykeep.resources.metadata.checker import STANDARD_TYPES, MetadataChecker, MetadataSchema

_sql = queries(__package__, "schemas.sql")

_LENGTHS = ("min_length", "max_length", "exact_length")
_BOUNDS = ("lt", "lte", "gt", "gte")
_MAX_LENGTH = 1_000_000_000
_FLAGS = ("optional", "array", "deleted")
_MAX_DEFINITIONS = 1_000
_MAX_CHOICES = 1_000

Record = dict[str, Any]


async def checker_for(connection: Connection, project_id: int, related_object: str) -> MetadataChecker:
    """Compile the schema of one type of resource as it stands now."""
    return _checker(await list_schemas(connection, project_id), related_object)


async def checkers_for(
    connection: Connection, project_ids: Collection[int], related_object: str
) -> dict[int, MetadataChecker]:
    """Compile the schemas of one type of resource as they stand now in each of these projects."""
    records: dict[int, list[Record]] = {project_id: [] for project_id in project_ids}
    for record in await (await connection.execute(_sql.list_all, {"project_ids": list(project_ids)})).fetchall():
        records[record["project_id"]].append(record)
    return {project_id: _checker(own, related_object) for project_id, own in records.items()}


def _checker(records: list[Record], related_object: str) -> MetadataChecker:
    schemas = {record["related_object"]: record for record in records}
    if related_object not in schemas:
        return MetadataChecker(None)
    nested = {name: MetadataSchema(record["properties"], record["allow_defined_only"])
              for name, record in schemas.items()}  # fmt: skip
    own = schemas[related_object]
    return MetadataChecker(MetadataSchema(own["properties"], own["allow_defined_only"], nested))


async def list_schemas(connection: Connection, project_id: int) -> list[Record]:
    """List all schemas of the project, by name of the resource."""
    return await (await connection.execute(_sql.list_schemas, {"project_id": project_id})).fetchall()


async def get_schema(connection: Connection, project_id: int, related_object: str) -> Record:
    """Get one schema by the resource it speaks of; raises NotFoundError."""
    parameters = {"project_id": project_id, "related_object": related_object}
    return await _one(connection, _sql.get_schema, parameters, related_object, "resource")


async def get_schema_by_id(connection: Connection, project_id: int, schema_id: str) -> Record:
    """Get one schema by its id; raises NotFoundError."""
    return await _one(connection, _sql.get_schema_by_id, {"project_id": project_id, "id": schema_id}, schema_id)


async def create_schema(
    connection: Connection, project_id: int, related_object: Any, properties: Any, allow_defined_only: Any
) -> Record:
    """Make the schema of a resource that has none; raises InvalidPayloadError or DuplicateFoundError."""
    name = _name("related_object", related_object)
    parameters = {
        "project_id": project_id,
        "id": new_id("ms_"),
        "related_object": name,
        "properties": Jsonb(clean_properties(properties)),
        "allow_defined_only": _flag("allow_defined_only", False if allow_defined_only is None else allow_defined_only),
    }
    async with connection.transaction():
        timestamp = await shut_for_request(connection, project_id, SCHEMAS)
        added = await (await connection.execute(_sql.add_schema, {**parameters, "created_at": timestamp})).fetchone()
    if added is None:
        raise DuplicateFoundError(
            f"A metadata schema for {name} exists already; update it instead",
            resource_id=name,
            resource_type="metadata_schema",
        )
    return added


async def hold_schemas(connection: Connection, project_id: int) -> None:
    """Keep others from changing schemas, and from writing by them, until the transaction ends."""
    await shut_for_request(connection, project_id, SCHEMAS)


async def update_schema(
    connection: Connection, project_id: int, schema_id: str, properties: Any, allow_defined_only: Any
) -> Record:
    """Add these definitions and overwrite those that exist; the rest stays. A type cannot be changed."""
    async with connection.transaction():
        timestamp = await shut_for_request(connection, project_id, SCHEMAS)
        locate = {"project_id": project_id, "id": schema_id}
        old = await _one(connection, _sql.get_schema_by_id, locate, schema_id)
        changed = clean_properties(properties or {})
        _refuse_changed_types(old["properties"], changed)
        _require_few({**old["properties"], **changed})
        only = old["allow_defined_only"] if allow_defined_only is None else allow_defined_only
        return await _one(
            connection,
            _sql.update_schema,
            {
                **locate,
                "properties": Jsonb({**old["properties"], **changed}),
                "allow_defined_only": _flag("allow_defined_only", only),
                "updated_at": timestamp,
            },
            schema_id,
        )


async def mark_definition(
    connection: Connection, project_id: int, related_object: str, key: str, *, deleted: bool
) -> Record:
    """Remove a definition, or restore it; the resources keep their metadata. Raises NotFoundError."""
    async with connection.transaction():
        timestamp = await shut_for_request(connection, project_id, SCHEMAS)
        parameters = {"project_id": project_id, "related_object": related_object}
        schema = await _one(connection, _sql.get_schema, parameters, related_object, "resource")
        if key not in schema["properties"]:
            raise NotFoundError.of("metadata_definition", key, "key")
        definition = {name: value for name, value in schema["properties"][key].items() if name != "deleted"}
        marked = {**definition, "deleted": True} if deleted else definition
        return await _set_properties(connection, project_id, schema, {**schema["properties"], key: marked}, timestamp)


async def forget_removed_definition(connection: Connection, project_id: int, related_object: str, key: str) -> None:
    """Take a removed definition off the schema for good, in the caller's transaction; batches in hand have ended then.

    Raises InvalidPayloadError for one that is in force. A key without any definition is fine: there is none to forget.
    """
    timestamp = await shut_for_request(connection, project_id, SCHEMAS)
    parameters = {"project_id": project_id, "related_object": related_object}
    schema = await (await connection.execute(_sql.get_schema, parameters)).fetchone()
    if schema is None or key not in schema["properties"]:
        return
    if not schema["properties"][key].get("deleted"):
        raise InvalidPayloadError(
            f"The definition {key} is in force; remove it first: "
            f"DELETE /v1/metadata-schemas/{related_object}/definitions/{key}"
        )
    rest = {name: definition for name, definition in schema["properties"].items() if name != key}
    await _set_properties(connection, project_id, schema, rest, timestamp)


async def _set_properties(
    connection: Connection, project_id: int, schema: Record, properties: Record, timestamp: datetime
) -> Record:
    parameters = {
        "project_id": project_id,
        "id": schema["id"],
        "properties": Jsonb(properties),
        "allow_defined_only": schema["allow_defined_only"],
        "updated_at": timestamp,
    }
    return await _one(connection, _sql.update_schema, parameters, schema["id"])


async def delete_schema(connection: Connection, project_id: int, schema_id: str) -> None:
    """Delete a schema for good; the resources keep their metadata. Raises NotFoundError."""
    async with connection.transaction():
        await shut_for_request(connection, project_id, SCHEMAS)
        await _one(connection, _sql.delete_schema, {"project_id": project_id, "id": schema_id}, schema_id)


def clean_properties(properties: Any) -> dict[str, Record]:
    """Check and complete definitions by key; raises InvalidPayloadError naming the definition at fault."""
    if not isinstance(properties, dict):
        raise InvalidPayloadError(f"properties: must be an object of definitions {actual(properties)}")
    _require_few(properties)
    return {_name("properties", key): _definition(key, definition) for key, definition in properties.items()}


def _require_few(properties: dict[str, Any]) -> None:
    if len(properties) > _MAX_DEFINITIONS:
        raise InvalidPayloadError(
            f"properties: a schema has {_MAX_DEFINITIONS} definitions at most, this one would have {len(properties)}"
        )


def _definition(key: str, raw: Any) -> Record:
    where = f"properties.{key}"
    if not isinstance(raw, dict):
        raise InvalidPayloadError(f"{where}: must be an object with a type {actual(raw)}")
    value_type = raw.get("type")
    if value_type not in STANDARD_TYPES:
        raise InvalidPayloadError(f"{where}.type: must be one of {', '.join(STANDARD_TYPES)} {actual(value_type)}")
    cleaned: Record = {"type": value_type, "array": False, "optional": True, "object_type": None}
    for flag in _FLAGS:
        if raw.get(flag) is not None:
            cleaned[flag] = _flag(f"{where}.{flag}", raw[flag])
    if value_type == "object":
        cleaned["object_type"] = _name(f"{where}.object_type", raw.get("object_type") or "unknown")
    return cleaned | _constraints(where, value_type, raw)


def _constraints(where: str, value_type: str, raw: Record) -> Record:
    cleaned: Record = {}
    for key in ("eq", "ne"):
        if raw.get(key):
            cleaned[key] = _choices(f"{where}.{key}", value_type, raw[key])
    for keys, wanted in ((_BOUNDS, "number"), (_LENGTHS, "string")):
        for key in keys:
            if raw.get(key) is not None:
                if value_type != wanted:
                    raise InvalidPayloadError(f"{where}.{key}: is only possible for the type {wanted}")
                cleaned[key] = _bound(f"{where}.{key}", wanted, raw[key])
    return cleaned


def _choices(where: str, value_type: str, values: Any) -> list[Any]:
    fits = {"string": lambda value: isinstance(value, str), "number": cleaning.is_number}.get(value_type)
    if fits is None:
        raise InvalidPayloadError(f"{where}: is only possible for the types string and number")
    if not isinstance(values, list) or not all(map(fits, values)):
        raise InvalidPayloadError(f"{where}: must be an array of {value_type}s {actual(values)}")
    if len(values) > _MAX_CHOICES:
        raise InvalidPayloadError(f"{where}: must have {_MAX_CHOICES} values at most, not {len(values)}")
    try:
        cleaning.check_storable(values)
    except Problem as problem:
        raise InvalidPayloadError(f"{where}: {problem}") from None
    return values


def _bound(where: str, value_type: str, value: Any) -> Any:
    if not cleaning.is_number(value):
        raise InvalidPayloadError(f"{where}: must be a number {actual(value)}")
    if value_type == "string" and not (0 <= value <= _MAX_LENGTH and value == int(value)):
        raise InvalidPayloadError(f"{where}: must be a whole number from 0 to {_MAX_LENGTH} {actual(value)}")
    return value


def _refuse_changed_types(old: dict[str, Record], changed: dict[str, Record]) -> None:
    for key, definition in changed.items():
        before = old.get(key, definition)["type"]
        if before != definition["type"]:
            raise InvalidPayloadError(f"properties.{key}.type: cannot be changed from {before} to {definition['type']}")


def _name(where: str, value: Any) -> str:
    try:
        if cleaning.is_blank(value):
            raise Problem("must not be empty")
        return str(cleaning.name_text(value))
    except Problem as problem:
        raise InvalidPayloadError(f"{where}: {problem}") from None


def _flag(where: str, value: Any) -> bool:
    try:
        return cleaning.json_boolean(value)
    except Problem as problem:
        raise InvalidPayloadError(f"{where}: {problem}") from None


async def _one(connection: Connection, sql: Any, parameters: Record, key: str, by: str = "id") -> Record:
    record = await (await connection.execute(sql, parameters)).fetchone()
    if record is None:
        raise NotFoundError.of("metadata_schema", key, by)
    return record
