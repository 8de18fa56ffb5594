"""Elements of a JSON array: where each ends, by its brackets and strings, and whether it is JSON by the letter."""

import json
import re

from tallykeep.core import exact_json

# One element, by its brackets and strings only. Possessive, so a match takes linear time and an incomplete element
# fails at once. Brackets nested deeper than the pattern, and long elements, are walked by hand.
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_FLAT = rb'(?:[^][{}"]++|' + _STRING + rb")"
_LEVEL_1 = rb"(?:" + _FLAT + rb"|[{[](?:" + _FLAT + rb")*+[]}])"
_LEVEL_2 = rb"(?:" + _FLAT + rb"|[{[](?:" + _LEVEL_1 + rb")*+[]}])"
BRACKETED = re.compile(rb"[{[](?:" + _LEVEL_2 + rb")*+[]}]", re.DOTALL)
# Brackets without others inside are passed in one step, together with more of the same after them.
_GROUPS = rb"(?:[{[](?:" + _FLAT + rb")*+[]}][ \t\r\n]*+,?+[ \t\r\n]*+)++"
_TOKEN = re.compile(_GROUPS + b"|" + _STRING + rb'|[][{}"]', re.DOTALL)
_TEXT = re.compile(_STRING, re.DOTALL)
_WORD = re.compile(rb"[^][{}\",\s:]++(?=[\s,\]])")
_SPACE = re.compile(rb"[ \t\r\n]*+")
LONG_ELEMENT = 2 * exact_json.MAX_BRACKETS  # a shorter one cannot have too many
_INSIDE = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)  # a string
OPENERS = (b"{", b"[")

ELEMENT_SEPARATOR = b",\n"


def after_space(buffer: bytes, at: int) -> int:
    """Return where the blanks end that begin here."""
    match = _SPACE.match(buffer, at)
    return match.end() if match else at


def element_end(buffer: bytes, at: int) -> int | None:
    """Find where the element that starts at `at` ends; None when it is not complete."""
    first = buffer[at : at + 1]
    if first in OPENERS:
        match = BRACKETED.match(buffer, at, at + LONG_ELEMENT)
        return match.end() if match else Walk().end(buffer, at)
    match = (_TEXT if first == b'"' else _WORD).match(buffer, at)
    return match.end() if match else None


class Walk:
    """A walk along one object or array to its end; what it has passed is not looked at again when more has come."""

    __slots__ = ("_depth", "_in_string", "_passed")

    def __init__(self) -> None:
        self._passed = 0
        self._depth = 0
        self._in_string = False

    @property
    def begun(self) -> bool:
        """Whether anything has been passed."""
        return self._passed > 0

    def end(self, buffer: bytes, start: int) -> int | None:
        """Find where the element that starts here ends; None where it goes on."""
        at = start + self._passed
        if self._in_string:
            inside = _INSIDE.match(buffer, at)
            at = inside.end() if inside else at
            if buffer[at : at + 1] != b'"':
                self._passed = at - start
                return None
            at += 1
            self._in_string = False
        depth = self._depth
        if not self._passed:
            at, depth = at + 1, 1  # its own bracket
        for token in _TOKEN.finditer(buffer, at):
            mark = token[0]
            if mark in (b"{", b"["):
                depth += 1
            elif mark in (b"}", b"]"):
                depth -= 1
                if depth == 0:
                    return token.end()
            elif mark == b'"':  # a string that goes on in the next chunk
                self._in_string = True
                self._passed, self._depth = token.end() - start, depth
                return None
        self._passed, self._depth = len(buffer) - start, depth
        return None


def split_elements(body: bytes) -> list[bytes]:
    """Split a batch's body into its elements."""
    elements: list[bytes] = []
    delimited = body + b","
    at = after_space(delimited, 0)
    while at < len(body):
        end = element_end(delimited, at) or len(body)
        elements.append(body[at:end])
        at = after_space(delimited, after_space(delimited, end) + 1)
    return elements


def has_too_many_brackets(element: bytes) -> bool:
    """Whether the element has more arrays and objects than can be kept."""
    return len(element) > LONG_ELEMENT and element.count(b"[") + element.count(b"{") > exact_json.MAX_BRACKETS


def is_json(element: bytes) -> bool:
    """Whether it is JSON by the letter, even if it holds what cannot be kept."""
    try:
        text = element.decode()
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
