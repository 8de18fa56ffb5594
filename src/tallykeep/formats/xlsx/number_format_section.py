"""One section of a number format: how it shows a number."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from unicodedata import category

from tallykeep.formats.xlsx.number_format_tokens import MAX_CODE_LENGTH, VISIBLE, Token, TokenType

_DIGITS = 15  # so many of a number's digits are kept by spreadsheet programs
_EXACT = Context(prec=8 * MAX_CODE_LENGTH, rounding=ROUND_HALF_UP)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
_KEPT = VISIBLE | {TokenType.DIGIT, TokenType.POINT, TokenType.SLASH, TokenType.GENERAL}
_DASHES = ("-", "–", "—")
_ONE_NUMBER = re.compile(r"s*(?:d+s*|d*\.d+s*)")  # of digits and the characters beside them

Condition = tuple[str, float]


def general(value: float) -> str:
    """Return a number with all digits that a workbook keeps, never in scientific notation."""
    if value.is_integer():
        return str(int(value))
    text = f"{value:.{_DIGITS}g}"
    return text if "e" not in text else f"{Decimal(text):f}"


@dataclass(slots=True)
class Section:
    """One of a format's parts: for positive numbers, negative ones, zero, or texts."""

    tokens: list[Token]
    at: int
    condition: Condition | None = None
    percents: int = 0
    thousands: int = 0
    exponent: str = ""
    integer_part: list[Token] = field(default_factory=list)  # up to the point
    decimals: list[Token] = field(default_factory=list)  # behind it
    behind: list[Token] = field(default_factory=list)  # behind an exponent
    is_general: bool = False
    is_date: bool = False
    is_amount: bool = False
    has_general: bool = False
    one_run: tuple[str, int, str] | None = None  # of digits up to the point: the text before, how many at least, behind

    @classmethod
    def of(cls, tokens: list[Token], at: int) -> "Section":
        """Make the section that has these tokens, and so many before it."""
        section = cls([token for token in tokens if token[0] is not TokenType.CONDITION], at)
        section.condition = next((_condition(text) for type_, text in tokens if type_ is TokenType.CONDITION), None)
        types = {type_ for type_, _ in section.tokens}
        section.is_date = TokenType.ELAPSED in types or any(
            type_ is TokenType.BARE and text in "ymdhsYMDHS" for type_, text in section.tokens
        )
        section._lay_out()
        is_fraction = TokenType.SLASH in types and TokenType.DIGIT in types
        section.is_general = is_fraction or (TokenType.GENERAL in types and not types & VISIBLE)
        section.is_amount = section._shows_an_amount()
        section.has_general = TokenType.GENERAL in types
        section.one_run = section._run()
        return section

    def _lay_out(self) -> None:
        part, commas = self.integer_part, 0
        for type_, text in self.tokens:
            if type_ is TokenType.COMMA:
                commas += any(one is TokenType.DIGIT for one, _ in part)
                continue
            if type_ is not TokenType.DIGIT:
                self.thousands += commas
            commas = 0
            if type_ is TokenType.PERCENT:
                self.percents += 1
            if type_ is TokenType.EXPONENT and not self.exponent:
                self.exponent, part = text, self.behind
            elif type_ is TokenType.POINT and part is self.integer_part:
                part = self.decimals
            elif type_ in _KEPT:
                part.append((type_, text))
        self.thousands += commas

    def _shows_an_amount(self) -> bool:
        """Whether there is nothing but one number, its sign, and percent or currency."""
        shape = "".join(map(self._shape, self.integer_part))
        if self.decimals:
            shape += "." + "".join(map(self._shape, self.decimals))
        fills_up = sum(type_ is TokenType.DIGIT and text == "0" for type_, text in self.integer_part) > 1
        return not self.exponent and not fills_up and bool(_ONE_NUMBER.fullmatch(shape) or self._is_dash())

    def _shape(self, token: Token) -> str:
        type_, text = token
        if type_ is TokenType.DIGIT:
            return "d"
        return "s" if type_ in (TokenType.PERCENT, TokenType.CURRENCY) or self._is_character(text) else "x"

    def _is_dash(self) -> bool:
        return self.at > 1 and "".join(text for _, text in self.integer_part).strip() in _DASHES

    def _is_character(self, text: str) -> bool:
        characters = "-–—()" if self.at or self.condition else ""
        return all(character.isspace() or character in characters or category(character) == "Sc" for character in text)

    def applies_to(self, value: float) -> bool:
        """Whether the section's condition, if it has one, holds for the number."""
        return self.condition is None or _COMPARE[self.condition[0]](value, self.condition[1])

    def holds(self, type_: TokenType) -> bool:
        """Whether the section has a token of this type."""
        return any(one is type_ for one, _ in self.tokens)

    @property
    def only_negative(self) -> bool:
        """Whether the condition keeps all but negative numbers and zero out."""
        return self.condition is not None and self.condition[0] in ("<", "<=") and self.condition[1] <= 0

    def shown(self, value: float, *, signed: bool) -> str:
        """Return a number as this section shows it, with a minus where the section does not have its own."""
        if self.is_general:
            return general(value)
        if self.is_amount:
            return self._amount(value)
        minus = "-" if signed else ""
        if self.has_general:
            text = general(abs(value))
            return (
                minus
                + "".join(
                    text if type_ is TokenType.GENERAL else character for type_, character in self.integer_part
                ).strip()
            )
        if self.exponent:
            return minus + self._scientific(self._scaled(value)).strip()
        digits = self._rounded_digits(value)
        return (minus if digits.strip("0.") else "") + self._filled_in(digits).strip()

    def _scaled(self, value: float) -> Decimal:
        return _EXACT.scaleb(Decimal(f"{abs(value):.{_DIGITS}g}"), 2 * self.percents - 3 * self.thousands)

    def _rounded_digits(self, value: float) -> str:
        """Return the digits of a number as it is shown; zeros at its end may be left out."""
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
            (type_ is TokenType.DIGIT and text == "0") or text.strip() in _DASHES for type_, text in self.integer_part
        )

    def _around(self) -> tuple[str, str]:
        """Return the characters before the digits, to stand behind them with a space between, and those behind them."""
        before, after, seen = "", "", False
        for type_, text in (*self.integer_part, *self.decimals):
            if type_ is TokenType.DIGIT:
                seen = True
            elif seen:
                after += _without_minus(type_, text)
            else:
                before += _without_minus(type_, text)
        before = before.strip()
        return f" {before}" if before else "", after.rstrip()

    def _scientific(self, number: Decimal) -> str:
        step = max(_digits(self.integer_part), 1)
        power = number.adjusted() // step * step if number else 0
        mantissa = self._rounded(_EXACT.scaleb(number, -power))
        if mantissa >= 10**step:
            power += step
            mantissa = self._rounded(_EXACT.scaleb(number, -power))
        character = "-" if power < 0 else self.exponent[0].replace("-", "")
        behind = "".join(text for type_, text in self.behind if type_ in VISIBLE)
        return f"{self._filled_in(f'{mantissa:f}')}E{character}{abs(power):0{len(self.exponent) - 1}}{behind}"

    def _filled_in(self, digits: str) -> str:
        """Return the digits in their positions, with the text between them."""
        integer, _, decimals = digits.partition(".")
        shown = _fill_decimals(self.decimals, decimals) if self.decimals else ""
        if shown[:1].isdigit():
            shown = f".{shown}"
        if self.one_run is None:
            return _fill_integer_part(self.integer_part, integer.lstrip("0")) + shown
        before, fewest, behind = self.one_run
        return before + integer.lstrip("0").zfill(fewest) + behind + shown

    def _run(self) -> tuple[str, int, str] | None:
        at = [index for index, (type_, _) in enumerate(self.integer_part) if type_ is TokenType.DIGIT]
        run = "".join(text for _, text in self.integer_part[at[0] : at[-1] + 1]) if at else ""
        if not at or len(at) != at[-1] + 1 - at[0] or "?" in run:
            return None
        before, behind = (
            "".join(text for _, text in part) for part in (self.integer_part[: at[0]], self.integer_part[at[-1] + 1 :])
        )
        return before, len(run) - run.index("0") if "0" in run else 0, behind


def _condition(text: str) -> Condition | None:
    character = text[:2] if text[:2] in _COMPARE else text[:1]
    try:
        return character, float(text[len(character) :])
    except ValueError:
        return None


def _without_minus(type_: TokenType, text: str) -> str:
    return text if type_ is TokenType.CURRENCY else "".join(character for character in text if character not in "-–—()")


def _digits(tokens: list[Token]) -> int:
    return sum(type_ is TokenType.DIGIT for type_, _ in tokens)


def _fill_integer_part(tokens: list[Token], digits: str) -> str:
    """Fill the positions from the right; digits beyond them stand at the first one."""
    masks = [text for type_, text in tokens if type_ is TokenType.DIGIT]
    if not masks:
        return "".join(text for _, text in tokens)
    if "0" in masks:
        digits = digits.zfill(len(masks) - masks.index("0"))
    surplus = max(len(digits) - len(masks), 0)
    filled = iter([" " if mask == "?" else "" for mask in masks[: max(len(masks) - len(digits), 0)]]
                  + [digits[: surplus + 1], *digits[surplus + 1 :]])  # fmt: skip
    return "".join(next(filled, "") if type_ is TokenType.DIGIT else text for type_, text in tokens)


def _fill_decimals(tokens: list[Token], digits: str) -> str:
    masks = [text for type_, text in tokens if type_ is TokenType.DIGIT]
    digits = digits.rstrip("0")
    filled = iter(digits.ljust(max((at for at, mask in enumerate(masks, 1) if mask == "0"), default=0), "0"))
    return "".join(next(filled, "") if type_ is TokenType.DIGIT else text for type_, text in tokens)
