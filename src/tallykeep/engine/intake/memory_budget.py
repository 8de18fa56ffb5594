"""The memory that all uploads of a process share for rows that are not written to the database yet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIZE = 6 << 20
_LEAST = 1 << 17  # that every upload may hold, however many there are
_AHEAD = 1 << 21  # of what has been received and is not yet read
_MAX_AHEAD, _MIN_AHEAD = 1 << 18, 1 << 16  # of one upload


class MemoryBudget:
    """Shares out memory evenly among the uploads that hold much; one that is alone fills whole batches."""

    def __init__(self, size: int = _SIZE) -> None:
        self._size = size
        self._holders: set[Holder] = set()
        self._receiving = 0

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

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Count an upload that is received faster than it is read, perhaps."""
        self._receiving += 1
        try:
            yield
        finally:
            self._receiving -= 1

    @property
    def ahead(self) -> int:
        """Return how many bytes of each may wait to be read by now."""
        return min(_MAX_AHEAD, max(_MIN_AHEAD, _AHEAD // max(1, self._receiving)))

    @property
    def share(self) -> int:
        """Return how many bytes each may hold by now."""
        return max(_LEAST, self._size // max(1, len(self._holders)))


class Holder:
    """The memory that one upload holds."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._held = 0

    @contextmanager
    def receiving(self) -> Iterator[Callable[[], int]]:
        """Provide what tells how many bytes of the upload may wait to be read, which becomes less as others come."""
        with self._budget.receiving():
            yield lambda: self._budget.ahead

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
