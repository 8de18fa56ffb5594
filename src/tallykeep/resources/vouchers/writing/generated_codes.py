"""Vouchers alike whose codes are made by rule: exactly as many as are wanted, for as long as there are free codes."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import scalar_row

from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.fields.code_rules import CodeRule, Walk
from tallykeep.resources.fields.memo import RecentKeys
from tallykeep.resources.vouchers.draft import VoucherDraft, alike, codes_of
from tallykeep.resources.vouchers.writing.store import copy_new, insert_free, ready_pieces

_sql = queries(__package__, "generated_codes.sql")

_PLENTY = 10**12  # possible codes: three batches being written then meet with a chance of one in two thousand
_MAX_CHARACTERS = 40_000  # are made in some milliseconds, for which the event loop waits
_MAX_TRIED = 10_000_000  # codes that are gone through for a batch; and while somebody waits for a single one:
_MAX_TRIED_FOR_ONE = 50_000

_random = secrets.SystemRandom()
# Actions that have gone through all codes of theirs and found none free any more: their other batches need not go
# through them again, however many they are. Local to this process.
_exhausted = RecentKeys(1_000)


class Generated:
    """Vouchers after a sample, within the caller's transaction; `codes` are those that were found free, in order."""

    def __init__(
        self,
        connection: Connection,
        project_id: int,
        rule: CodeRule,
        sample: VoucherDraft,
        *,
        wanted: int,
        timestamp: datetime,
        action_id: str | None = None,
    ) -> None:
        self._connection = connection
        self._project_id = project_id
        self._rule = rule
        self._sample = sample
        self._wanted = wanted
        self._action_id = action_id
        self._timestamp = timestamp
        self._max_tried = min(rule.possible, _MAX_TRIED if wanted > 1 else _MAX_TRIED_FOR_ONE)
        self.codes: list[str] = []

    @property
    def missing(self) -> int:
        """How many are still to be made."""
        return self._wanted - len(self.codes)

    async def copy(self) -> None:
        """Make all at once, beside others, where so many codes are possible that hardly one will be met twice."""
        if self._rule.possible < _PLENTY:
            return
        drafts = self._drafts(self._drawn())
        if await copy_new(self._connection, ready_pieces(self._project_id, drafts, self._timestamp)):
            self.codes += codes_of(drafts)

    async def write(self) -> None:
        """Draw codes while most of those drawn are free; then look through all that there are.

        In the end none is missing, or none is free (of those tried, where there are more than that).
        """
        if self.missing > 1:
            params = {"project_id": self._project_id, "space": self._rule.space}
            await self._connection.execute(_sql.wait_for_generators, params)
        while self.missing and await self._draw():
            pass
        if self._action_id is not None and self._action_id in _exhausted:
            return
        # Codes that others free meanwhile count: only a walk that finds none tells that there is none.
        while self.missing and await self._walk():
            pass
        if self._action_id is not None and self.missing and self._max_tried == self._rule.possible:
            _exhausted.add(self._action_id)

    def reason(self) -> str:
        """Say why some are missing in the end, and what to do."""
        possible, remedy = self._rule.possible, "make it allow more (length, charset or pattern)"
        if possible == 1:
            return f"The only code that the code_config allows is taken; {remedy}"
        if possible == self._max_tried:
            return f"All {possible:,} codes that the code_config allows are taken; {remedy}"
        tried = f"{self._max_tried:,} codes were tried of the {possible:,} that the code_config allows"
        return f"{tried}, and too few of them were free; {remedy}"

    async def _draw(self) -> bool:
        """Draw as many as are missing; whether at least half of them were free."""
        wanted = self.missing
        await self._insert(self._drawn())
        return 2 * (wanted - self.missing) >= wanted

    async def _walk(self) -> bool:
        """Go through the codes until none is missing; whether another walk may find more."""
        before = len(self.codes)
        walk = Walk(self._rule.possible)
        part_size = max(_MAX_CHARACTERS // len(self._rule.pattern), 1)
        free: list[str] = []
        for first in range(0, self._max_tried, part_size):
            free += await self._free_of(self._rule.codes_at(walk.part(first, part_size)))
            while len(free) >= self.missing > 0:
                some, free = free[: self.missing], free[self.missing :]
                await self._insert(some)
                if self.missing:  # who has taken one of them may have taken others
                    free = await self._free_of(free)
            if not self.missing:
                return False
        await self._insert(free)
        return len(self.codes) > before and self._rule.possible == self._max_tried

    async def _free_of(self, codes: list[str]) -> list[str]:
        """Return those of the codes that nobody has, in random order."""
        params = {"project_id": self._project_id, "codes": codes}
        async with self._connection.cursor(row_factory=scalar_row) as cursor:
            await cursor.execute(_sql.free_codes, params)
            free: list[str] = await cursor.fetchall()
        _random.shuffle(free)
        return free

    def _drawn(self) -> list[str]:
        return list(dict.fromkeys(self._rule.make_many(self.missing)))

    def _drafts(self, codes: list[str]) -> Sequence[VoucherDraft]:
        return alike(range(1, len(codes) + 1), codes, self._sample)

    async def _insert(self, codes: list[str]) -> None:
        self.codes += await insert_free(self._connection, self._project_id, self._drafts(codes), self._timestamp)
