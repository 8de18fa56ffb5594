"""Encodings: whatever a spreadsheet program wrote becomes UTF-8 as it streams in."""

import codecs

from tallykeep.errors import InvalidPayloadError, UnsupportedMediaTypeError

_SAMPLE_BYTES = 65_536
_UTF8 = "utf-8"
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_LEGACY = "cp1252"
_OF_NO_FILE = {"idna", "punycode", "unicode-escape", "raw-unicode-escape"}  # Python has them among its encodings

# What the encoding does not know becomes a byte that is not UTF-8, so that its row fails instead of holding a stopgap.
_BROKEN = "tallykeep.broken"
codecs.register_error(_BROKEN, lambda error: ("\udcff", error.end if isinstance(error, UnicodeDecodeError) else 0))


class Transcoder:
    """Feed bytes, get UTF-8 without a byte order mark.

    The declared charset is taken at its word; without one the first 64 KiB tell: UTF-16 is known by its mark, and what
    is not UTF-8 at all in there, without a single character that is, is taken for Windows-1252. Characters that are
    not of the encoding come out as bytes that are not UTF-8: their row then fails by itself. `encoding` is what was
    told in the end. Raises UnsupportedMediaTypeError for a charset that is not known, InvalidPayloadError for a file
    that cannot be in it.
    """

    def __init__(self, charset: str | None = None) -> None:
        self._charset = known_charset(charset) if charset else None
        self._sample = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._decided = False
        self.encoding = _UTF8

    def feed(self, chunk: bytes) -> bytes:
        """The next bytes as UTF-8; none until the encoding is told."""
        if self._decided:
            return self._as_utf8(chunk, final=False)
        self._sample += chunk
        return self._decide() if len(self._sample) >= _SAMPLE_BYTES else b""

    def finish(self) -> bytes:
        """What is left at the end of the input."""
        held = b"" if self._decided else self._decide()
        return held + self._as_utf8(b"", final=True)

    def _decide(self) -> bytes:
        sample, self._sample, self._decided = self._sample, b"", True
        encoding = _encoding_of(sample, self._charset)
        self.encoding = encoding
        if encoding == _UTF8:
            sample = sample.removeprefix(_UTF8_BOM)
        else:
            self._decoder = codecs.getincrementaldecoder(encoding)(_BROKEN)
        return self._as_utf8(sample, final=False)

    def _as_utf8(self, chunk: bytes, *, final: bool) -> bytes:
        if self._decoder is None:
            return chunk
        try:
            return self._decoder.decode(chunk, final).encode(_UTF8, "surrogateescape")
        except UnicodeError as error:
            raise InvalidPayloadError(f"The file cannot be read in its charset: {error}") from None


def known_charset(charset: str) -> str:
    """The encoding's name in Python; raises UnsupportedMediaTypeError where there is none."""
    try:
        "".encode(charset)  # refuses codecs that are no encodings of text
        known = codecs.lookup(charset).name
    except (LookupError, ValueError):
        known = ""
    if not known or known in _OF_NO_FILE:
        raise UnsupportedMediaTypeError(f"The charset {charset!r} is not known; save the file as UTF-8")
    return known


def _encoding_of(sample: bytes, charset: str | None) -> str:
    if sample.startswith(_UTF16_BOMS):
        return "utf-16"
    if charset is not None and not sample.startswith(_UTF8_BOM):
        return charset
    return _LEGACY if _is_legacy(sample) else _UTF8


def _is_legacy(sample: bytes) -> bool:
    whole = sample[: sample.rfind(b"\n") + 1] or sample  # a character may be cut at the end
    try:
        whole.decode()
    except UnicodeDecodeError:
        return whole.decode("utf-8", "ignore").isascii()
    return False
