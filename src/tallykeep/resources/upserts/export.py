"""The list of an upserted noun as a file: its fields, under the titles of the template."""

from typing import Any

from tallykeep.db.connections.pool import Connection
from tallykeep.resources.lists.export import Export, Shown
from tallykeep.resources.upserts.spec import UpsertSpec


def export(spec: UpsertSpec) -> Export:
    """Return the export of the noun."""

    async def shown(connection: Connection, project_id: int, rows: list[dict[str, Any]]) -> list[Shown]:
        return list(map(spec.show, rows))

    columns = {field.title: field.exported for field in spec.file_fields}
    return Export(list_spec=spec.list_spec, show=shown, columns=columns)
