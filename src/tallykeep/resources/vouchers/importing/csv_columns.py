"""The quick way from a file's cells to what is copied: all that is not a code, made ready at once.

A column is made ready at once where its cells have an ordinary form; what has none is remembered by column. Whatever
needs the careful way has NEEDS_CARE in its text.
"""

from collections.abc import Mapping, Sequence

from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE, CellColumn
from tallykeep.resources.fields.columns.cell_reader import CellReader
from tallykeep.resources.fields.columns.row_texts import Part, row_texts, separated
from tallykeep.resources.fields.copy_format import NULL
from tallykeep.resources.fields.field import Field
from tallykeep.resources.metadata.cell_columns import MetadataColumns
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.draft import ABSENT, COLUMNS
from tallykeep.resources.vouchers.importing.column_rows import ending_before_start
from tallykeep.resources.vouchers.importing.worth import BOUGHT, WORTH_FIELDS
from tallykeep.resources.vouchers.importing.worth_columns import WorthColumns

_OTHERS = COLUMNS[len(WORTH_FIELDS) :]
_NOTHING = CellReader(Field(name=""), "")


class CsvColumns:
    """Makes row texts (see DraftTable) out of a file's columns: known by name, without a name, and the rest.

    `extra` are the indexes and names of those that are metadata, `mark` stands before the decimals of Values.
    """

    def __init__(
        self,
        known: Mapping[str, tuple[int, Field]],
        unnamed: Sequence[int],
        extra: Mapping[int, str],
        checker: MetadataChecker,
        marks: Mapping[str, str],
        mark_of_values: str | None,
    ) -> None:
        self._known = {name: index for name, (index, _) in known.items()}
        self._unnamed = unnamed
        self._extra = list(extra)
        self._metadata = MetadataColumns(list(extra.values()), checker, marks, ABSENT["metadata"])
        self._worth = WorthColumns(mark_of_values)
        self._readers = {name: CellReader(known[name][1], ABSENT[name]) for name in _OTHERS if name in known}
        self._rules = CellReader(known["validation_rule"][1], "") if "validation_rule" in known else _NOTHING

    def texts(self, columns: list[CellColumn]) -> list[str]:
        """Make the text of each row; NEEDS_CARE is in those that need it. The code's own cells are not read."""
        rows = len(columns[0].cells)
        nothing = CellColumn([""] * rows, True)
        kinds = [columns[self._known[name]] if name in self._known else nothing for name in BOUGHT]
        parts: dict[str, list[Part]] = {name: [ABSENT[name]] for name in _OTHERS}
        parts |= {name: [read(columns[self._known[name]])] for name, read in self._readers.items()}
        parts["metadata"] = self._metadata([columns[at] for at in self._extra])
        if "validation_rule" in self._known:
            parts["extras"] = [self._extras(columns[self._known["validation_rule"]])]
        made = row_texts(separated([self._worth(kinds[:-1], kinds[-1]), *parts.values()]), rows)
        for at in self._irregular_rows(columns, parts):
            made[at] = NEEDS_CARE
        return made

    def _extras(self, rules: CellColumn) -> list[str]:
        texts = self._rules(rules)
        if not rules.is_literal:
            return [NEEDS_CARE if text else ABSENT["extras"] for text in texts]
        return [f'{{"validation_rules":["{text}"]}}' if text else ABSENT["extras"] for text in texts]

    def _irregular_rows(self, columns: list[CellColumn], parts: Mapping[str, list[Part]]) -> set[int]:
        """Return the rows with a cell below no title, or an end before their start."""
        irregular = {at for index in self._unnamed for at, cell in enumerate(columns[index].cells) if cell.strip()}
        if "start_date" in self._readers and "expiration_date" in self._readers:
            irregular.update(ending_before_start(parts["start_date"][0], parts["expiration_date"][0], NULL))
        return irregular
