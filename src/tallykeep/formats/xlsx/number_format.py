"""Number formats of workbooks (ECMA-376, 18.8.30): a number as its cell shows it.

What a cell shows is taken, and not what a program would only have to take off again:

- A format that says digits, grouping, decimals, percent or a currency gives a plain number, rounded to the decimals
  shown, without grouping and without zeros at its end: `14.5`, `15%`. Its currency stands behind it, wherever the cell
  has it: `25.5 €`. A negative number has a minus, where the cell has brackets or only a colour. A dash for zero is 0.
- Any other format, one that fills up with zeros or has text, gives its text as shown, without grouping: `00123`,
  `SUM-0007`, `(030) 123-4567`, `2.50 kg`. So does a scientific one: `1.23E+05`.
- General and fractions give all digits that a workbook keeps.
"""

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import Enum, auto
from functools import lru_cache
from unicodedata import category

_MAX_CODE_LENGTH = 500  # a spreadsheet program takes 255
_DIGITS = 15  # so many of a number's digits are kept by spreadsheet programs
_EXACT = Context(prec=8 * _MAX_CODE_LENGTH, rounding=ROUND_HALF_UP)
_REMEMBERED = 4_096
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
_DASHES = ("-", "–", "—")
_ONE_NUMBER = re.compile(r"s*(?:d+s*|d*\.d+s*)")  # of digits and signs

Condition = tuple[str, float]


class _Kind(Enum):
    DIGIT = auto()
    POINT = auto()
    COMMA = auto()
    PERCENT = auto()
    EXPONENT = auto()
    SLASH = auto()
    GENERAL = auto()
    TEXT = auto()
    CURRENCY = auto()
    LITERAL = auto()
    BARE = auto()  # a sign that stands for itself, or a part of a date
    CONDITION = auto()
    ELAPSED = auto()
    END = auto()


_Token = tuple[_Kind, str]
_ONE_CHARACTER = {
    **dict.fromkeys("0#?", _Kind.DIGIT), ".": _Kind.POINT, ",": _Kind.COMMA, "%": _Kind.PERCENT, "/": _Kind.SLASH,
    "@": _Kind.TEXT, ";": _Kind.END,
}  # fmt: skip
_VISIBLE = frozenset({_Kind.PERCENT, _Kind.CURRENCY, _Kind.LITERAL, _Kind.BARE})


def general(value: float) -> str:
    """A number with all digits that a workbook keeps, never in scientific notation."""
    if value.is_integer():
        return str(int(value))
    text = f"{value:.{_DIGITS}g}"
    return text if "e" not in text else f"{Decimal(text):f}"


class NumberFormat:
    """A format's code, understood; raises ValueError for one that no spreadsheet program takes."""

    def __init__(self, code: str) -> None:
        if len(code) > _MAX_CODE_LENGTH:
            raise ValueError(f"a number format has {len(code)} characters")
        sections = [_Section.of(tokens, at) for at, tokens in enumerate(_sections(code))]
        self._is_conditional = any(section.condition for section in sections)
        self._texts = sections.pop() if len(sections) > 3 or sections[-1].holds(_Kind.TEXT) else None
        self._numbers = sections[:3]
        self.is_date = bool(self._numbers) and self._numbers[0].is_date
        self.changes_numbers = not self.is_date and any(not section.is_general for section in self._numbers)
        self.changes_text = self._texts is not None and [kind for kind, _ in self._texts.tokens] != [_Kind.TEXT]
        self.number = lru_cache(_REMEMBERED)(self._number)

    def _number(self, value: float) -> str:
        if not self.changes_numbers:
            return general(value)
        at = self._place_of(value)
        section = self._numbers[at]
        implied = at == 1 and not self._is_conditional
        by_colour = implied and section.tokens == self._numbers[0].tokens
        signed = value < 0 and (by_colour or not (implied or section.only_negative))
        return section.shown(value, signed=signed)

    def _place_of(self, value: float) -> int:
        """The section that shows a number."""
        count = len(self._numbers)
        if not self._is_conditional:
            return min(1 if value < 0 else 2 if value == 0 and count > 2 else 0, count - 1)
        for at, section in enumerate(self._numbers[:2]):
            if section.condition and _COMPARE[section.condition[0]](value, section.condition[1]):
                return at
        return next((at for at, section in enumerate(self._numbers) if not section.condition), count - 1)

    def text(self, text: str) -> str:
        """A text as the format's section for texts shows it."""
        if self._texts is None:
            return text
        shown = (text if kind in (_Kind.TEXT, _Kind.GENERAL) else character for kind, character in self._texts.tokens
                 if kind in _VISIBLE or kind in (_Kind.TEXT, _Kind.GENERAL))  # fmt: skip
        return "".join(shown)


def _sections(code: str) -> Iterator[list[_Token]]:
    section: list[_Token] = []
    for token in _tokens(code):
        if token[0] is _Kind.END:
            yield section
            section = []
        else:
            section.append(token)
    yield section or [(_Kind.GENERAL, "")] if not code else section


def _tokens(code: str) -> Iterator[_Token]:
    at = 0
    while at < len(code):
        character = code[at]
        if character == '"':
            end = code.find('"', at + 1) % (len(code) + 1)  # one that is never closed goes on to the end
            yield _Kind.LITERAL, code[at + 1 : end]
            at = end + 1
        elif character in "\\_*":
            if character == "\\" and at + 1 < len(code):
                yield _Kind.LITERAL, code[at + 1]
            at += 2
        elif character == "[" and (end := code.find("]", at)) > 0:
            yield from _bracket(code[at + 1 : end])
            at = end + 1
        elif code[at : at + 7].lower() == "general":
            yield _Kind.GENERAL, ""
            at += 7
        elif character in "Ee" and code[at + 1 : at + 2] in ("+", "-"):
            end = at + 2
            while code[end : end + 1] in ("0", "#", "?"):
                end += 1
            yield _Kind.EXPONENT, code[at + 1 : end]
            at = end
        else:
            yield _ONE_CHARACTER.get(character, _Kind.BARE), character
            at += 1


def _bracket(content: str) -> Iterator[_Token]:
    """What stands in brackets: a currency, a condition, hours; colours and alphabets are left out."""
    if content.startswith("$"):
        character, dash, _ = content[1:].rpartition("-")
        if currency := character if dash else content[1:]:
            yield _Kind.CURRENCY, currency
    elif content[:1] in ("<", ">", "="):
        yield _Kind.CONDITION, content
    elif content and set(content.lower()) <= set("hms"):
        yield _Kind.ELAPSED, content


@dataclass(slots=True)
class _Section:
    """One of a format's parts: for positive numbers, negative ones, zero, or texts."""

    tokens: list[_Token]
    at: int
    condition: Condition | None = None
    percents: int = 0
    thousands: int = 0
    exponent: str = ""
    whole: list[_Token] = field(default_factory=list)  # up to the point
    decimals: list[_Token] = field(default_factory=list)  # behind it
    behind: list[_Token] = field(default_factory=list)  # behind an exponent
    is_general: bool = False
    is_date: bool = False
    is_amount: bool = False
    has_general: bool = False
    one_run: tuple[str, int, str] | None = None  # of digits up to the point: the text before, how many at least, behind

    @classmethod
    def of(cls, tokens: list[_Token], at: int) -> "_Section":
        section = cls([token for token in tokens if token[0] is not _Kind.CONDITION], at)
        section.condition = next((_condition(text) for kind, text in tokens if kind is _Kind.CONDITION), None)
        kinds = {kind for kind, _ in section.tokens}
        section.is_date = _Kind.ELAPSED in kinds or any(
            kind is _Kind.BARE and text in "ymdhsYMDHS" for kind, text in section.tokens
        )
        section._lay_out()
        is_fraction = _Kind.SLASH in kinds and _Kind.DIGIT in kinds
        section.is_general = is_fraction or (_Kind.GENERAL in kinds and not kinds & _VISIBLE)
        section.is_amount = section._shows_an_amount()
        section.has_general = _Kind.GENERAL in kinds
        section.one_run = section._run()
        return section

    def _lay_out(self) -> None:
        part, commas = self.whole, 0
        for kind, text in self.tokens:
            if kind is _Kind.COMMA:
                commas += any(one is _Kind.DIGIT for one, _ in part)
                continue
            if kind is not _Kind.DIGIT:
                self.thousands += commas
            commas = 0
            if kind is _Kind.PERCENT:
                self.percents += 1
            if kind is _Kind.EXPONENT and not self.exponent:
                self.exponent, part = text, self.behind
            elif kind is _Kind.POINT and part is self.whole:
                part = self.decimals
            elif kind in _VISIBLE or kind in (_Kind.DIGIT, _Kind.POINT, _Kind.SLASH, _Kind.GENERAL):
                part.append((kind, text))
        self.thousands += commas

    def _shows_an_amount(self) -> bool:
        """Whether there is nothing but one number, its sign, and percent or currency."""
        shape = "".join(map(self._shape, self.whole))
        if self.decimals:
            shape += "." + "".join(map(self._shape, self.decimals))
        fills_up = sum(kind is _Kind.DIGIT and text == "0" for kind, text in self.whole) > 1
        return not self.exponent and not fills_up and bool(_ONE_NUMBER.fullmatch(shape) or self._is_dash())

    def _shape(self, token: _Token) -> str:
        kind, text = token
        if kind is _Kind.DIGIT:
            return "d"
        return "s" if kind in (_Kind.PERCENT, _Kind.CURRENCY) or self._is_character(text) else "x"

    def _is_dash(self) -> bool:
        return self.at > 1 and "".join(text for _, text in self.whole).strip() in _DASHES

    def _is_character(self, text: str) -> bool:
        characters = "-–—()" if self.at or self.condition else ""
        return all(character.isspace() or character in characters or category(character) == "Sc" for character in text)

    def holds(self, kind: _Kind) -> bool:
        return any(one is kind for one, _ in self.tokens)

    @property
    def only_negative(self) -> bool:
        return self.condition is not None and self.condition[0] in ("<", "<=") and self.condition[1] <= 0

    def shown(self, value: float, *, signed: bool) -> str:
        """A number as this section shows it, with a minus where the section does not have its own."""
        if self.is_general:
            return general(value)
        if self.is_amount:
            return self._amount(value)
        minus = "-" if signed else ""
        if self.has_general:
            text = general(abs(value))
            return (
                minus + "".join(text if kind is _Kind.GENERAL else character for kind, character in self.whole).strip()
            )
        if self.exponent:
            return minus + self._scientific(self._scaled(value)).strip()
        digits = self._rounded_digits(value)
        return (minus if digits.strip("0.") else "") + self._placed(digits).strip()

    def _scaled(self, value: float) -> Decimal:
        return _EXACT.scaleb(Decimal(f"{abs(value):.{_DIGITS}g}"), 2 * self.percents - 3 * self.thousands)

    def _rounded_digits(self, value: float) -> str:
        """The digits of a number as it is shown; zeros at its end may be left out."""
        if not self.percents and not self.thousands:
            digits = general(abs(value))
            point = digits.find(".")
            if point < 0 or len(digits) - point - 1 <= _digits(self.decimals):
                return digits
        return f"{self._rounded(self._scaled(value)):f}"

    def _rounded(self, number: Decimal) -> Decimal:
        return number.quantize(Decimal(1).scaleb(-_digits(self.decimals)), context=_EXACT)

    def _amount(self, value: float) -> str:
        text = self._rounded_digits(value)
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        before, after = self._around()
        if text == "0":
            return f"0{after or before}" if before or after or self._shows_zero() else ""
        return ("-" if value < 0 else "") + text + (after or before)

    def _shows_zero(self) -> bool:
        """Whether nothing is shown as something: by a 0, a digit behind the point, or a dash."""
        return bool(_digits(self.decimals)) or any(
            (kind is _Kind.DIGIT and text == "0") or text.strip() in _DASHES for kind, text in self.whole
        )

    def _around(self) -> tuple[str, str]:
        """The signs before the digits, to stand behind them with a space between, and those behind them."""
        before, after, seen = "", "", False
        for kind, text in (*self.whole, *self.decimals):
            if kind is _Kind.DIGIT:
                seen = True
            elif seen:
                after += "".join(character for character in text if kind is _Kind.CURRENCY or character not in "-–—()")
            else:
                before += "".join(character for character in text if kind is _Kind.CURRENCY or character not in "-–—()")
        before = before.strip()
        return f" {before}" if before else "", after.rstrip()

    def _scientific(self, number: Decimal) -> str:
        step = max(_digits(self.whole), 1)
        power = number.adjusted() // step * step if number else 0
        mantissa = self._rounded(_EXACT.scaleb(number, -power))
        if mantissa >= 10**step:
            power += step
            mantissa = self._rounded(_EXACT.scaleb(number, -power))
        character = "-" if power < 0 else self.exponent[0].replace("-", "")
        behind = "".join(text for kind, text in self.behind if kind in _VISIBLE)
        return f"{self._placed(f'{mantissa:f}')}E{character}{abs(power):0{len(self.exponent) - 1}}{behind}"

    def _placed(self, digits: str) -> str:
        """The digits in their places, with the text between them."""
        whole, _, decimals = digits.partition(".")
        shown = _placed_decimals(self.decimals, decimals) if self.decimals else ""
        if shown[:1].isdigit():
            shown = f".{shown}"
        if self.one_run is None:
            return _placed_whole(self.whole, whole.lstrip("0")) + shown
        before, fewest, behind = self.one_run
        return before + whole.lstrip("0").zfill(fewest) + behind + shown

    def _run(self) -> tuple[str, int, str] | None:
        at = [place for place, (kind, _) in enumerate(self.whole) if kind is _Kind.DIGIT]
        run = "".join(text for _, text in self.whole[at[0] : at[-1] + 1]) if at else ""
        if not at or len(at) != at[-1] + 1 - at[0] or "?" in run:
            return None
        before, behind = ("".join(text for _, text in part) for part in (self.whole[: at[0]], self.whole[at[-1] + 1 :]))
        return before, len(run) - run.index("0") if "0" in run else 0, behind


def _condition(text: str) -> Condition | None:
    character = text[:2] if text[:2] in _COMPARE else text[:1]
    try:
        return character, float(text[len(character) :])
    except ValueError:
        return None


def _digits(places: list[_Token]) -> int:
    return sum(kind is _Kind.DIGIT for kind, _ in places)


def _placed_whole(places: list[_Token], digits: str) -> str:
    """Fill the places from the right; digits beyond them stand at the first one."""
    masks = [text for kind, text in places if kind is _Kind.DIGIT]
    if not masks:
        return "".join(text for _, text in places)
    if "0" in masks:
        digits = digits.zfill(len(masks) - masks.index("0"))
    surplus = max(len(digits) - len(masks), 0)
    filled = iter([" " if mask == "?" else "" for mask in masks[: max(len(masks) - len(digits), 0)]]
                  + [digits[: surplus + 1], *digits[surplus + 1 :]])  # fmt: skip
    return "".join(next(filled, "") if kind is _Kind.DIGIT else text for kind, text in places)


def _placed_decimals(places: list[_Token], digits: str) -> str:
    masks = [text for kind, text in places if kind is _Kind.DIGIT]
    digits = digits.rstrip("0")
    filled = iter(digits.ljust(max((at for at, mask in enumerate(masks, 1) if mask == "0"), default=0), "0"))
    return "".join(next(filled, "") if kind is _Kind.DIGIT else text for kind, text in places)
