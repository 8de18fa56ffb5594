"""Splitting: any chunking of any bytes gives the same rows, and the reader sees the rows that the splitter cut."""

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import InvalidPayloadError
from tallykeep.core.rows import Row, Table
from tallykeep.engine.intake.open_upload import Splitter
from tallykeep.formats import charset
from tallykeep.formats.charset import _BLOCK_BYTES
from tallykeep.formats.csv import header
from tallykeep.formats.csv.header import HeaderHints
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.json import array_splitter as split_json
from tallykeep.formats.json.array_splitter import JsonSplitter
from tallykeep.formats.json.ndjson_splitter import LinesSplitter
from tallykeep.formats.json.runs import count_elements, guessed_runs
from tallykeep.formats.row_reader import raw_rows, read_rows

ROW_LIMIT = 4_000


def split(splitter: Splitter, chunks: list[bytes]) -> list[Batch]:
    batches = [batch for chunk in chunks for batch in splitter.feed(chunk)]
    return batches + list(splitter.finish())


def csv_splitter(batch_rows: int = 3) -> CsvSplitter:
    return CsvSplitter(batch_rows=batch_rows, batch_bytes=10_000, max_row_bytes=ROW_LIMIT)


def json_splitter(batch_rows: int = 3) -> JsonSplitter:
    return JsonSplitter(batch_rows=batch_rows, batch_bytes=10_000, max_row_bytes=ROW_LIMIT)


def chunked(data: bytes, cuts: list[int]) -> list[bytes]:
    offsets = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *offsets], [*offsets, len(data)], strict=True)]


def rows_of(splitter: Splitter, chunks: list[bytes]) -> list[Row]:
    return rows_in(splitter, split(splitter, chunks))


def rows_in(splitter: Splitter, batches: list[Batch]) -> list[Row]:
    rows = [row for batch in batches for row in read_rows(batch, splitter.source)]
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert not any((row.problem or "").startswith("Internal error") for row in rows)
    return rows


CUTS = st.lists(st.integers(0, 10_000), max_size=12)
CELLS = st.text(st.sampled_from("ab1 ,;\"'\n\r\té\u2028\x00"), max_size=8)


@given(
    records=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=12),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    cuts=CUTS,
    bom=st.booleans(),
)
def test_written_csv_comes_back_whatever_the_chunks(
    records: list[list[str]], ending: str, cuts: list[int], bom: bool
) -> None:
    text = io.StringIO()
    # Quoted throughout: the writer leaves a lone carriage return bare where the lines end with a newline.
    writer = csv.writer(text, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(["Code", "Note"])
    writer.writerows(records)
    data = (b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode()
    splitter = csv_splitter()
    rows = rows_of(splitter, chunked(data, cuts))
    assert splitter.source.header == ["Code", "Note"]
    assert [row.value for row in rows] == [record for record in records if any(cell.strip() for cell in record)]


OBJECTS = st.lists(
    st.fixed_dictionaries(
        {"code": st.text(max_size=5)},
        optional={"a": st.sampled_from(["},{", '"', "\\", 1, None, [{"code": "}, {"}, {"code": 1}], {"code": {}}])},
    ),
    max_size=40,
)


ELEMENTS = st.sampled_from([{}, [], 1, "a", None, [1, {"a": "],"}], {"b": [{}, "},"]}])


@given(
    objects=OBJECTS | st.lists(ELEMENTS, max_size=40),
    cuts=CUTS,
    indent=st.sampled_from([None, 1]),
    run_bytes=st.integers(1, 200),
)
def test_elements_taken_many_at_a_time_are_the_same(
    objects: list[Any], cuts: list[int], indent: int | None, run_bytes: int
) -> None:
    data = json.dumps(objects, indent=indent).encode()
    splitter = JsonSplitter(batch_rows=20, batch_bytes=10_000, max_row_bytes=ROW_LIMIT)
    with mock.patch.multiple(split_json, _ENOUGH_BYTES=run_bytes, RUN_BYTES=2 * run_bytes):
        batches = split(splitter, chunked(data, cuts))
    assert [row.value for batch in batches for row in read_rows(batch, splitter.source)] == objects
    assert all(0 < batch.row_count <= 20 for batch in batches)
    assert [orjson.loads(raw) for batch in batches for raw in raw_rows(batch, splitter.source)] == objects


@given(
    rows=st.lists(st.lists(st.text(st.sampled_from("ab é\x00\u2028"), max_size=4), min_size=3, max_size=3), min_size=1),
    ending=st.sampled_from(["\n", "\r\n"]),
    kept=st.sampled_from([None, [0, 2], [1]]),
)
def test_rows_that_need_no_parser_are_the_same(rows: list[list[str]], ending: str, kept: list[int] | None) -> None:
    body = "".join(f"{','.join(row)}{ending}" for row in rows).encode()
    source = Source("csv", header=["A", "B", "C"] if kept is None else ["A"] * len(kept), kept=kept, width=3)
    table = read_rows(Batch(7, len(rows), body), source)
    assert isinstance(table, Table)
    assert [row.value for row in table] == [[row[at] for at in kept or range(3)] for row in rows]
    assert [row.number for row in table[1:]] == list(range(8, 7 + len(rows)))
    columns = [column for block in table.blocks() for column in zip(*block.columns(), strict=True)]
    assert columns == [tuple(row.value) for row in table]


def rows_and_lines(splitter: Splitter, chunks: list[bytes]) -> list[tuple[Row, int | None]]:
    batches = split(splitter, chunks)
    rows = rows_in(splitter, batches)
    lines = [batch.line_of(batch.first_row + at) for batch in batches for at in range(batch.row_count)]
    return list(zip(rows, lines, strict=True))


@given(data=st.binary(max_size=300).map(lambda rest: b"a,b\n" + rest), cuts=CUTS)
def test_any_bytes_give_the_same_rows_in_any_chunks(data: bytes, cuts: list[int]) -> None:
    expected = rows_and_lines(csv_splitter(), [data])
    assert rows_and_lines(csv_splitter(), chunked(data, cuts)) == expected


@contextmanager
def _blocks_of(size: int) -> Iterator[None]:
    """Files are read in blocks of so many bytes, as if they were as large as most are."""
    with mock.patch.object(charset, "_BLOCK_BYTES", size), mock.patch.object(header, "_EXAMINED_BYTES", size):
        yield


@given(
    lines=st.lists(st.sampled_from(["1,2", "", '""', '"",""', " ", ",", '"', 'a"', "\xa0", "\xa0,\u3000", "é", "x\r"])),
    ending=st.sampled_from(["\n", "\n\n", "\r\n", "\n,\n"]),
    block_bytes=st.sampled_from([5, 16, 50]),
    batch_rows=st.sampled_from([1, 3, 1_000]),
)
def test_blocks_of_any_size_give_the_same_rows_at_the_same_lines(
    lines: list[str], ending: str, block_bytes: int, batch_rows: int
) -> None:
    data = ("a,b\n" + ending.join(["1,2", *lines, "3,4", ""])).encode()
    expected = rows_and_lines(csv_splitter(batch_rows), [data])
    with _blocks_of(block_bytes):
        chunks = [data[at : at + block_bytes] for at in range(0, len(data), block_bytes)]
        assert rows_and_lines(csv_splitter(batch_rows), chunks) == expected


@given(
    data=st.text(st.sampled_from('a",; \r\n\v\xa0\u3000'), max_size=60),
    cuts=CUTS,
    titles=st.sampled_from([(), ("a", "aa")]),
)
def test_any_quotes_and_blanks_give_the_same_rows_in_any_chunks(data: str, cuts: list[int], titles: tuple[str]) -> None:
    encoded = data.encode() + b"a,b\n1,2\n"
    splitters = [
        CsvSplitter(
            batch_rows=3, batch_bytes=10_000, max_row_bytes=ROW_LIMIT, hints=HeaderHints(titles=frozenset(titles))
        )
        for _ in range(2)
    ]
    try:
        expected = rows_and_lines(splitters[0], [encoded])
    except InvalidPayloadError as refused:
        with pytest.raises(InvalidPayloadError, match=re.escape(str(refused))):
            rows_and_lines(splitters[1], chunked(encoded, cuts))
        return
    assert rows_and_lines(splitters[1], chunked(encoded, cuts)) == expected
    assert splitters[0].source == splitters[1].source


@given(
    records=st.lists(st.sampled_from(["x", '"x\ny"', '"x\r\n\r\ny"', "", " ", ",", ' ,""', "\xa0"]), max_size=40),
    ending=st.sampled_from(["\n", "\r\n"]),
    batch_rows=st.sampled_from([3, 1_000]),
)
def test_rows_know_the_line_that_they_begin_at(records: list[str], ending: str, batch_rows: int) -> None:
    lines, line = [], 2
    for record in records:
        if record.startswith(("x", '"x')):
            lines.append(line)
        line += 1 + record.count("\n")
    data = "".join(each + ending for each in ["Code,Note", *records]).encode()
    splitter = csv_splitter(batch_rows)
    assert [line for _, line in rows_and_lines(splitter, [data])] == lines
    by_record = CsvSplitter(
        batch_rows=batch_rows, batch_bytes=10_000, max_row_bytes=ROW_LIMIT, hints=HeaderHints(",", by_record=True)
    )
    lines = [line for line, record in enumerate(records, 2) if record.startswith(("x", '"x'))]
    assert [line for _, line in rows_and_lines(by_record, [data])] == lines


@given(lines=st.lists(st.sampled_from([b"1", b"", b" \t", b'{"a": 1}', b"no json"])), cuts=CUTS)
def test_lines_of_json_are_counted_with_blank_ones(lines: list[bytes], cuts: list[int]) -> None:
    data = b"\n".join(lines)
    splitter = LinesSplitter(batch_rows=3, batch_bytes=10_000, max_row_bytes=ROW_LIMIT)
    expected = [number for number, line in enumerate(lines, 1) if line.strip()]
    assert [line for _, line in rows_and_lines(splitter, chunked(data, cuts))] == expected


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from('ab"\\/{}[],: \n\u2028é'), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab]}\\\"", max_size=4), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(values=st.lists(JSON_VALUES, max_size=10), cuts=CUTS, indent=st.sampled_from([None, 1]))
def test_json_elements_come_back_whatever_the_chunks(values: list[Any], cuts: list[int], indent: int | None) -> None:
    data = json.dumps(values, indent=indent).encode()
    rows = rows_of(json_splitter(), chunked(data, cuts))
    assert [row.value for row in rows] == values


@given(data=st.text(st.sampled_from('[]{}",:1a \\n'), max_size=40), cuts=CUTS, run_bytes=st.sampled_from([1, 1 << 15]))
def test_what_is_not_a_json_array_is_refused_in_any_chunks(data: str, cuts: list[int], run_bytes: int) -> None:
    encoded = data.encode()
    try:
        expected = json.loads(encoded)
    except ValueError:
        expected = None
    with mock.patch.multiple(split_json, _ENOUGH_BYTES=run_bytes, RUN_BYTES=2 * run_bytes):
        if isinstance(expected, list):
            assert [row.value for row in rows_of(json_splitter(), chunked(encoded, cuts))] == expected
        else:
            with pytest.raises(InvalidPayloadError):
                rows_of(json_splitter(), chunked(encoded, cuts))


@pytest.mark.parametrize("between", [b",", b" ,\r\n "])
def test_elements_are_taken_many_at_a_time_where_objects_inside_begin_alike(between: bytes) -> None:
    goods = b'{"source_id":"p","product":{"source_id":"q"}}'
    order = b'{"source_id":"o","customer":{"source_id":"c"},"items":[' + between.join([goods] * 4) + b"]}"
    elements = between.join([order] * 50)
    runs = [run for run in guessed_runs(elements + between + order[:150]) if count_elements(run) is not None]
    assert runs[0].rstrip() == elements


def test_batches_are_cut_by_rows_and_by_bytes() -> None:
    splitter = CsvSplitter(batch_rows=100, batch_bytes=25, max_row_bytes=ROW_LIMIT)
    batches = split(splitter, [b"Code\n" + b"0123456789\n" * 7])
    assert [(batch.first_row, batch.row_count) for batch in batches] == [(1, 3), (4, 3), (7, 1)]


def test_a_quote_never_closed_fails_alone_and_swallows_nothing() -> None:
    lines = b'Code,Note\nA,1\nB,"open\n' + b"C,3\n" * 1_000
    rows = rows_of(csv_splitter(500), [lines])
    assert len(rows) == 1_002
    assert [row.number for row in rows if row.problem] == [2]
    assert rows[1].problem == "the quotes in this line do not match up"
    assert rows[2].value == ["C", "3"]


def test_a_quote_closed_by_a_later_rows_quote_swallows_nothing() -> None:
    rows = rows_of(csv_splitter(), [b'Code,Note\nA,"oops\nB,2\nC,"a note"\nD,"fine, ""really"""\nE,5\n'])
    assert [row.number for row in rows if row.problem] == [1]
    assert [row.value for row in rows[1:]] == [["B", "2"], ["C", "a note"], ["D", 'fine, "really"'], ["E", "5"]]


@pytest.mark.parametrize("size", [7, 1_460])
def test_long_rows_in_small_chunks_come_back(size: int) -> None:
    long = "x\n" * 150_000
    for splitter, data in (
        (CsvSplitter(batch_rows=9, batch_bytes=9_000_000, max_row_bytes=1 << 20), f'Code\n"{long}"\nB\n'),
        (JsonSplitter(batch_rows=9, batch_bytes=9_000_000, max_row_bytes=1 << 20), json.dumps([[long], "B"])),
    ):
        encoded = data.encode()
        chunks = [encoded[start : start + size] for start in range(0, len(encoded), size)]
        rows = rows_of(splitter, chunks)
        assert [row.value for row in rows] == [[long], ["B"] if isinstance(splitter, CsvSplitter) else "B"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(delimiter: str) -> None:
    splitter = csv_splitter()
    rows = rows_of(splitter, [delimiter.join(["Code", '"a,b;c"', "Note\nX", "1", "2"]).encode()])
    assert splitter.source.header == ["Code", "a,b;c", "Note"]
    assert [row.value for row in rows] == [["X", "1", "2"]]


@pytest.mark.parametrize("between", [b"\n", b"\n" * 15, b" \n", b",\n", b"\n\xc2\xa0\n", b"\r\n", b'""\n', b"\n,,\n\n"])
@pytest.mark.parametrize("row", [b"1,2\n", b" 1,2\n", b",2\n", b'"1",2\n', b"\xc3\xa9,2\n", b"\xe2\x82\xac,2\n"])
def test_rows_with_blank_lines_between_them_are_the_same_rows_at_their_lines(between: bytes, row: bytes) -> None:
    count = 5 * _BLOCK_BYTES // 4 // len(row + between)  # more than is taken at once, and by another way
    (single,) = rows_of(csv_splitter(), [b"a,b\n" + row])
    step = 1 + between.count(b"\n")
    data = b"a,b\n" + (row + between) * count
    for chunks in ([data], chunked(data, [7, _BLOCK_BYTES, _BLOCK_BYTES + 1])):
        splitter = CsvSplitter(batch_rows=997, batch_bytes=1_000_000, max_row_bytes=1_000_000)
        pairs = rows_and_lines(splitter, chunks)
        assert [line for _, line in pairs] == [2 + step * at for at in range(count)]
        assert all(row.value == single.value for row, _ in pairs)


def test_blank_lines_are_no_rows() -> None:
    rows = rows_of(csv_splitter(), [b"\n  \nCode\n\nA\n \r\n\r\nB\n\n"])
    assert [row.value for row in rows] == [["A"], ["B"]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        ("Cödé,".encode() + b"\xff\n", "not UTF-8"),
        (b"Co\0de\n", "U\\+0000"),
        (b'"Code\n', "never closes"),
        (b",".join(b"c%d" % n for n in range(1_001)) + b"\n", "at most 1000"),
        (b"Code\n" + b"x" * (ROW_LIMIT + 1), "Row 1 is longer"),
    ],
)
def test_files_that_cannot_be_used_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(InvalidPayloadError, match=message):
        split(csv_splitter(), [data])


@pytest.mark.parametrize(
    "element",
    ['"\\ud800"', '{"n": 1e400}', "9" * 500, "[" * 1100 + "]" * 1100, "-" + "1" * 400],
)
def test_json_that_cannot_be_kept_fails_only_its_row(element: str) -> None:
    rows = rows_of(json_splitter(), [f'[{{"code": "A"}}, {element}, {{"code": "C"}}]'.encode()])
    assert [row.problem is None for row in rows] == [True, False, True]
    assert "cannot be kept as JSON" in (rows[1].problem or "")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"code": "A"}',
        b"nonsense",
        b"[1 2]",
        b"[1,]",
        b"[,1]",
        b'[{"a":1}',
        b'[{"a" 1}]',
        b"[NaN]",
        b"[tru]",
        b"[1]]",
        b'[{"a":"x]',
        b"[01]",
        b'["\xff"]',
    ],
)
def test_malformed_json_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidPayloadError):
        split(json_splitter(), [data])


def test_a_json_row_beyond_the_limit_is_refused_with_its_number() -> None:
    long = json.dumps({"code": "x" * ROW_LIMIT})
    with pytest.raises(InvalidPayloadError, match="Row 2 is longer"):
        split(json_splitter(), [f"[1, {long}]".encode()])
