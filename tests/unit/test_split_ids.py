"""Bodies that name many resources and say one thing of all, as they stream in."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.batch import Batch
from tallykeep.core.errors import BodyTooLargeError, InvalidPayloadError
from tallykeep.formats.json.ids_splitter import IdsSplitter
from tallykeep.formats.row_reader import read_rows

NAMES = ("source_ids", "ids")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
KEYS = st.lists(st.one_of(TEXTS, st.integers(-5, 5), st.none(), st.lists(TEXTS, max_size=2)), max_size=40)


def split(body: bytes, chunk: int = 1 << 20, rows: int = 10, maximum: int = 1 << 20) -> tuple[list[Batch], IdsSplitter]:
    splitter = IdsSplitter(NAMES, batch_rows=rows, batch_bytes=1 << 20, max_row_bytes=maximum)
    batches: list[Batch] = []
    for start in range(0, len(body), chunk):
        batches += splitter.feed(body[start : start + chunk])
    return batches + list(splitter.finish()), splitter


def values(batches: list[Batch], splitter: IdsSplitter) -> list[Any]:
    rows = [row for batch in batches for row in read_rows(batch, splitter.source)]
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    return [row.value for row in rows]


@given(KEYS, st.dictionaries(TEXTS, TEXTS, max_size=3), st.booleans(), st.integers(1, 60), st.booleans())
def test_chunks_and_the_order_of_properties_do_not_matter(
    keys: list[Any], said: dict[str, str], in_front: bool, chunk: int, spaced: bool
) -> None:
    parts: list[tuple[str, Any]] = [("ids", keys), ("other", [{"]": '"'}])]
    source = dict([("metadata", said), *parts] if in_front else [*parts, ("metadata", said)])
    body = orjson.dumps(source, option=orjson.OPT_INDENT_2 if spaced else 0)
    batches, splitter = split(body, chunk)
    assert values(batches, splitter) == keys
    assert splitter.source.parameters == {"by": "ids", "metadata": said}
    assert not splitter.is_void


def test_many_keys_are_cut_into_batches_as_they_come() -> None:
    keys = [f"CODE-{number}" for number in range(50_000)]
    body = orjson.dumps({"ids": keys, "metadata": {"a": 1}})
    splitter = IdsSplitter(NAMES, batch_rows=10_000, batch_bytes=1 << 20, max_row_bytes=1 << 20)
    half = list(splitter.feed(body[: len(body) // 2]))
    assert len(half) >= 2
    batches = [*half, *splitter.feed(body[len(body) // 2 :]), *splitter.finish()]
    assert values(batches, splitter) == keys
    assert max(batch.row_count for batch in batches) <= 10_000


@pytest.mark.parametrize(
    "body", [b"", b" \n", b"{}", b'{"ids":null}', b'{"ids":null,"source_ids":null,"metadata":null}', b'{"metadata":{}}']
)
def test_who_names_nobody_has_no_rows(body: bytes) -> None:
    batches, splitter = split(body, 1)
    assert batches == []
    assert splitter.source.parameters["by"] == "source_ids"


@pytest.mark.parametrize(
    "body", [b'{"ids":["A","B"]}', b'{"ids":["A"],"metadata":null}', b'{"metadata":null,"ids":["A"]}']
)
def test_where_nothing_is_said_the_rows_mean_nothing(body: bytes) -> None:
    _, splitter = split(body, 3)
    assert splitter.is_void


@pytest.mark.parametrize(
    ("body", "details"),
    [
        (b"null", "should be a JSON object"),
        (b"[]", "should be a JSON object"),
        (b'"x"', "should be a JSON object"),
        (b'{"ids":["A"],"ids":["B"],"metadata":{}}', "the property ids once"),
        (b'{"metadata":{},"metadata":{}}', "the property metadata once"),
        (b'{"ids":null,"ids":["A"]}', "the property ids once"),
        (b'{"ids":["A"],"source_ids":["B"],"metadata":{}}', "an array in source_ids or ids"),
        (b'{"ids":["A"],"source_ids":[],"metadata":{}}', "an array in source_ids or ids"),
        (b'{"ids":"A"}', "an array in source_ids or ids"),
        (b'{"ids":{}}', "an array in source_ids or ids"),
        (b'{"ids":[],"metadata":[]}', "an object in metadata"),
        (b'{"metadata":{"a":1e999}}', "beyond 1.8e308"),
        (b'{"metadata":{"a":01}}', "Malformed JSON"),
        (b'{"ids":["A"', "cut off"),
        (b'{"ids":["A"]', "cut off"),
        (b'{"ids"', "cut off"),
        (b'{"metadata":{"a":', "cut off"),
        (b'{"ids":["A"],}', "unexpected"),
        (b'{,"ids":["A"]}', "unexpected"),
        (b'{"ids" ["A"]}', "unexpected"),
        (b'{"ids":["A"]}}', "unexpected"),
        (b'{"ids":["A"]} x', "unexpected"),
        (b'{"ids":}', "unexpected"),
        (b'{"ids":["A" "B"]}', "unexpected"),
        (b'{"ids":["A",]}', "unexpected"),
        (b'{"metadata":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}", "nested too deep"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 7, 1_000_000])
def test_other_bodies_are_refused_in_words(body: bytes, details: str, chunk: int) -> None:
    with pytest.raises(InvalidPayloadError) as refused:
        split(body, chunk)
    assert details in refused.value.details


def test_what_is_said_and_a_key_are_bounded() -> None:
    with pytest.raises(BodyTooLargeError, match="metadata is larger than 1000 bytes"):
        split(b'{"metadata":{"a":"' + b"x" * 5_000 + b'"},"ids":[]}', 100, maximum=1_000)
    with pytest.raises(InvalidPayloadError, match="Row 2 is longer"):
        split(b'{"ids":["A","' + b"x" * 5_000 + b'"]}', 100, maximum=1_000)
    with pytest.raises(InvalidPayloadError, match="at most 100 properties"):
        split(b"{" + b",".join(b'"p%d":1' % number for number in range(200)) + b"}")
