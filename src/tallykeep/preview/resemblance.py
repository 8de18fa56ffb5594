"""The word that a spelling resembles most, as difflib judges it; most words are ruled out before it compares any."""

from collections.abc import Iterable
from difflib import get_close_matches


class Lexicon:
    """Words in plain spelling, prepared to be compared with others."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words: dict[int, list[tuple[str, int]]] = {}
        for word in words:
            self._words.setdefault(len(word), []).append((word, _characters(word)))

    def closest(self, spelling: str, alike: float) -> str | None:
        """Return the word that the spelling resembles most, by a ratio of `alike` (0 to 1) at least."""
        length, characters = len(spelling), _characters(spelling)
        likely = [
            word
            for size, words in self._words.items()
            if 2.0 * min(size, length) / (size + length) >= alike
            for word, others in words
            if 2.0 * _max_in_common(size, others, length, characters) / (size + length) >= alike
        ]
        return next(iter(get_close_matches(spelling, likely, n=1, cutoff=alike)), None) if likely else None


def _characters(word: str) -> int:
    """Return which characters occur, each as a bit; some may share one, so that no difference is seen that is none."""
    bits = 0
    for character in set(word):
        bits |= 1 << (ord(character) & 127)
    return bits


def _max_in_common(size: int, others: int, length: int, characters: int) -> int:
    """Return how many characters two words can have in common at most: each that only one has leaves one less."""
    return min(size - (others & ~characters).bit_count(), length - (characters & ~others).bit_count())
