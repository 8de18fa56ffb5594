"""Traces in texts: where an e-mail address or an id of ours stands by itself, and is not a part of a longer one."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from urllib.parse import unquote

from tallykeep.formats.hidden_characters import bared
from tallykeep.formats.people.other_forms import has_other_forms, plain
from tallykeep.formats.people.words import is_apart, is_apart_in_name

_ADDRESS = re.compile(r"[\w!#$%&'*+\-/=?^`{|}~.]+@[\w.\-]+")  # of RFC 5322, with letters of all scripts
_PIECE = re.compile(r"\S{1,256}")  # one Unicode form of many marks in a row takes quadratic time
_ENDINGS = re.compile(r"(?:\.(?:csv|tsv|txt|xlsx|xlsm|xls|ods|json|jsonl|ndjson|gz|gzip|bz2|xz|zst|zip)){1,4}\Z", re.I)


class Traces:
    """The traces of one person, to be searched for: in any case of letters, in either form of those with marks.

    A text is searched as it stands, and once more with plain letters for those that stand for them.
    """

    __slots__ = ("_is_ascii", "_wanted", "needles")

    def __init__(self, traces: Iterable[str]) -> None:
        given = [form for trace in traces if trace for form in {trace, plain(trace)}]
        self._is_ascii = all(map(str.isascii, given))
        self._wanted = frozenset(map(self._folded, given))
        self.needles = frozenset(map(_needle, given))

    def are_in(self, text: str) -> bool:
        """Return whether a trace stands in a cell, or a string of JSON; in time proportional to its length.

        One that is a single address is compared as a whole, without what is invisible or blank around it. Other texts
        are searched.
        """
        return self._are_in_form(text) or (has_other_forms(text) and self._are_in_form(plain(text)))

    def _are_in_form(self, text: str) -> bool:
        folded = self._folded(text)
        return self._are_in(folded) or ("%" in folded and self._are_in(self._folded(unquote(folded))))

    def _are_in(self, folded: str) -> bool:
        bare = folded if folded.isascii() else bared(folded)
        if not any(trace in bare for trace in self._wanted):
            return False
        trimmed = bared(folded).strip().rstrip(".")
        if _ADDRESS.fullmatch(trimmed):
            return trimmed in self._wanted
        return any(next(self._spans(written), None) is not None for written in {folded, bare})

    def replaced(self, text: str, by: str) -> str:
        """Return a text with `by` in place of each trace; one that is a single address is another's or goes whole."""
        return _in_both_forms(text, lambda form: self._replaced(form, by))

    def _replaced(self, text: str, by: str) -> str:
        folded = self._folded(text)
        trimmed = bared(folded).strip().rstrip(".")
        if _ADDRESS.fullmatch(trimmed):
            return text.replace(text.strip().rstrip("."), by) if trimmed in self._wanted else text
        return self._without_hidden(text, folded, by)

    def _without_hidden(self, text: str, folded: str, by: str) -> str:
        """Replace traces; where invisible characters hide one, the text is shown without these."""
        erased = self._without(text, folded, self._spans(folded), by)
        bare = bared(folded)
        return erased if erased != text or bare == folded else self._without(text, bare, self._spans(bare), by)

    def replaced_in_name(self, name: str, by: str) -> str:
        """Return a file's name with `by` in place of each trace: its words may be joined by hyphens and underscores."""
        ending = match[0] if (match := _ENDINGS.search(name[-40:])) else ""
        stem = name.removesuffix(ending)
        return _in_both_forms(stem, lambda form: self._replaced_in_stem(form, by)) + ending

    def _replaced_in_stem(self, stem: str, by: str) -> str:
        for written in (stem, unquote(stem)):
            folded = self._folded(written)
            erased = self._without(written, folded, self._spans(folded, of_name=True), by)
            if erased != written:
                return erased
        return stem

    def _without(self, text: str, folded: str, spans: Iterator[tuple[int, int]], by: str) -> str:
        # Where letters may have become more or fewer, the text is shown as it was compared.
        shown = text if len(text) == len(folded) else folded
        at, parts = 0, list[str]()
        for start, end in sorted(spans):
            if start >= at:
                parts += (shown[at:start], by)
                at = end
        return "".join(parts) + shown[at:] if parts else text

    def _spans(self, folded: str, *, of_name: bool = False) -> Iterator[tuple[int, int]]:
        """Yield where traces stand, each by its first character and the one behind its last."""
        stands_apart = is_apart_in_name if of_name else is_apart
        for trace in self._wanted:
            start = folded.find(trace)
            while start >= 0:
                end = start + len(trace)
                if is_match := stands_apart(folded, start, end):
                    yield start, end
                start = folded.find(trace, end if is_match else start + 1)

    def _folded(self, text: str) -> str:
        if text.isascii():
            return text.lower()
        if self._is_ascii:
            return lower(text)
        return _PIECE.sub(_folded_piece, text)


def _in_both_forms(text: str, replaced: Callable[[str], str]) -> str:
    """Return the text with traces replaced; in plain letters where some are found only so."""
    erased = replaced(text)
    if not has_other_forms(erased):
        return erased
    form = plain(erased)
    erased_in_form = replaced(form)
    return erased if erased_in_form == form else erased_in_form


def lower(text: str) -> str:
    """Return the text with small letters, of ASCII alone, so that none of them moves."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _folded_piece(piece: re.Match[str]) -> str:
    """Return a text that is the same for all who differ by case or Unicode form alone."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", piece[0]).casefold())


def _needle(trace: str) -> bytes:
    """Return the part of a trace, in small letters, whose bytes stand wherever the trace does, in whatever form.

    Of an address with other letters that is what is ASCII on both sides of its @.
    """
    if trace.isascii():
        return trace.lower().encode()
    local, at, domain = _PIECE.sub(lambda piece: unicodedata.normalize("NFC", piece[0]), trace).partition("@")
    before = "".join(takewhile(str.isascii, reversed(local)))[::-1]
    return f"{before}{at}{''.join(takewhile(str.isascii, domain))}".lower().encode() if at else b""
