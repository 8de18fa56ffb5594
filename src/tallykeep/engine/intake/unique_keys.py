"""Keys that must stand once in a submission."""

from array import array
from bisect import bisect_left

from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import InvalidPayloadError
from tallykeep.formats.row_reader import read_rows

MAX_KEYS = 2_000_000
_LOOSE = 65_536  # keys that are not sorted yet; few enough that sorting them takes little time


class UniqueKeys:
    """Refuses a JSON submission in which a row has no key, a key stands twice, or there are too many to compare.

    Remembers 8 bytes of each key, and some megabytes of the last ones.
    """

    def __init__(self, name: str, maximum: int = MAX_KEYS) -> None:
        self._name = name
        self._left = maximum
        self._max = maximum
        self._loose: set[int] = set()
        self._sorted: list[array[int]] = []

    def checked(self, batch: Batch, source: Source) -> Batch:
        """Check the batch and return it as it is.

        Raise InvalidPayloadError for the first row at fault. Unreadable rows fail as rows.
        """
        for row in read_rows(batch, source):
            if row.problem is None:
                self._check(row.number, row.value)
        return batch

    def _check(self, number: int, value: object) -> None:
        key = value.get(self._name) if isinstance(value, dict) else None
        key = key.strip() if isinstance(key, str) else key
        if not key:
            raise InvalidPayloadError(f"Row {number} has no {self._name}", key="invalid_voucher")
        known = hash(str(key))
        if known in self._loose or any(_holds(some, known) for some in self._sorted):
            raise InvalidPayloadError(f"Row {number} repeats the {self._name} {key}", key="duplicate_key")
        self._remember(known)

    def _remember(self, known: int) -> None:
        if not self._left:
            raise InvalidPayloadError(
                f"There are more than {self._max} rows whose {self._name} has to differ; send several submissions"
            )
        self._left -= 1
        self._loose.add(known)
        if len(self._loose) == _LOOSE:
            self._sorted.append(array("q", sorted(self._loose)))
            self._loose = set()


def _holds(some: "array[int]", known: int) -> bool:
    at = bisect_left(some, known)
    return at < len(some) and some[at] == known
