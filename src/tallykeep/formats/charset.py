"""Encodings: any encoding that spreadsheet programs write becomes UTF-8 as it streams in."""

import codecs
import re

from tallykeep.core.errors import InvalidPayloadError, UnsupportedMediaTypeError

_WINDOW_BYTES = 65_536
_BLOCK_BYTES = 65_536
_UTF8 = "utf-8"
_UTF8_BOM = b"\xef\xbb\xbf"
_MARKS = (  # the longer ones first, since they begin like the others
    (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
    (_UTF8_BOM, _UTF8),
)  # fmt: skip
_MAX_MARK_LENGTH = 4
_MAX_NAME_LENGTH = 40
_LEGACY = "cp1252"
# Files declared as one are usually in the other, which has more characters. Browsers read them the same way.
_AS_WRITTEN = {
    "iso8859-1": "cp1252", "iso8859-9": "cp1254", "shift_jis": "cp932", "euc_kr": "cp949", "gb2312": "gbk",
}  # fmt: skip
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_OF_NO_FILE = {"idna", "punycode", "unicode-escape", "raw-unicode-escape"}  # Python has them among its encodings

# Bytes that the encoding does not know become a byte that is not UTF-8: the row fails instead of holding a stopgap.
_BROKEN = "tallykeep.broken"
codecs.register_error(_BROKEN, lambda error: ("\udcff", error.end if isinstance(error, UnicodeDecodeError) else 0))


class Transcoder:
    """Turns fed bytes into UTF-8 without a leading byte order mark; how the bytes are cut makes no difference.

    A byte order mark decides the encoding, otherwise the declared charset does. Without either, ASCII passes unchanged,
    because it is the same in every candidate. From the first other byte on, the next 64 KiB decide: if those 64 KiB
    contain no valid multi-byte UTF-8 character, the file is taken for Windows-1252. Bytes that are not valid in the
    encoding come out as bytes that are not UTF-8, so that only their row fails. `encoding` is the result. Raises
    UnsupportedMediaTypeError for an unknown charset, InvalidPayloadError for a file that cannot be in it.
    """

    def __init__(self, charset: str | None = None) -> None:
        self._charset = known_charset(charset) if charset else None
        self._held = bytearray()  # whose encoding is not known yet
        self._take = self._take_mark
        self._decoder: codecs.IncrementalDecoder | None = None
        self._small = bytearray()  # output that is too little to be worth a look
        self._marked = b""  # the beginning of the output, as long as it may be a byte order mark
        self._begun = False
        self.encoding = _UTF8

    def feed(self, chunk: bytes) -> bytes:
        """Return the next UTF-8 bytes, in large blocks; bytes that cannot be decoded yet come later."""
        text = self._unmarked(self._take(chunk, final=False), final=False)
        if not self._small and len(text) >= _BLOCK_BYTES:
            return text
        self._small += text
        return self._gathered() if len(self._small) >= _BLOCK_BYTES else b""

    def finish(self) -> bytes:
        """Return what is left at the end of the input."""
        return self._gathered() + self._unmarked(self._take(b"", final=True), final=True)

    def stop(self) -> bytes:
        """Return what is left where the rest of the input is ignored."""
        return self._gathered() + self._unmarked(self._take(b"", final=None), final=True)

    def _gathered(self) -> bytes:
        gathered, self._small = bytes(self._small), bytearray()
        return gathered

    def _take_mark(self, chunk: bytes, *, final: bool | None) -> bytes:
        """Wait for as many bytes as a mark may have; then the mark or the declared charset decides the encoding."""
        self._held += chunk
        if len(self._held) < _MAX_MARK_LENGTH and final is False:
            return b""
        held, self._held = bytes(self._held), bytearray()
        encoding = next((encoding for mark, encoding in _MARKS if held.startswith(mark)), self._charset)
        if encoding is None:
            self._take = self._take_undecided
        else:
            self._settle(encoding)
        return self._take(held, final=final)

    def _take_undecided(self, chunk: bytes, *, final: bool | None) -> bytes:
        """Let ASCII pass; from the first other byte on, gather the window that decides."""
        if not self._held and chunk.isascii():
            return chunk
        start = 0 if self._held else _first_beyond_ascii(chunk)
        self._held += chunk[start:]
        passed = chunk[:start]
        if len(self._held) < _WINDOW_BYTES and final is False:
            return passed
        held, self._held = bytes(self._held), bytearray()
        is_all = final is True and len(held) <= _WINDOW_BYTES
        self._settle(_LEGACY if _is_legacy(held[:_WINDOW_BYTES], is_all=is_all) else _UTF8)
        return passed + self._take(held, final=final)

    def _settle(self, encoding: str) -> None:
        self.encoding = encoding
        self._take = self._take_decided
        if encoding != _UTF8:
            self._decoder = codecs.getincrementaldecoder(_AS_WRITTEN.get(encoding, encoding))(_BROKEN)

    def _take_decided(self, chunk: bytes, *, final: bool | None) -> bytes:
        if self._decoder is None:
            return chunk
        try:
            return self._decoder.decode(chunk, final is True).encode(_UTF8, "surrogateescape")
        except UnicodeError as error:
            raise InvalidPayloadError(f"The file cannot be read in its charset: {error}") from None

    def _unmarked(self, text: bytes, *, final: bool) -> bytes:
        """Return the text; of its start what is behind all byte order marks."""
        if self._begun:
            return text
        text = without_marks(self._marked + text)
        if not final and _UTF8_BOM.startswith(text):  # nothing yet, or the beginning of a mark
            self._marked = text
            return b""
        self._begun, self._marked = True, b""
        return text


def without_marks(text: bytes) -> bytes:
    """Return UTF-8 without the byte order marks at its beginning, however many."""
    start = 0
    while text.startswith(_UTF8_BOM, start):
        start += len(_UTF8_BOM)
    return text[start:]


def known_charset(charset: str) -> str:
    """Return the encoding's name in Python; raises UnsupportedMediaTypeError where there is none."""
    if len(charset) > _MAX_NAME_LENGTH:
        raise UnsupportedMediaTypeError(f"The charset {charset[:_MAX_NAME_LENGTH] + '…'!r} is not known")
    try:
        "".encode(charset)  # refuses codecs that are no encodings of text
        known = codecs.lookup(charset).name
    except (LookupError, ValueError):
        known = ""
    if not known or known in _OF_NO_FILE:
        raise UnsupportedMediaTypeError(f"The charset {charset!r} is not known; save the file as UTF-8")
    return known


def _first_beyond_ascii(chunk: bytes) -> int:
    match = _BEYOND_ASCII.search(chunk)
    return match.start() if match else len(chunk)


def _is_legacy(window: bytes, *, is_all: bool) -> bool:
    """Whether nothing in here is UTF-8; a character may be cut at the end, unless that is the end of all."""
    try:
        codecs.getincrementaldecoder(_UTF8)().decode(window, is_all)
    except UnicodeDecodeError:
        return window.decode(_UTF8, "ignore").isascii()
    return False
