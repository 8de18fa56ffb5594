"""Products and SKUs that the orders of a batch name, by their source_ids: those that are there, and those it makes."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, LiteralString

from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.upserts.spec import Recheck

_sql = queries(__package__, "store.sql")

_KNOWN = {"product": _sql.known_products, "sku": _sql.known_skus}
Known = dict[Any, dict[str, Any]]  # the id, and of a SKU that of its product, by source_id


class KnownGoods:
    """What is known of products and SKUs; each source_id is looked for once."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id
        self._known: dict[str, Known] = {name: {} for name in _KNOWN}

    def note(self, name: str, source_id: str, **known: str) -> None:
        """Note what has just been written, of the noun `name`."""
        self._known[name][source_id] = known

    def forget(self, name: str) -> None:
        """Forget what is known of this noun, so that it is looked for again."""
        self._known[name].clear()

    async def existing(self, name: str, sources: Iterable[Any]) -> Known:
        """Those products or SKUs that are known to exist, after those of these source ids have been looked for."""
        known = self._known[name]
        if missing := {str(source) for source in sources if source}.difference(known):
            known.update(await self._fetch(_KNOWN[name], missing))
        return known

    async def find(self, sources: Mapping[str, Iterable[Any]]) -> tuple[Known, Known, list[Recheck]]:
        """Return what is known of products and of SKUs by their source ids, with those of all these `sources`.

        Also return what checks again for those that are missing.
        """
        known, rechecks = list[Known](), list[Recheck]()
        for name, sql in _KNOWN.items():
            wanted = {source for source in sources[name] if source is not None}
            known.append(await self.existing(name, wanted))
            if missed := wanted.difference(known[-1]):
                rechecks.append(partial(self._is_any_there, sql, missed))
        return known[0], known[1], rechecks

    async def _is_any_there(self, sql: LiteralString, sources: set[str]) -> bool:
        return bool(await self._fetch(sql, sources))

    async def _fetch(self, sql: LiteralString, sources: set[str]) -> Known:
        parameters = {"project_id": self._project_id, "keys": sorted(filter(None, sources))}
        return {row["source_id"]: row for row in await (await self._connection.execute(sql, parameters)).fetchall()}
