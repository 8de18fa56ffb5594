"""The code of a number format, taken apart into its sections' tokens."""

from collections.abc import Iterator
from enum import Enum, auto

MAX_CODE_LENGTH = 500  # a spreadsheet program takes 255


class TokenType(Enum):
    """The types of tokens in a format's code."""

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
    BARE = auto()  # a character that stands for itself, or a part of a date
    CONDITION = auto()
    ELAPSED = auto()
    END = auto()


Token = tuple[TokenType, str]
_ONE_CHARACTER = {
    **dict.fromkeys("0#?", TokenType.DIGIT), ".": TokenType.POINT, ",": TokenType.COMMA, "%": TokenType.PERCENT,
    "/": TokenType.SLASH, "@": TokenType.TEXT, ";": TokenType.END,
}  # fmt: skip
VISIBLE = frozenset({TokenType.PERCENT, TokenType.CURRENCY, TokenType.LITERAL, TokenType.BARE})


def sections_of(code: str) -> Iterator[list[Token]]:
    """Yield the tokens of each section; raises ValueError for a code that is too long."""
    if len(code) > MAX_CODE_LENGTH:
        raise ValueError(f"a number format has {len(code)} characters")
    section: list[Token] = []
    for token in _tokens(code):
        if token[0] is TokenType.END:
            yield section
            section = []
        else:
            section.append(token)
    yield section or [(TokenType.GENERAL, "")] if not code else section


def _tokens(code: str) -> Iterator[Token]:
    at = 0
    while at < len(code):
        character = code[at]
        if character == '"':
            end = code.find('"', at + 1) % (len(code) + 1)  # one that is never closed goes on to the end
            yield TokenType.LITERAL, code[at + 1 : end]
            at = end + 1
        elif character in "\\_*":
            if character == "\\" and at + 1 < len(code):
                yield TokenType.LITERAL, code[at + 1]
            at += 2
        elif character == "[" and (end := code.find("]", at)) > 0:
            yield from _bracket(code[at + 1 : end])
            at = end + 1
        elif code[at : at + 7].lower() == "general":
            yield TokenType.GENERAL, ""
            at += 7
        elif character in "Ee" and code[at + 1 : at + 2] in ("+", "-"):
            end = at + 2
            while code[end : end + 1] in ("0", "#", "?"):
                end += 1
            yield TokenType.EXPONENT, code[at + 1 : end]
            at = end
        else:
            yield _ONE_CHARACTER.get(character, TokenType.BARE), character
            at += 1


def _bracket(content: str) -> Iterator[Token]:
    """Read the content of brackets: a currency, a condition, hours; colours and alphabets are left out."""
    if content.startswith("$"):
        character, dash, _ = content[1:].rpartition("-")
        if currency := character if dash else content[1:]:
            yield TokenType.CURRENCY, currency
    elif content[:1] in ("<", ">", "="):
        yield TokenType.CONDITION, content
    elif content and set(content.lower()) <= set("hms"):
        yield TokenType.ELAPSED, content
