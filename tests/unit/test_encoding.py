"""Encodings: the same bytes become the same text, however an upload was cut."""

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.errors import InvalidPayloadError, UnsupportedMediaTypeError
from tallykeep.engine.intake.sample import Sample, read_sample
from tallykeep.formats import charset as encoding
from tallykeep.formats.charset import Transcoder, known_charset
from tallykeep.formats.csv.header import HeaderHints
from tallykeep.formats.csv.splitter import CsvSplitter
from tests.unit.test_split import CUTS, ROW_LIMIT, chunked, csv_splitter, rows_of, split

UTF8_MARK = b"\xef\xbb\xbf"
PIECES = [
    UTF8_MARK, b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\xef", b"\xbb", b"Code,City\n", b"A,", b"x", b"\n",
    b"\0", b'"', "Köln".encode(), "東京".encode(), "Köln".encode("cp1252"), b"\xc3", b"\x81",
    "東京".encode("shift_jis"), b"+2AA-", b"\x1b$B",
]  # fmt: skip
BYTES = st.lists(st.sampled_from(PIECES) | st.binary(max_size=9), max_size=20).map(b"".join)
MULTI_BYTE = ["shift_jis", "cp932", "euc-jp", "iso-2022-jp", "gb18030", "gbk", "big5", "euc-kr", "utf-16", "utf-16-be",
              "utf-32", "utf-7", "utf-8-sig"]  # fmt: skip
CHARSETS = st.sampled_from([None, "utf-8", "ascii", "windows-1250", *MULTI_BYTE])


def outcome(chunks: list[bytes], charset: str | None) -> tuple[bytes | str, str]:
    """What comes out, or why nothing does; and the encoding that was told."""
    transcoder = Transcoder(charset)
    try:
        text = b"".join(map(transcoder.feed, chunks)) + transcoder.finish()
    except InvalidPayloadError:
        return "refused", transcoder.encoding
    return text, transcoder.encoding


@given(data=BYTES, cuts=CUTS, charset=CHARSETS, window=st.integers(1, 12), block=st.sampled_from([1, 5, 65_536]))
def test_any_cuts_of_any_bytes_come_out_the_same(
    data: bytes, cuts: list[int], charset: str | None, window: int, block: int
) -> None:
    with mock.patch.multiple(encoding, _WINDOW_BYTES=window, _BLOCK_BYTES=block):
        expected = outcome([data], charset)
        assert outcome(chunked(data, cuts), charset) == expected
        assert outcome([data[at : at + 1] for at in range(len(data))], charset) == expected
        assert not isinstance(expected[0], bytes) or not expected[0].startswith(UTF8_MARK)


@given(data=BYTES, cuts=CUTS, charset=CHARSETS, window=st.integers(1, 12))
def test_any_cuts_of_any_bytes_are_the_same_rows(
    data: bytes, cuts: list[int], charset: str | None, window: int
) -> None:
    def read(chunks: list[bytes]) -> object:
        splitter = CsvSplitter(batch_rows=3, batch_bytes=99, max_row_bytes=4_000, charset=charset)
        try:
            return [(row.value, row.problem) for row in rows_of(splitter, chunks)], splitter.source
        except InvalidPayloadError:
            return "refused"

    with mock.patch.object(encoding, "_WINDOW_BYTES", window):
        assert read(chunked(data, cuts)) == read([data])


@pytest.mark.parametrize("before", [0, 65_530, 65_536, 70_000, 200_000])
@pytest.mark.parametrize("written", ["cp1252", "utf-8"])
@pytest.mark.parametrize("size", [1_000, 65_536, 1_000_000])
def test_the_first_umlaut_tells_wherever_it_stands(before: int, written: str, size: int) -> None:
    rows = ["x" * 9] * (before // 10) + ["Köln", "Düsseldorf"]
    data = "\n".join(["City", *rows]).encode(written)
    text, charset = outcome([data[at : at + size] for at in range(0, len(data), size)], None)
    assert (charset, text) == (written, "\n".join(["City", *rows]).encode())


@pytest.mark.parametrize(
    ("end", "charset"),
    [("é".encode("cp1252"), "cp1252"), ("é".encode(), "utf-8"), ("Ü, é".encode() + b"\xc3", "utf-8")],
)
def test_a_file_may_end_within_its_only_telling_line(end: bytes, charset: str) -> None:
    assert outcome([b"Code,City\nA,Caf" + end], None)[1] == charset


@pytest.mark.parametrize("cut", range(1, 6))
def test_the_beginning_of_a_file_may_end_within_a_character(cut: int) -> None:
    data = "Code,City\nA,東京".encode()
    seen = read_sample(Sample(data[:-cut], False, None), None, HeaderHints(), 4_000)
    assert (seen.encoding, seen.encodings) == ("utf-8", [])


@pytest.mark.parametrize("charset", [None, "utf-8", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("marks", [1, 2, 3, 50_000])
def test_byte_order_marks_at_the_beginning_are_dropped_however_many(charset: str | None, marks: int) -> None:
    data = ("\ufeff" * marks + "Code,City\nA,\ufeffKöln\n").encode(charset or "utf-8")
    splitter = CsvSplitter(batch_rows=3, batch_bytes=99, max_row_bytes=4_000, charset=charset)
    rows = rows_of(splitter, [data])
    seen = read_sample(Sample(data, True, None), charset, HeaderHints(), 4_000)
    assert splitter.source.header == seen.source.header == ["Code", "City"]
    assert [row.value for row in rows] == [row.value for row in seen.rows(seen.source)] == [["A", "\ufeffKöln"]]


CHARACTERS = {"gb18030": "上海市，€", "gbk": "上海", "big5": "台北", "euc-kr": "서울", "utf-7": "Łódź 東京"}


@pytest.mark.parametrize("charset", MULTI_BYTE)
@given(cuts=CUTS, delimiter=st.sampled_from(",;\t|"))
def test_a_declared_charset_of_several_bytes_is_read(charset: str, cuts: list[int], delimiter: str) -> None:
    # ソ, 表 and ポ have a backslash or a bar for their second byte in Shift JIS.
    city = CHARACTERS.get(charset, "東京ソ表ポ")
    data = f'Code{delimiter}City\r\nA{delimiter}{city}\r\n"B\n{city}"{delimiter}{city}'.encode(charset)
    splitter = CsvSplitter(batch_rows=3, batch_bytes=99, max_row_bytes=4_000, charset=charset)
    rows = rows_of(splitter, chunked(data, cuts))
    seen = read_sample(Sample(data, True, None), charset, HeaderHints(), 4_000)
    assert [row.value for row in rows] == [["A", city], [f"B\n{city}", city]]
    assert [row.value for row in seen.rows(seen.source)] == [row.value for row in rows]


def test_memory_does_not_grow_with_what_tells_nothing() -> None:
    transcoder = Transcoder()
    assert sum(len(transcoder.feed(b"x" * 1_000)) for _ in range(1_000)) > 1_000_000 - 2 * 65_536
    assert len(transcoder.feed(b"\xe4" + b"x" * 70_000)) >= 70_000


@pytest.mark.parametrize(
    ("charset", "text", "written"),
    [
        ("latin-1", "10 € „é“", "cp1252"),
        ("iso-8859-9", "İş 10 €", "cp1254"),
        ("Shift_JIS", "髙島屋①～", "cp932"),
        ("euc-kr", "똠방각하", "cp949"),
        ("gb2312", "朱镕基", "gbk"),
    ],
)
def test_charsets_are_read_as_programs_write_them(charset: str, text: str, written: str) -> None:
    transcoder = Transcoder(charset)
    read = transcoder.feed(text.encode(written)) + transcoder.finish()
    assert (read.decode(), transcoder.encoding) == (text, known_charset(charset))


def test_bytes_that_are_not_utf8_fail_only_their_row() -> None:
    rows = rows_of(csv_splitter(10), ["Code\nÄ\n".encode() + b"B\xff\nC\n"])
    assert [row.problem is None for row in rows] == [True, False, True]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-8-sig", "utf-8"])
@given(cuts=CUTS)
def test_other_encodings_are_read(encoding: str, cuts: list[int]) -> None:
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    data = marks.get(encoding, b"") + "Code;Größe\r\nÄ-1;5 €\r\nB;\r\n".encode(encoding)
    splitter = csv_splitter()
    rows = rows_of(splitter, chunked(data, cuts))
    assert splitter.source.header == ["Code", "Größe"]
    assert [row.value for row in rows] == [["Ä-1", "5 €"], ["B", ""]]


@pytest.mark.parametrize("charset", ["iso-8859-2", "windows-1250", "UTF-16LE", "shift_jis", "utf-8"])
@given(cuts=CUTS)
def test_a_declared_charset_is_taken_at_its_word(charset: str, cuts: list[int]) -> None:
    city = "東京" if charset == "shift_jis" else "Łódź"
    splitter = CsvSplitter(batch_rows=3, batch_bytes=10_000, max_row_bytes=ROW_LIMIT, charset=charset)
    rows = rows_of(splitter, chunked(f"Code;City\nA;{city}\n".encode(charset), cuts))
    assert [row.value for row in rows] == [["A", city]]


@pytest.mark.parametrize(
    "charset", ["no-such", "base64", "rot13", "idna", "Punycode", "unicode_escape", "a\0b", "x" * 300]
)
def test_a_charset_that_is_none_is_refused(charset: str) -> None:
    with pytest.raises(UnsupportedMediaTypeError, match="is not known"):
        CsvSplitter(batch_rows=3, batch_bytes=10_000, max_row_bytes=ROW_LIMIT, charset=charset)


@pytest.mark.parametrize(
    ("data", "charset"), [(b"Code\nA\n", "utf-16"), (b"Code\nA\n\n\n", "utf-32"), (b"Code\n+2AA-\n", "utf-7")]
)
def test_a_file_that_cannot_be_in_its_charset_is_refused(data: bytes, charset: str) -> None:
    splitter = CsvSplitter(batch_rows=3, batch_bytes=10_000, max_row_bytes=ROW_LIMIT, charset=charset)
    with pytest.raises(InvalidPayloadError, match="charset"):
        split(splitter, [data])


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        (b"Code\nA\nB\xff\nC\n", "us-ascii"),
        (b"Code\nA\nB\xff\nC\n", "utf-8"),
        ("Code\nÄ\nB".encode("cp1252") + b"\x81\nC\n", None),
        (b"\xff\xfe" + "Code\nA\nB\ud800\nC\n".encode("utf-16-le", "surrogatepass"), None),
    ],
)
def test_what_the_encoding_does_not_know_fails_only_its_row(data: bytes, charset: str | None) -> None:
    splitter = CsvSplitter(batch_rows=9, batch_bytes=10_000, max_row_bytes=ROW_LIMIT, charset=charset)
    rows = rows_of(splitter, [data])
    assert [row.problem for row in rows] == [None, "the row is not UTF-8; save the file as UTF-8", None]
