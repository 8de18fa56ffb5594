"""Number formats of workbooks (ECMA-376, 18.8.30): a number as its cell shows it.

What a cell shows is taken, and not what a program would only have to take off again:

- A format that says digits, grouping, decimals, percent or a currency gives a plain number, rounded to the decimals
  shown, without grouping and without zeros at its end: `14.5`, `15%`. Its currency stands behind it, wherever the cell
  has it: `25.5 €`. A negative number has a minus, where the cell has brackets or only a colour. A dash for zero is 0.
- Any other format, one that fills up with zeros or has text, gives its text as shown, without grouping: `00123`,
  `SUM-0007`, `(030) 123-4567`, `2.50 kg`. So does a scientific one: `1.23E+05`.
- General and fractions give all digits that a workbook keeps.
"""

from functools import lru_cache

from tallykeep.formats.xlsx.number_format_section import Section, general
from tallykeep.formats.xlsx.number_format_tokens import VISIBLE, TokenType, sections_of

_REMEMBERED = 4_096


class NumberFormat:
    """A format's code, understood; raises ValueError for one that no spreadsheet program takes."""

    def __init__(self, code: str) -> None:
        sections = [Section.of(tokens, at) for at, tokens in enumerate(sections_of(code))]
        self._is_conditional = any(section.condition for section in sections)
        self._texts = sections.pop() if len(sections) > 3 or sections[-1].holds(TokenType.TEXT) else None
        self._numbers = sections[:3]
        self.is_date = bool(self._numbers) and self._numbers[0].is_date
        self.changes_numbers = not self.is_date and any(not section.is_general for section in self._numbers)
        self.changes_text = self._texts is not None and [type_ for type_, _ in self._texts.tokens] != [TokenType.TEXT]
        self.number = lru_cache(_REMEMBERED)(self._number)

    def _number(self, value: float) -> str:
        if not self.changes_numbers:
            return general(value)
        at = self._section_for(value)
        section = self._numbers[at]
        implied = at == 1 and not self._is_conditional
        by_colour = implied and section.tokens == self._numbers[0].tokens
        signed = value < 0 and (by_colour or not (implied or section.only_negative))
        return section.shown(value, signed=signed)

    def _section_for(self, value: float) -> int:
        """Return the index of the section that shows a number."""
        count = len(self._numbers)
        if not self._is_conditional:
            return min(1 if value < 0 else 2 if value == 0 and count > 2 else 0, count - 1)
        for at, section in enumerate(self._numbers[:2]):
            if section.condition and section.applies_to(value):
                return at
        return next((at for at, section in enumerate(self._numbers) if not section.condition), count - 1)

    def text(self, text: str) -> str:
        """Return a text as the format's section for texts shows it."""
        if self._texts is None:
            return text
        placeholders = (TokenType.TEXT, TokenType.GENERAL)
        shown = (
            text if type_ in placeholders else character
            for type_, character in self._texts.tokens
            if type_ in VISIBLE or type_ in placeholders
        )
        return "".join(shown)
