"""Voucher imports: what they do with one batch's rows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import NamedTuple

from psycopg.errors import DeadlockDetected

from tallykeep.core.batch import ClaimedBatch, Source
from tallykeep.core.errors import CannotJoinError, OvertakenError
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.categories.labels import CategoryLabels, labels_for
from tallykeep.resources.fields.memo import RecentKeys
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.metadata.schemas import checker_for
from tallykeep.resources.vouchers.draft import (
    Dates,
    DraftTable,
    VoucherDraft,
    codes_of,
    dates_after,
    has_dates,
    is_reversed,
    last_rows_of,
    merge,
    rows_of,
    together,
)
from tallykeep.resources.vouchers.importing.csv_rows import CsvVouchers
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers
from tallykeep.resources.vouchers.writing.store import (
    Written,
    already_exists,
    copy_new,
    date_failures,
    insert_staged,
    lock_existing,
    ready_pieces,
    stage,
    type_failures,
    upsert_staged,
)

_Write = Callable[[Connection, int, Sequence[VoucherDraft], datetime], Awaitable[Written]]


# Actions that met a code which exists: copying straight into the table would only fail again. A guess that speeds
# things up, local to this process; what is written never depends on it.
_meets_existing = RecentKeys(1_000)


Cleaner = CsvVouchers | JsonVouchers


class Ready(NamedTuple):
    """New vouchers in COPY's text format, and their codes, each with its row."""

    pieces: list[bytes]
    created: dict[str, int]


class VoucherImport(Operation):
    """One batch of a voucher import, within its transaction: check, stage, write, in this order.

    JSON imports refuse codes that exist; CSV imports update them, as the reference API documents it.
    """

    def __init__(self, connection: Connection, claimed: ClaimedBatch, cleaner: Cleaner) -> None:
        self._connection = connection
        self._project_id = claimed.project_id
        self._action_id = claimed.action_id
        self._timestamp = claimed.timestamp
        self._cleaner = cleaner
        self._updates = isinstance(cleaner, CsvVouchers)
        self._write: _Write = upsert_staged if self._updates else insert_staged
        self._drafts: Sequence[VoucherDraft] = []
        self._repeated: list[VoucherDraft] = []
        self._ready: list[bytes] | None = None
        self._new: dict[str, int] = {}

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Clean the rows into drafts; the failures are those that do not depend on the database."""
        drafts, failures = self._cleaner.clean(rows)
        failures += self._fold(drafts)
        if self._action_id not in _meets_existing:
            self._ready = ready_pieces(self._project_id, self._drafts, self._timestamp)
        return failures

    async def stage(self) -> None:
        """Copy straight into the table, or to the staging table where codes are expected to exist, or turn out to.

        The table too can be written to beside earlier batches: a code that one of them is about to write makes either
        of the two wait for the other, in a circle that PostgreSQL breaks; then all goes by the staging table.
        """
        if self._ready is not None and self._action_id not in _meets_existing:
            if await self._copy_new(self._ready):
                self._new.update(zip(codes_of(self._drafts), rows_of(self._drafts), strict=True))
                self._drafts = []
                return
            _meets_existing.add(self._action_id)
        await stage(self._connection, self._drafts)

    async def _copy_new(self, pieces: list[bytes]) -> bool:
        try:
            return await copy_new(self._connection, pieces)
        except DeadlockDetected:
            _meets_existing.add(self._action_id)
            raise

    async def write(self) -> list[Failure]:
        """Write the drafts, then the codes that several rows have in ways that may contradict; returns what failed."""
        failures = await self._write_staged(self._drafts) if self._drafts else []
        return failures + await self._write_repeated() if self._repeated else failures

    def ready(self) -> Ready:
        """Return what was checked, where all of it only has to be copied; raises CannotJoinError where it has not."""
        if self._ready is None or self._repeated:
            raise CannotJoinError("some of its codes may exist, or are there several times")
        return Ready(self._ready, dict(zip(codes_of(self._drafts), rows_of(self._drafts), strict=True)))

    def created(self) -> Mapping[str, int]:
        """Return the codes that were new."""
        return self._new

    async def _write_staged(self, drafts: Sequence[VoucherDraft]) -> list[Failure]:
        written = await self._write(self._connection, self._project_id, drafts, self._timestamp)
        triples = zip(codes_of(drafts), rows_of(drafts), last_rows_of(drafts), strict=True)
        self._new.update((code, first) for code, first, last in triples if last not in written.existing)
        return written.failures

    async def _write_repeated(self) -> list[Failure]:
        existing = await lock_existing(self._connection, self._project_id, {draft.code for draft in self._repeated})
        drafts, refused = self._fold_one_by_one(dict(existing))
        await stage(self._connection, drafts)
        failures = refused + await self._write_staged(drafts)
        if any(draft.code not in existing and draft.code not in self._new for draft in drafts):
            raise OvertakenError("a voucher was created while rows were held to there being none; they are read anew")
        return failures

    def _fold(self, drafts: DraftTable) -> list[Failure]:
        """Fold rows of one code into one draft, with the effect of the rows in their order."""
        if len(set(drafts.codes)) == len(drafts):
            self._drafts = drafts
            return []
        rows_of_code: dict[str, list[int]] = {}
        for at, code in enumerate(drafts.codes):
            rows_of_code.setdefault(code, []).append(at)
        repeated = [indexes for indexes in rows_of_code.values() if len(indexes) > 1]
        if not self._updates:
            self._drafts = drafts.at([indexes[0] for indexes in rows_of_code.values()])
            again = sorted(at for indexes in repeated for at in indexes[1:])
            return [Failure(drafts.numbers[at], (code := drafts.codes[at]), already_exists(code)) for at in again]
        groups = [[drafts[at] for at in indexes] for indexes in repeated]
        folded = [reduce(merge, group) for group in groups if not _depends_on_what_exists(group)]
        single = [indexes[0] for indexes in rows_of_code.values() if len(indexes) == 1]
        self._drafts = together(drafts.at(single), folded)
        self._repeated = [draft for group in groups if _depends_on_what_exists(group) for draft in group]
        return []

    def _fold_one_by_one(self, known: dict[str, tuple[str, Dates]]) -> tuple[list[VoucherDraft], list[Failure]]:
        """Check each row against the state before it: the type of the first row, or of the voucher, and its dates."""
        merged: dict[str, VoucherDraft] = {}
        failures: list[Failure] = []
        for draft in self._repeated:
            voucher_type, dates = known.get(draft.code, (draft.type, (None, None)))
            after = dates_after(draft, dates)
            if draft.type != voucher_type:
                failures.extend(type_failures(draft, voucher_type))
            elif has_dates(draft) and is_reversed(after):
                failures.extend(date_failures(draft))
            else:
                earlier = merged.get(draft.code)
                merged[draft.code] = merge(earlier, draft) if earlier else draft
                known[draft.code] = (voucher_type, after)
        return list(merged.values()), failures


def _depends_on_what_exists(group: list[VoucherDraft]) -> bool:
    """Whether some of the rows with one code may fail, and which do is only known from the voucher there is."""
    return len({draft.type for draft in group}) > 1 or any(map(has_dates, group))


async def import_vouchers(connection: Connection, claimed: ClaimedBatch) -> VoucherImport:
    """Begin one batch of an import whose rows come as its action's source says."""
    metadata = await checker_for(connection, claimed.project_id, "voucher")
    categories = await labels_for(connection, claimed.project_id)
    return VoucherImport(connection, claimed, cleaner_for(claimed.source, metadata, categories))


def cleaner_for(source: Source, metadata: MetadataChecker, categories: CategoryLabels) -> Cleaner:
    """Return what cleans rows that come as the source says."""
    ends = source.last_day_counts
    if source.format == "csv":
        return CsvVouchers(source.header, metadata, categories, marks=source.decimal_marks, last_day_counts=ends)
    return JsonVouchers(metadata, categories, last_day_counts=ends)
