"""The memory that all uploads of a process share for rows that are not written to the database yet."""

from collections.abc import Iterator
from contextlib import contextmanager

_SIZE = 8 << 20
_LEAST = 1 << 17  # that every upload may hold, however many there are


class MemoryBudget:
    """Shares out memory evenly among the uploads that hold much; one that is alone fills whole batches."""

    def __init__(self, size: int = _SIZE) -> None:
        self._size = size
        self._holders: set[Holder] = set()

    @contextmanager
    def holder(self) -> Iterator["Holder"]:
        """Provide one upload's share, for as long as it comes in."""
        holder = Holder(self)
        try:
            yield holder
        finally:
            self._holders.discard(holder)

    def note(self, holder: "Holder", *, holds_much: bool) -> None:
        """Count the upload, or count it no longer."""
        if holds_much:
            self._holders.add(holder)
        else:
            self._holders.discard(holder)

    @property
    def share(self) -> int:
        """Return how many bytes each may hold by now."""
        return max(_LEAST, self._size // max(1, len(self._holders)))


class Holder:
    """The memory that one upload holds."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._held = 0

    def note(self, held: int) -> None:
        """Say how many bytes are held by now."""
        self._held = held
        self._budget.note(self, holds_much=self.holds_much)

    @property
    def holds_much(self) -> bool:
        """Return whether the upload holds more than each may hold while no bytes arrive."""
        return self._held > _LEAST

    @property
    def is_full(self) -> bool:
        """Return whether something has to be written before more is taken in.

        At half of its share: the other half is on its way to the database meanwhile.
        """
        return self._held >= self._budget.share // 2
