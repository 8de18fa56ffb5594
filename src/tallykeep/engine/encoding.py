"""Encodings: whatever a spreadsheet program wrote becomes UTF-8 as it streams in."""

import codecs

_SAMPLE_BYTES = 65_536
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_LEGACY = "cp1252"


class Transcoder:
    """Feed bytes, get UTF-8 without a byte order mark. The first 64 KiB tell the encoding.

    UTF-16 is known by its mark. What is not UTF-8 at all in the sample, without a single character that is, is taken
    for Windows-1252. Anything else passes as it is, and a row that is not UTF-8 then fails by itself.
    """

    def __init__(self) -> None:
        self._sample = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._decided = False

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
        if sample.startswith(_UTF16_BOMS):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        elif _is_legacy(sample):
            self._decoder = codecs.getincrementaldecoder(_LEGACY)("replace")
        else:
            sample = sample.removeprefix(_UTF8_BOM)
        return self._as_utf8(sample, final=False)

    def _as_utf8(self, chunk: bytes, *, final: bool) -> bytes:
        return chunk if self._decoder is None else self._decoder.decode(chunk, final).encode()


def _is_legacy(sample: bytes) -> bool:
    whole = sample[: sample.rfind(b"\n") + 1] or sample  # a character may be cut at the end
    try:
        whole.decode()
    except UnicodeDecodeError:
        return whole.decode("utf-8", "ignore").isascii()
    return False
