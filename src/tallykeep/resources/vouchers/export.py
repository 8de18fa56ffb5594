"""The list of vouchers as a file: the columns that imports of vouchers read."""

from typing import Any

from tallykeep.db.connections.pool import Connection
from tallykeep.resources.categories.labels import category_fields
from tallykeep.resources.lists.export import Export, Shown
from tallykeep.resources.vouchers.fields import IN_FILES
from tallykeep.resources.vouchers.list_spec import VOUCHERS
from tallykeep.resources.vouchers.read import shown


async def _shown(connection: Connection, project_id: int, rows: list[dict[str, Any]]) -> list[Shown]:
    return list(map(shown, rows, await category_fields(connection, project_id, rows)))


VOUCHER_EXPORT = Export(list_spec=VOUCHERS, show=_shown, columns={field.title: field.exported for field in IN_FILES})
