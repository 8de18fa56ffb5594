"""What the vouchers of a file are worth, a column at a time.

Few combinations of types and effects occur in a file, and each says what stands around the number that is the Value.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tallykeep.db.copy_format import NULL, copy_text
from tallykeep.resources.fields.cleaning import Cleaner, Problem
from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE, CellColumn
from tallykeep.resources.fields.columns.flaws import Flaw, UnexplainedError
from tallykeep.resources.fields.columns.ordinary_forms import Form, form_of, legible, repeats, with_irregular, without
from tallykeep.resources.fields.columns.row_texts import Part
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.fields.plain_texts import CLEARING
from tallykeep.resources.vouchers.cell_choices import DISCOUNT_TYPE_CELL, TYPE_CELL, effect_cell
from tallykeep.resources.vouchers.domain import DISCOUNT, EFFECTS, WORTH, Values
from tallykeep.resources.vouchers.importing.worth import WORTH_FIELDS, value_field, worth_of

Cells = tuple[str, str, str]  # of Voucher Type, Discount Type and Discount Effect


class WorthFlaw(Flaw):
    """Stands for the text of what cannot be read; `types` are the problems of types, by the names of their fields."""

    __slots__ = ("types", "worth")
    types: Mapping[str, str]
    worth: Sequence[str]

    @classmethod
    def of(cls, types: Mapping[str, str], worth: Sequence[str] = ()) -> "WorthFlaw":
        """Make one with these problems: of types, and of what the cells mean together, each with its label."""
        made = cls("")
        made.types, made.worth = types, worth
        return made


@dataclass(frozen=True, slots=True, eq=False)
class _Combination:
    """What stands before and behind the Value of vouchers of one combination, and the form it ordinarily has."""

    before: str
    behind: str
    form: Form


class WorthColumns:
    """Makes the texts of type, discount, gift and loyalty card, with tabs between them.

    `mark` stands before the decimals of Values. Where anything is wrong, the text is a WorthFlaw.
    """

    def __init__(self, mark: str | None) -> None:
        self._combinations = Memo(_combination)
        self._remembered = Memo(_reader_of(mark))

    def __call__(self, kinds: Sequence[CellColumn], values: CellColumn) -> list[Part]:
        """Return the parts of the texts; `kinds` are Voucher Type, Discount Type and Discount Effect."""
        of_rows = list(zip(*[column.cells for column in kinds], strict=True))
        combinations: list[_Combination | None] = list(map(self._combinations.__getitem__, of_rows))
        cells = list(map(str.strip, values.cells))
        if repeats(cells):
            return [[self._remembered[*types, cell] for types, cell in zip(of_rows, cells, strict=True)]]
        one_liners = cells if values.is_literal else legible(cells)
        if (parts := self._of_one_combination(of_rows, combinations, cells, one_liners)) is not None:
            return parts
        texts: list[str | None] = [None] * len(cells)
        for combination, rows in _grouped(combinations).items():
            if combination is not None:
                _put_ordinary(texts, combination, rows, [one_liners[at] for at in rows])
        return [[self._remembered[*of_rows[at], cells[at]] if text is None else text for at, text in enumerate(texts)]]

    def _of_one_combination(
        self,
        of_rows: list[Cells],
        combinations: list[_Combination | None],
        cells: list[str],
        one_liners: list[str],
    ) -> list[Part] | None:
        """Return the parts where all rows that can be taken have one combination, and an ordinary Value."""
        usual = next(filter(None, combinations), None)
        irregular = None if usual is None else usual.form.irregular(one_liners)
        if usual is None or irregular is None:
            return None
        if combinations.count(usual) < len(combinations):
            irregular = sorted({*irregular, *(at for at, each in enumerate(combinations) if each is not usual)})
        flaws: list[str] = []
        for at in irregular:
            flaws.append(self._remembered[*of_rows[at], cells[at]])
            if flaws[-1] != NEEDS_CARE:
                return None
        numbers = with_irregular(usual.form.texts(without(cells, irregular)), irregular, flaws)
        return [usual.before, numbers, usual.behind]


def worth_flaw(parts: Sequence[Part], at: int) -> WorthFlaw | None:
    """Return what is wrong in one row of these parts, None where nothing is.

    Raises UnexplainedError where it clears something.
    """
    text = parts[len(parts) // 2][at]  # the other two are what stands around every Value
    if text == NEEDS_CARE and not isinstance(text, WorthFlaw):
        raise UnexplainedError
    return text if isinstance(text, WorthFlaw) else None


def _grouped(combinations: list[_Combination | None]) -> dict[_Combination | None, list[int]]:
    rows_of: dict[_Combination | None, list[int]] = defaultdict(list)
    for at, combination in enumerate(combinations):
        rows_of[combination].append(at)
    return rows_of


def _put_ordinary(texts: list[str | None], combination: _Combination, rows: list[int], cells: list[str]) -> None:
    """Put in the texts of these rows whose cells have the ordinary form."""
    irregular = combination.form.irregular(cells)
    if irregular is None:
        return
    before, behind = combination.before, combination.behind
    numbers = combination.form.texts(without(cells, irregular))
    for at, number in zip(without(rows, irregular), numbers, strict=True):
        texts[at] = f"{before}{number}{behind}"


def _combination(cells: Cells) -> _Combination | None:
    """Return what stands around the Value; None where it decides the combination, or something is wrong."""
    type_cell, discount_cell, effect = map(str.strip, cells)
    try:
        voucher_type = TYPE_CELL(type_cell)
        discount_type = DISCOUNT_TYPE_CELL(discount_cell) if discount_cell else None
    except Problem:
        return None
    if CLEARING in (discount_cell, effect) or (voucher_type == DISCOUNT and discount_type is None):
        return None
    name, clean = value_field(voucher_type, discount_type)
    form = form_of(clean)
    if form is None:
        return None
    if voucher_type != DISCOUNT:
        return _Combination(*_around(voucher_type, WORTH[voucher_type][0], f'{{"{name}":', "}"), form)
    if effect and effect_cell(effect) not in EFFECTS[str(discount_type)]:
        return None
    with_effect = f',"effect":"{effect_cell(effect)}"}}' if effect else "}"
    before = f'{{"type":"{discount_type}","{name}":'
    return _Combination(*_around(DISCOUNT, "discount", before, with_effect), form)


def _around(voucher_type: str, name: str, before: str, behind: str) -> tuple[str, str]:
    """Return what stands before and behind the Value when all columns are joined."""
    at = WORTH_FIELDS.index(name)
    nulls = [NULL] * (len(WORTH_FIELDS) - at - 1)
    return "\t".join([voucher_type, *[NULL] * at, before]), "\t".join([behind, *nulls])


def _reader_of(mark: str | None) -> Callable[[tuple[str, str, str, str]], str]:
    """Make what reads the four cells of one row; NEEDS_CARE stands for one of them that clears something."""

    def read(cells: tuple[str, str, str, str]) -> str:
        type_cell, discount_cell, effect, value = map(str.strip, cells)
        if CLEARING in (type_cell, discount_cell, effect, value):
            return NEEDS_CARE
        types: Values = {}
        problems: dict[str, str] = {}
        for name, cell, clean in (("type", type_cell, TYPE_CELL), ("discount_type", discount_cell, DISCOUNT_TYPE_CELL)):
            _read_type(types, problems, name, cell, clean)
        if problems or "type" not in types:
            return WorthFlaw.of(problems)
        voucher_type = types["type"]
        worth, flaws = worth_of(
            voucher_type, types.get("discount_type"), effect_cell(effect) if effect else None, value or None, mark
        )
        if flaws:
            return WorthFlaw.of({}, flaws)
        return "\t".join([voucher_type, *(copy_text(worth[name]) if name in worth else NULL for name in WORTH_FIELDS)])

    return read


def _read_type(types: Values, problems: dict[str, str], name: str, cell: str, clean: Cleaner) -> None:
    try:
        if cell:
            types[name] = clean(cell)
    except Problem as problem:
        problems[name] = str(problem)
