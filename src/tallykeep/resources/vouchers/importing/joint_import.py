"""Voucher imports of several actions, written together: their new codes by one COPY."""

from collections.abc import Mapping, Sequence

from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import CannotJoinError, OvertakenError
from tallykeep.core.operation import JointOperation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.categories.labels import CategoryLabels, labels_of_projects
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.metadata.schemas import checkers_for
from tallykeep.resources.vouchers.importing.import_operation import Cleaner, Ready, VoucherImport, cleaner_for
from tallykeep.resources.vouchers.writing.store import copy_new, existing_codes

_Codes = set[tuple[int, str]]


class JointVoucherImport(JointOperation):
    """Batches whose codes are all new, and in one of them only. Those of others are left out."""

    def __init__(
        self, connection: Connection, metadata: Mapping[int, MetadataChecker], categories: Mapping[int, CategoryLabels]
    ) -> None:
        self._connection = connection
        self._metadata = metadata
        self._categories = categories
        self._cleaners: dict[tuple[object, ...], Cleaner] = {}
        self._checked: list[tuple[ClaimedBatch, Ready]] = []
        self._codes: _Codes = set()

    def check(self, claimed: ClaimedBatch, rows: Sequence[Row]) -> list[Failure]:
        """Check the rows as an import of its own would; raises CannotJoinError where that would do more than COPY."""
        operation = VoucherImport(self._connection, claimed, self._cleaner(claimed))
        failures = operation.check(rows)
        ready = operation.ready()
        codes = {(claimed.project_id, code) for code in ready.created}
        if not codes.isdisjoint(self._codes):
            raise CannotJoinError("another action has the same code")
        self._codes |= codes
        self._checked.append((claimed, ready))
        return failures

    def _cleaner(self, claimed: ClaimedBatch) -> Cleaner:
        """Return what cleans the rows; imports that say the same of theirs share one."""
        source = claimed.source
        said = (source.format == "csv", tuple(source.header), *source.decimal_marks.items(), source.last_day_counts)
        known = (claimed.project_id, *said)
        if known not in self._cleaners:
            project_id = claimed.project_id
            self._cleaners[known] = cleaner_for(source, self._metadata[project_id], self._categories[project_id])
        return self._cleaners[known]

    async def write(self) -> list[tuple[ClaimedBatch, Mapping[str, int]]]:
        """Copy all codes; where one exists already, those of the other batches.

        Raises OvertakenError where another one was made meanwhile.
        """
        written = self._checked
        if not await self._copy(written):
            existing = await existing_codes(self._connection, self._codes)
            written = [(claimed, ready) for claimed, ready in written if not _is_in(existing, claimed, ready)]
            if not await self._copy(written):
                raise OvertakenError("a voucher was created meanwhile; the batches are applied separately")
        return [(claimed, ready.created) for claimed, ready in written]

    async def _copy(self, batches: list[tuple[ClaimedBatch, Ready]]) -> bool:
        # In key order over all of them, so that two such COPYs that share keys never wait in a circle.
        pieces = [piece for _, ready in batches for piece in ready.pieces]
        lines = sorted(b"".join(pieces).split(b"\n")[:-1])
        return not lines or await copy_new(self._connection, [b"\n".join(lines) + b"\n"])


def _is_in(existing: _Codes, claimed: ClaimedBatch, ready: Ready) -> bool:
    return any((claimed.project_id, code) in existing for code in ready.created)


async def import_vouchers_jointly(connection: Connection, claimed: Sequence[ClaimedBatch]) -> JointVoucherImport:
    """Begin batches of several imports, perhaps of several projects."""
    project_ids = {each.project_id for each in claimed}
    metadata = await checkers_for(connection, project_ids, "voucher")
    return JointVoucherImport(connection, metadata, await labels_of_projects(connection, project_ids))
