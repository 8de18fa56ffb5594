"""Codes made by rule: length, charset, pattern, prefix, postfix; from a cryptographic source."""

import math
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.formats.hidden_characters import hidden_in, named
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual

_DEFAULT_LENGTH = 8
_DEFAULT_CHARSET = string.digits + string.ascii_letters
_MAX_LENGTH = 256
_MAX_CHARACTERS = {"charset": 1_000, "pattern": cleaning.MAX_KEY_BYTES, "prefix": cleaning.MAX_KEY_BYTES,
               "postfix": cleaning.MAX_KEY_BYTES}  # fmt: skip
_BYTE = 256


@dataclass(frozen=True, slots=True)
class CodeRule:
    """How codes look: `pattern` with a # for each random character, between prefix and postfix."""

    charset: str
    pattern: str
    prefix: str = ""
    postfix: str = ""

    @property
    def possible(self) -> int:
        """How many different codes there are."""
        return int(len(set(self.charset)) ** self.pattern.count("#"))

    @property
    def space(self) -> str:
        """The same text for all rules that make the same codes out of the same parts."""
        return repr((self.prefix, self.pattern, self.postfix, "".join(sorted(set(self.charset)))))

    def shown(self) -> dict[str, Any]:
        """Show the rule in wire format, complete whatever was set (public API documentation, schema CodeConfig)."""
        affixes = {name: affix for name in ("prefix", "postfix") if (affix := getattr(self, name))}
        return {"length": self.pattern.count("#"), "charset": self.charset, "pattern": self.pattern, **affixes}

    def make(self) -> str:
        """Make one code."""
        return self.make_many(1)[0]

    def make_many(self, count: int) -> list[str]:
        """Make so many codes, among which some may be the same."""
        # One character of the pattern at a time, for all codes at once.
        columns = [self._characters(count) if character == "#" else character * count for character in self.pattern]
        return [f"{self.prefix}{''.join(characters)}{self.postfix}" for characters in zip(*columns, strict=True)]

    def codes_at(self, numbers: Sequence[int]) -> list[str]:
        """Return the codes of these numbers, of which every one below `possible` has its own."""
        charset = sorted(set(self.charset))
        size = len(charset)
        columns: list[Sequence[str]] = []
        for character in reversed(self.pattern):
            if character == "#":
                columns.append([charset[number % size] for number in numbers])
                numbers = [number // size for number in numbers]
            else:
                columns.append(character * len(numbers))
        return [
            f"{self.prefix}{''.join(characters)}{self.postfix}" for characters in zip(*reversed(columns), strict=True)
        ]

    def _characters(self, count: int) -> str:
        """Draw random characters of the charset, each with the same chance."""
        size = len(self.charset)
        if size > _BYTE:
            return "".join([secrets.choice(self.charset) for _ in range(count)])
        uneven = bytes(range(_BYTE - _BYTE % size, _BYTE))  # these would make the first characters a little likelier
        characters = [self.charset[byte % size] for byte in range(_BYTE)]
        picked = b""
        while len(picked) < count:
            picked += secrets.token_bytes(count).translate(None, uneven)
        return picked[:count].decode("latin-1").translate(dict(enumerate(characters)))


class Walk:
    """All numbers below `size`, each once, in an order that is drawn anew each time and takes no memory.

    Two consecutive numbers reveal all the others. That does no harm: codes are walked only where most are taken, so
    that every other guess hits one anyway; elsewhere only a few of each stretch are taken, at random.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._start = secrets.randbelow(size)
        self._step = secrets.randbelow(size)
        while math.gcd(self._step, size) > 1:
            self._step = secrets.randbelow(size)

    def part(self, first: int, count: int) -> list[int]:
        """Return so many numbers from the index `first` on, or as many as there are."""
        last = min(first + count, self._size)
        return [(self._start + self._step * index) % self._size for index in range(first, last)]


def _check_characters(rule: CodeRule) -> None:
    """Raise Problem where a code may come out that is no key as it stands."""
    cleaning.key_text(rule.make())
    if hidden := hidden_in(rule.charset):
        raise Problem(f"charset must not contain the invisible character {named(hidden)}")
    ends = (rule.prefix + rule.pattern)[0], (rule.pattern + rule.postfix)[-1]
    if any(end.isspace() for end in ends) or ("#" in ends and any(map(str.isspace, rule.charset))):
        raise Problem(f"codes must not begin or end with a blank {actual(rule.prefix + rule.pattern + rule.postfix)}")


def code_rule(config: Any) -> CodeRule:
    """Read the rule of a `code_config`; None is eight characters. Raises InvalidPayloadError (invalid_code_config)."""
    if config is None:
        config = {}
    try:
        cleaning.json_object(config)
        length = _DEFAULT_LENGTH if config.get("length") is None else cleaning.integer(config["length"])
        texts = {name: cleaning.text(config.get(name) or "") for name in _MAX_CHARACTERS}
        for name, maximum in _MAX_CHARACTERS.items():
            if len(texts[name]) > maximum:
                raise Problem(f"{name} must have {maximum} characters at most {actual(texts[name])}")
        if not 0 < length <= _MAX_LENGTH:
            raise Problem(f"length must be between 1 and {_MAX_LENGTH} {actual(length)}")
        rule = CodeRule(
            texts["charset"] or _DEFAULT_CHARSET, texts["pattern"] or "#" * length, texts["prefix"], texts["postfix"]
        )
        if "#" not in rule.pattern:
            raise Problem(f"pattern must hold a # for each random sign {actual(rule.pattern)}")
        _check_characters(rule)
    except Problem as problem:
        raise InvalidPayloadError(f"code_config: {problem}", key="invalid_code_config") from None
    return rule
