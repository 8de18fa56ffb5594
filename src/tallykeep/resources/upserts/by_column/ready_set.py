"""A set of changes whose columns are COPY's texts already: written as other sets are, with no object for each."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from tallykeep.core.errors import OvertakenError
from tallykeep.core.ids import new_ids
from tallykeep.db.connections.pool import Connection
from tallykeep.db.copy_format import NULL
from tallykeep.resources.upserts.set_writing import (
    LINES_AT_ONCE,
    insert_new,
    lines_of,
    made_at,
    set_parameters,
    update_existing,
)
from tallykeep.resources.upserts.spec import Recheck, UpsertSpec


class ReadySet:
    """One change for each key, in the order of keys, of which none has to be escaped for COPY.

    It is made of `keys` in the order of the rows that name them first, in which new resources get their ids; of the
    numbers of these `rows`; and of `columns` by their names in the table, in which None stands for what a change does
    not say. A column that is missing is one that no change says anything of. Nothing is set to null.
    """

    def __init__(
        self, spec: UpsertSpec, keys: Sequence[str], rows: Sequence[int], columns: Mapping[str, Sequence[Any]]
    ) -> None:
        pick = _picker(sorted(range(len(keys)), key=keys.__getitem__))
        self.spec = spec
        self.keys = pick(keys)
        self.ids = pick(new_ids(spec.prefix, len(keys)))
        self.rows = pick(rows)
        self.columns = {name: pick(column) for name, column in columns.items()}
        self.existing: Mapping[str, str] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def staged(self) -> Iterator[str]:
        """Yield lines of the staging table, see Writable."""
        for part in self._parts():
            rows = list(map(str, self.rows[part]))
            yield lines_of([self.keys[part], self.ids[part], rows, *self._columns(part, {})])

    def new(self, parameters: dict[str, Any]) -> Iterator[str]:
        """Yield lines of the table, see Writable."""
        project_id, defaults = str(parameters["project_id"]), self.spec.table.default_texts
        for part in self._parts():
            made = made_at(self.spec, self.rows[part], parameters)
            yield lines_of([project_id, self.ids[part], self.keys[part], *self._columns(part, defaults), made])

    def _parts(self) -> Iterator[slice]:
        for start in range(0, len(self), LINES_AT_ONCE):
            yield slice(start, start + LINES_AT_ONCE)

    def _columns(self, part: slice, defaults: Mapping[str, str]) -> Iterator[str | Sequence[str]]:
        """Yield the table's columns, in which `defaults` stand for what is not said."""
        for name in self.spec.table.columns:
            absent = defaults.get(name, NULL)
            texts = self.columns.get(name)
            if texts is None:
                yield absent
                continue
            some = texts[part]
            yield [absent if text is None else text for text in some] if None in some else some

    async def write(
        self,
        connection: Connection,
        project_id: int,
        timestamp: datetime,
        *,
        kept: Collection[str] = (),
        rechecks: Sequence[Recheck] = (),
    ) -> None:
        """Insert what is new, and change what is `existing`, by source_ids with their ids, but for what is `kept`.

        Raises OvertakenError where somebody else deletes meanwhile, or one of the `rechecks` finds something.
        """
        if not self.keys:
            return
        parameters = set_parameters(project_id, timestamp, self.rows, kept)
        self.existing = await insert_new(connection, self.spec, self, parameters)
        if any([await is_there() for is_there in rechecks]):
            raise OvertakenError("what had been looked for in vain was created meanwhile; the batch is tried again")
        if self.existing.keys() - kept:
            await update_existing(connection, self.spec, parameters, ())

    @property
    def id_of(self) -> dict[str, str]:
        """The id of each key's resource, once that is written."""
        return {**dict(zip(self.keys, self.ids, strict=True)), **self.existing}

    @property
    def created(self) -> dict[str, int]:
        """The keys of what was new, each with its row."""
        rows = zip(self.keys, self.rows, strict=True)
        return {key: row for key, row in rows if key not in self.existing} if self.existing else dict(rows)


def _picker(order: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return what puts a column into this order."""
    return itemgetter(*order) if len(order) > 1 else tuple
