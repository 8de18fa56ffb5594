"""Rows that are imported into a campaign, into vouchers of it."""

from collections.abc import Sequence
from typing import Any

from tallykeep.core.batch import Source
from tallykeep.core.rows import Failure, Row
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.campaigns.body import misplaced_worth, voucher_like
from tallykeep.resources.campaigns.csv_columns import CampaignColumns
from tallykeep.resources.campaigns.csv_rows import WORTH_TITLES, read_cells
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import shown_key
from tallykeep.resources.vouchers.draft import DraftTable, together
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers

_ANY_CODE = "CODE"


class CampaignVouchers:
    """Cleans the rows of one source into vouchers of a campaign."""

    def __init__(
        self, source: Source, campaign: dict[str, Any], checker: MetadataChecker, categories: CategoryLabels
    ) -> None:
        self._source = source
        self._campaign = campaign
        self._checker = checker
        self._categories = categories
        self._cleaner = JsonVouchers(checker, categories, campaign["id"], last_day_counts=source.last_day_counts)
        self._header = source.header if source.format == "csv" else None
        self._columns = self._columns_of(self._header) if self._header is not None else None

    def _columns_of(self, header: list[str]) -> CampaignColumns | None:
        template = voucher_like(self._campaign, {"code": _ANY_CODE})
        # What rows say of metadata may make good what the campaign's voucher lacks.
        any_metadata = JsonVouchers(
            MetadataChecker(None), self._categories, self._campaign["id"], last_day_counts=self._source.last_day_counts
        )
        samples, _ = any_metadata.clean([Row(1, template)])
        if not samples:
            return None
        marks, ends = self._source.decimal_marks, self._source.last_day_counts
        columns = CampaignColumns(
            header, samples[0], template, self._checker, self._categories, marks=marks, last_day_counts=ends
        )
        return columns if columns.is_usable else None

    def clean(self, rows: Sequence[Row]) -> tuple[DraftTable, list[Failure]]:
        """Return the drafts, in row order, and the failures."""
        if self._columns is None:
            return self.clean_each(rows)
        sorted_out = self._columns.sort_out(rows)
        drafts, failures = self.clean_each(sorted_out.others)
        ready = DraftTable(sorted_out.numbers, sorted_out.keys, sorted_out.texts)
        return together(ready, drafts), [*sorted_out.failures, *failures]

    def clean_each(self, rows: Sequence[Row]) -> tuple[DraftTable, list[Failure]]:
        """Return the drafts and the failures of rows that are read one by one."""
        failures: list[Failure] = []
        vouchers: list[Row] = []
        for row in rows:
            source = self._read(row)
            if isinstance(source, dict) and (misplaced := self._misplaced(source)):
                failures.append(Failure(row.number, shown_key(source.get("code")), "; ".join(misplaced)))
            elif isinstance(source, dict):
                vouchers.append(Row(row.number, voucher_like(self._campaign, source)))
            else:
                failures.append(Failure(row.number, self._key(row), source))
        drafts, flawed = self._cleaner.clean(vouchers)
        return drafts, failures + flawed

    def _key(self, row: Row) -> str | None:
        if self._header is None or row.value is None:
            return None
        cells = dict(zip(map(normal_title, self._header), row.value, strict=False))
        return shown_key(cells.get("code", "").strip())

    def _read(self, row: Row) -> dict[str, Any] | str:
        """Return what the row says of its voucher, or the problem with it."""
        if row.problem is not None:
            return row.problem
        if self._header is None:
            return row.value if isinstance(row.value, dict) else "the row must be an object"
        try:
            return read_cells(
                self._header,
                row.value,
                self._checker,
                marks=self._source.decimal_marks,
                last_day_counts=self._source.last_day_counts,
            )
        except Problem as problem:
            return str(problem)

    def _misplaced(self, source: dict[str, Any]) -> list[str]:
        titles = WORTH_TITLES if self._header is not None else {}
        return [f"{titles.get(name, name)}: {reason}" for name, reason in misplaced_worth(self._campaign, source)]

    def overrides_of(self, row: Row) -> tuple[bool | None, str | None]:
        """Return what a row that a draft was made of says of `active` and of the category's label, if anything."""
        source = self._read(row)
        return (
            (source.get("active"), self._categories.label_in(source, [])) if isinstance(source, dict) else (None, None)
        )
