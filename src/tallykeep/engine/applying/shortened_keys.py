"""Keys whose digits a spreadsheet has cut, such as 4.00638E+12: rows that share one are not of one resource, and fail.

One that stands alone is taken as it is: codes can look like that. What earlier batches had of them is kept beside the
keys of dry runs until the action has ended.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from tallykeep.core.action_type import ActionType
from tallykeep.core.batch import ClaimedBatch, Source
from tallykeep.core.rows import Failure, Row, Table
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.formats.csv.titles import normal_title
from tallykeep.formats.csv.writer import csv_lines
from tallykeep.formats.pieces import may_be_in

_sql = queries(__package__, "attempt.sql")

# As spreadsheets write it, with a plus; without one only what has decimals: 7E42 is as good a code as any.
_SHORTENED = re.compile(r"\d(?:(?:[.,]\d{1,20})?[eE]\+\d{1,3}|\.\d{1,20}[eE]\d{1,3})", re.ASCII)
_WITHOUT_PLUS = re.compile(rb"\.\d{1,20}[eE]\d")
_CELL_WITHOUT_PLUS = re.compile(r"\.\d{1,20}[eE]\d", re.ASCII)
_MAX_LENGTH = 30
_FAR_IN = 3  # columns from either end


def is_shortened(key: object) -> bool:
    """Return whether this is how a spreadsheet shows a long number."""
    return isinstance(key, str) and len(key) <= _MAX_LENGTH and _SHORTENED.fullmatch(key.strip()) is not None


class ShortenedKeys:
    """Sets aside, of one batch's rows, those that share a shortened key with another row of the action."""

    def __init__(self, action_type: ActionType, claimed: ClaimedBatch) -> None:
        self._action_type = action_type
        self._claimed = claimed
        self.keys: set[str] = set()

    def may_occur(self, rows: Sequence[Row]) -> bool:
        """Return whether every row is worth checking: quick, for all the files that have no such key."""
        body = self._claimed.batch.body
        if not self._action_type.key_columns or self._claimed.source.format == "planned":
            return False
        # Rows that belong to no action come without the bytes.
        # The plus is searched for first: that takes a tenth of the time.
        if not body or (b"+" in body and (b"E+" in body or b"e+" in body)):
            return True
        keys = _key_cells(rows, self._claimed.source, self._action_type) if isinstance(rows, Table) else None
        if keys is None:
            return may_be_in(_WITHOUT_PLUS, body, _MAX_LENGTH)
        return _CELL_WITHOUT_PLUS.search("\n".join(keys)) is not None

    def find(self, rows: Sequence[Row]) -> bool:
        """Find such keys among the rows; return whether there is any."""
        self._shortened = dict(_shortened_keys(rows, self._claimed.source, self._action_type))
        self.keys = set(self._shortened.values())
        return bool(self._shortened)

    async def part(self, connection: Connection, rows: Sequence[Row]) -> tuple[Sequence[Row], list[Failure]]:
        """Return the other rows, and the failures of those that share a key; earlier batches are closed by now."""
        counts = Counter(self._shortened.values())
        shared = {key for key, count in counts.items() if count > 1} | await self._known(connection)
        failures = [
            Failure(number, key, _reason(self._title(), key), f"invalid_{self._action_type.noun}")
            for number, key in self._shortened.items()
            if key in shared
        ]
        failed = {failure.row for failure in failures}
        return [row for row in rows if row.number not in failed] if failed else rows, failures

    async def _known(self, connection: Connection) -> set[str]:
        """Return the keys that earlier rows of the action have, and keep these rows' from now on."""
        if not self._claimed.action_id:
            return set()
        params = {**self._claimed.action_key, "keys": sorted(self.keys)}
        rows = await (await connection.execute(_sql.keys_of_earlier_batches, params)).fetchall()
        await connection.execute(_sql.add_dry_run_keys, params)
        return {row["key"] for row in rows}

    def _title(self) -> str:
        return self._action_type.key_columns[0]


def reported(failures: Sequence[Failure], action_type: ActionType) -> str:
    """Format what these rows add to the action's report file."""
    lines = [
        {"found": "false", "updated": "false", "error": failure.reason, "key": failure.key} for failure in failures
    ]
    return csv_lines([line.get(name, line["key"]) for name in action_type.report_header] for line in lines)


def _reason(title: str, key: str) -> str:
    return (
        f"{title}: several rows have {key}: a spreadsheet has shortened what stood there; format the column as text in"
        f" the original, and export it again (actual value is '{key}')"
    )


def _key_column(source: Source, action_type: ActionType) -> int | None:
    wanted = set(map(normal_title, action_type.key_columns))
    return next((at for at, title in enumerate(source.header) if normal_title(title) in wanted), None)


def _key_cells(table: Table, source: Source, action_type: ActionType) -> list[str] | None:
    """Return the keys, a small part of a wide file; None where cutting them out takes longer than it saves."""
    column = _key_column(source, action_type)
    if column is None:
        return []
    delimiter, at = table.delimiter, table.kept[column]
    if at == 0:
        return [line.partition(delimiter)[0] for line in table.lines]
    if at <= _FAR_IN:
        return [line.split(delimiter, at + 1)[at] for line in table.lines]
    behind = table.width - 1 - at
    return [line.rsplit(delimiter, behind + 1)[-1 - behind] for line in table.lines] if behind <= _FAR_IN else None


def _shortened_keys(rows: Sequence[Row], source: Source, action_type: ActionType) -> Iterator[tuple[int, str]]:
    column = _key_column(source, action_type)
    for row in rows:
        if isinstance(row.value, list):
            key = row.value[column] if column is not None and column < len(row.value) else None
        else:
            key = row.value.get(action_type.key_columns[0]) if isinstance(row.value, dict) else None
        if is_shortened(key):
            yield row.number, str(key).strip()
