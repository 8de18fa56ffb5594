"""Keys that must stand once in a submission."""

from tallykeep.engine.rows import read_rows
from tallykeep.errors import InvalidPayloadError
from tallykeep.model import Portion, Source


class UniqueKeys:
    """Refuses a JSON submission in which a row has no key, or a key stands twice; remembers some 80 bytes of each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: set[int] = set()

    def checked(self, portion: Portion, source: Source) -> Portion:
        """The portion as it is; raises InvalidPayloadError for the first row at fault. Unreadable rows fail as rows."""
        for row in read_rows(portion, source):
            if row.problem is None:
                self._check(row.number, row.value)
        return portion

    def _check(self, number: int, value: object) -> None:
        key = value.get(self._name) if isinstance(value, dict) else None
        key = key.strip() if isinstance(key, str) else key
        if not key:
            raise InvalidPayloadError(f"Row {number} has no {self._name}", key="invalid_voucher")
        if hash(str(key)) in self._seen:
            raise InvalidPayloadError(f"Row {number} repeats the {self._name} {key}", key="duplicate_key")
        self._seen.add(hash(str(key)))
