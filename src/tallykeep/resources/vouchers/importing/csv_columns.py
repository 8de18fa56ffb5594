"""The quick way from a file's cells to what is copied: all that is not a code, made ready at once.

A column is made ready at once where its cells have an ordinary form; what has none is remembered by column. In the text
of a row that fails, or needs the careful way, is NEEDS_CARE.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE, CellColumn
from tallykeep.resources.fields.columns.cell_reader import CellReader
from tallykeep.resources.fields.columns.flaws import Labeled, key_problem, nameless_problem, unreadable
from tallykeep.resources.fields.columns.row_texts import Part, row_texts, separated
from tallykeep.resources.fields.columns.timestamps import end_problem, ending_before_start
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.plain_texts import CLEARING
from tallykeep.resources.metadata.cell_columns import MetadataColumns, MetadataTexts
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.draft import ABSENT, COLUMNS
from tallykeep.resources.vouchers.fields import BY_NAME
from tallykeep.resources.vouchers.importing.worth import WORTH_COLUMNS, WORTH_FIELDS
from tallykeep.resources.vouchers.importing.worth_columns import WorthColumns, WorthFlaw, worth_flaw

_OTHERS = COLUMNS[len(WORTH_FIELDS) :]  # the worth comes first among the fields, and so in COPY's lines
_NOTHING = CellReader(Field(name=""), "")
REQUIRED = ("code", "type")
_DATES = ("start_date", "expiration_date")


class Layout(NamedTuple):
    """Where a file's columns are: by the names of known fields, in the header's order, and those without a name."""

    known: Mapping[str, int]
    unnamed: Sequence[int]


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
        self._layout = Layout({name: index for name, (index, _) in known.items()}, unnamed)
        self._known = self._layout.known
        self._extra = list(extra)
        self._metadata = MetadataColumns(list(extra.values()), checker, marks, ABSENT["metadata"])
        self._worth = WorthColumns(mark_of_values)
        self._readers = {name: CellReader(known[name][1], ABSENT[name]) for name in _OTHERS if name in known}
        self._rules = CellReader(known["validation_rule"][1], "") if "validation_rule" in known else _NOTHING

    def read(self, columns: list[CellColumn]) -> "CsvBlock":
        """Read some rows. The code's own cells are not read."""
        rows = len(columns[0].cells)
        nothing = CellColumn([""] * rows, True)
        of_worth = [columns[self._known[name]] if name in self._known else nothing for name in WORTH_COLUMNS]
        worth = self._worth(of_worth[:-1], of_worth[-1])
        read = {name: make(columns[self._known[name]]) for name, make in self._readers.items()}
        parts: dict[str, list[Part]] = {name: [read.get(name, ABSENT[name])] for name in _OTHERS}
        metadata = self._metadata([columns[at] for at in self._extra])
        parts["metadata"] = metadata.parts
        if "validation_rule" in self._known:
            read["validation_rule"] = self._extras(columns[self._known["validation_rule"]])
            parts["extras"] = [read["validation_rule"]]
        made = row_texts(separated([worth, *parts.values()]), rows)
        for at in self._irregular_rows(columns, read):
            made[at] = NEEDS_CARE
        return CsvBlock(self._layout, columns, made, read, worth, metadata)

    def _extras(self, rules: CellColumn) -> list[str]:
        texts = self._rules(rules)
        if not rules.is_literal:
            return [NEEDS_CARE if text else ABSENT["extras"] for text in texts]
        return [
            text if text == NEEDS_CARE else f'{{"validation_rules":["{text}"]}}' if text else ABSENT["extras"]
            for text in texts
        ]

    def _irregular_rows(self, columns: list[CellColumn], read: Mapping[str, Sequence[str]]) -> set[int]:
        """Return the rows with a cell below no title, or an end before their start."""
        unnamed = self._layout.unnamed
        irregular = {at for index in unnamed for at, cell in enumerate(columns[index].cells) if cell.strip()}
        if all(name in read for name in _DATES):
            irregular.update(ending_before_start(read["start_date"], read["expiration_date"]))
        return irregular


class CsvBlock:
    """Some rows that were read: `read` are the texts of fields' columns, `worth` the parts of those taken together."""

    def __init__(
        self,
        layout: Layout,
        columns: list[CellColumn],
        texts: list[str],
        read: Mapping[str, Sequence[str]],
        worth: list[Part],
        metadata: MetadataTexts,
    ) -> None:
        self.texts = texts
        self._layout = layout
        self._columns = columns
        self._read = read
        self._worth = worth
        self._metadata = metadata

    def reason(self, at: int) -> str:
        """Say why a row fails, as CsvVouchers.clean_each does: every problem, in the same order.

        Empty where it does not fail; raises UnexplainedError where its cells cannot tell.
        """
        worth = worth_flaw(self._worth, at)
        problems = [nameless_problem(index) for index in self._layout.unnamed if self._cell(index, at)]
        problems += self._missing(at)
        problems += self._of_fields(at, worth)
        problems += self._date_problems(at)
        problems += worth.worth if worth is not None else ()
        problems += unreadable(self._metadata.columns, at)
        return "; ".join([*problems, *self._metadata.refusals(at)])

    @cached_property
    def _fields(self) -> list[Labeled]:
        return [(BY_NAME[name].title, self._read[name]) for name in self._layout.known if name in self._read]

    def _cell(self, index: int, at: int) -> str:
        return self._columns[index].cells[at].strip()

    def _missing(self, at: int) -> list[str]:
        known = self._layout.known
        cells = {name: self._cell(known[name], at) if name in known else "" for name in REQUIRED}
        return [f"{BY_NAME[name].title} is required" for name, cell in cells.items() if cell in ("", CLEARING)]

    def _of_fields(self, at: int, worth: WorthFlaw | None) -> list[str]:
        """List the problems of fields in the header's order; the code and the types have no texts of their own."""
        known = self._layout.known
        problems = {} if worth is None else dict(worth.types)
        if "code" in known and (problem := key_problem(self._cell(known["code"], at))) is not None:
            problems["code"] = problem
        if not problems:
            return unreadable(self._fields, at)
        texts = {
            name: unreadable([(BY_NAME[name].title, self._read[name])], at) for name in known if name in self._read
        }
        own = {name: [f"{BY_NAME[name].title}: {problem}"] for name, problem in problems.items()}
        return [each for name in known for each in (texts | own).get(name, ())]

    def _date_problems(self, at: int) -> list[str]:
        if not all(name in self._read for name in _DATES):
            return []
        problem = end_problem(self._read["start_date"], self._read["expiration_date"], at)
        return [] if problem is None else [f"{BY_NAME['expiration_date'].title}: {problem}"]
