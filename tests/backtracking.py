"""Which regular expressions may take more than linear time: found in the tree that Python's own parser makes of them.

Three things are looked for. Ways to part the same text between two repeats that stand beside each other, or around
each other. Alternatives within a repeat that begin alike. And repeats that a search begins anew from each of many
places, because nothing in front of them keeps one beginning from lying within what another runs through.

What is told is what may be; what cannot be after all is for whoever asks to say.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

ENDLESS = 200  # so many times, a repeat may as well have no end
_MAX_PATHS = 3_000
_BEYOND_ASCII = "\x85\xa0éßŸſμ٣年月€ \u200b\u2028\u3000\ufeff😀"
_CATEGORIES = {
    ops.CATEGORY_DIGIT: r"\d", ops.CATEGORY_NOT_DIGIT: r"\D", ops.CATEGORY_SPACE: r"\s", ops.CATEGORY_NOT_SPACE: r"\S",
    ops.CATEGORY_WORD: r"\w", ops.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)

Characters = frozenset[str]


@dataclass(frozen=True)
class Item:
    """A step along a pattern: the signs it may take, and whether it takes any; an assertion takes none and may fail."""

    characters: Characters
    mandatory: bool = False
    endless: bool = False
    gives_back: bool = False
    asserts: bool = False


Path = tuple[Item, ...]


class _Reader:
    """Reads one pattern, whose flags tell what its classes hold."""

    def __init__(self, flags: int, is_bytes: bool) -> None:
        self._flags = flags
        self._is_bytes = is_bytes
        every = map(chr, range(256)) if is_bytes else [*map(chr, range(128)), *_BEYOND_ASCII]
        self._every = frozenset(every)
        self.faults: list[str] = []

    def _class(self, category: Any) -> Characters:
        flags = re.ASCII if self._is_bytes or self._flags & re.ASCII else 0
        return frozenset(
            character for character in self._every if re.fullmatch(_CATEGORIES[category], character, flags)
        )

    def _literal(self, code: int) -> Characters:
        character = chr(code)
        return frozenset(
            {character, character.lower(), character.upper()} if self._flags & re.IGNORECASE else {character}
        )

    def _set(self, parts: Iterable[tuple[Any, Any]]) -> Characters:
        characters: set[str] = set()
        negated = False
        for op, value in parts:
            if op is ops.NEGATE:
                negated = True
            elif op is ops.LITERAL:
                characters |= self._literal(value)
            elif op is ops.RANGE:
                characters |= {character for character in self._every if value[0] <= ord(character) <= value[1]}
                if self._flags & re.IGNORECASE:
                    characters |= {each for character in characters for each in (character.lower(), character.upper())}
            else:
                characters |= self._class(value)
        return self._every - characters if negated else frozenset(characters)

    def paths(self, tree: Iterable[tuple[Any, Any]]) -> list[Path]:
        """Every way through a sequence; what holds no endless repeat is one step."""
        made: list[Path] = [()]
        for op, value in tree:
            steps = self._steps(op, value)
            made = list(dict.fromkeys(before + step for before in made for step in steps))
            if len(made) > _MAX_PATHS:
                raise ValueError("the pattern has too many alternatives to be looked through")
        return made

    def _steps(self, op: Any, value: Any) -> list[Path]:
        if op in (ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN):
            characters = {
                ops.LITERAL: lambda: self._literal(value),
                ops.NOT_LITERAL: lambda: self._every - self._literal(value),
                ops.ANY: lambda: self._every if self._flags & re.DOTALL else self._every - {"\n"},
                ops.IN: lambda: self._set(value),
            }[op]()
            return [(Item(characters, mandatory=True),)]
        if op in (ops.AT, ops.ASSERT, ops.ASSERT_NOT):
            return [(Item(frozenset(), asserts=True),)]
        if op is ops.GROUPREF:
            return [(Item(self._every),)]
        if op is ops.SUBPATTERN:
            return self.paths(value[3])
        if op is ops.ATOMIC_GROUP:
            return [tuple(_kept(item) for item in path) for path in self.paths(value)]
        if op is ops.BRANCH:
            return _merged([path for branch in value[1] for path in self.paths(branch)])
        if op in _REPEATS:
            return self._repeat(op, *value)
        raise ValueError(f"{op} is not known here")

    def _repeat(self, op: Any, least: int, maximum: int, body: Any) -> list[Path]:
        paths = self.paths(body)
        if maximum < ENDLESS:
            again = _merged([*paths, ()] if least == 0 else paths)
            return [path + path for path in again] if maximum > 1 and _has_endless(paths) else again
        gives_back = op is not ops.POSSESSIVE_REPEAT
        if gives_back:
            self._read_within(paths)
        characters = reduce(frozenset.union, (item.characters for path in paths for item in path), frozenset())
        return [(Item(characters, mandatory=least > 0, endless=True, gives_back=gives_back),)]

    def _read_within(self, paths: list[Path]) -> None:
        for path in paths:
            if _parted(path + path):
                self.faults.append("repeats within a repeat can share a text in many ways")
        firsts = [_first(path) for path in paths]
        if len(paths) > 1 and sum(map(len, firsts)) > len(reduce(frozenset.union, firsts)):
            self.faults.append("alternatives within a repeat begin alike")


def _kept(item: Item) -> Item:
    return Item(item.characters, item.mandatory, item.endless, False, item.asserts)


def _has_endless(paths: list[Path]) -> bool:
    return any(item.endless for path in paths for item in path)


def _merged(paths: list[Path]) -> list[Path]:
    """The alternatives; those without an endless repeat as one step, since they differ in nothing that counts."""
    endless = [path for path in paths if _has_endless([path])]
    plain = [path for path in paths if not _has_endless([path])]
    if not plain:
        return endless
    characters = reduce(frozenset.union, (item.characters for path in plain for item in path), frozenset())
    mandatory = all(any(item.mandatory for item in path) for path in plain)
    asserts = any(item.asserts for path in plain for item in path)
    return [*endless, (Item(characters, mandatory=mandatory, asserts=asserts),)]


def _first(path: Path) -> Characters:
    characters: Characters = frozenset()
    for item in path:
        characters |= item.characters
        if item.mandatory:
            break
    return characters


def _parted(path: Path) -> bool:
    """Whether a text can be parted in many ways between two endless repeats along this path."""
    for at, one in enumerate(path):
        if not (one.endless and one.gives_back):
            continue
        for further, other in enumerate(path[at + 1 :], at + 1):
            if not other.endless:
                continue
            shared = one.characters & other.characters
            between = [item for item in path[at + 1 : further] if item.mandatory]
            if shared and all(item.characters & shared for item in between):
                return True
    return False


def _may_fail(path: Path) -> bool:
    return any(item.mandatory or item.asserts for item in path)


def _begun_anew(path: Path, paths: list[Path]) -> bool:
    """Whether a search along this path, of these, may run through the same text from many beginnings."""
    for at, item in enumerate(path):
        if not item.endless:
            continue
        so_far = path[: at + 1]
        may_fail = all(map(_may_fail, (each[at + 1 :] for each in paths if each[: at + 1] == so_far)))
        apart = any(each.mandatory and not each.characters & item.characters for each in path[:at])
        if may_fail and not apart:
            return True
    return False


def faults_of(pattern: str | bytes, flags: int = 0, *, searching: bool = True) -> list[str]:
    """Why this pattern may take more than linear time; `searching` unless it is only matched from where it is told."""
    tree = parser.parse(pattern, flags & ~re.DEBUG)
    reader = _Reader(tree.state.flags, isinstance(pattern, bytes))
    paths = reader.paths(tree)
    faults = list(reader.faults)
    if any(map(_parted, paths)):
        faults.append("two repeats can share a text in many ways")
    anchored = bool(len(tree)) and tree[0][0] is ops.AT and tree[0][1] in (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING)
    is_anchored = anchored and not tree.state.flags & re.MULTILINE
    if searching and not is_anchored and any(_begun_anew(path, paths) for path in paths):
        faults.append("a search may run through the same text from many beginnings")
    return list(dict.fromkeys(faults))
