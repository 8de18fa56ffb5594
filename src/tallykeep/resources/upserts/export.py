"""The list of an upserted resource as a file: its fields, under the titles of the template."""

from collections.abc import Callable
from typing import Any

from tallykeep.db.connections.pool import Connection
from tallykeep.resources.lists.export import Export, Shown
from tallykeep.resources.lists.spec import ListSpec
from tallykeep.resources.upserts.spec import UpsertSpec


def export(spec: UpsertSpec, list_spec: ListSpec, show: Callable[[dict[str, Any]], Shown]) -> Export:
    """The file of this kind; `show` makes a row wire format."""

    async def shown(connection: Connection, project_id: int, rows: list[dict[str, Any]]) -> list[Shown]:
        return list(map(show, rows))

    titled = {field.title: field.exported for field in (spec.source_id, *spec.fields) if field.titles}
    return Export(list_spec=list_spec, show=shown, columns=titled)
