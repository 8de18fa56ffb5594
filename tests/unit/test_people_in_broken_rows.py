"""Rows that fail before anybody knows whose they are: about whom they are all the same."""

import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.batch import Batch, Source
from tallykeep.formats.people.person import Person
from tallykeep.formats.people.rows import rows_about

ANN = Person(keys=frozenset({"1001", "P-7"}), traces=frozenset({"ann@example.com", "cust_00ab"}))
FILE = Source("csv", header=["Source_id", "Name", "Phone"])
IMPORT, BULK, METADATA, ORDERS = (
    ACTION_TYPES[name].people
    for name in ("CUSTOMERS.IMPORT_CSV", "CUSTOMERS.BULK_UPDATE", "CUSTOMERS.METADATA_UPDATE", "ORDERS.IMPORT")
)


@pytest.mark.parametrize(
    ("line", "is_about"),
    [
        (b'P-7,"open,1\n', True), (b'"P-7","open,1\n', True), (b' P-7 ,"open\n', True), (b'P-70,"P-7,1\n', False),
        (b'X,"open P-7,P-7\n', False), (b'X,"open ann@example.com\n', True), (b"X,\"o'ann@example.com\n", False),
    ],
)  # fmt: skip
def test_lines_whose_quotes_do_not_match(line: bytes, is_about: bool) -> None:
    batch = Batch(1, 2, line + b"ok,ok,1\n", broken=[0])
    assert rows_about(ANN, batch, FILE, IMPORT) == ([1] if is_about else [])


@pytest.mark.parametrize(
    ("line", "is_about"),
    [(b"P-7,Zeb\xe9d\xff,1\n", True), (b"X,\xff,P-7\n", False), (b"X,\xffann@example.com,1\n", True)],
)
def test_lines_that_are_not_utf_8(line: bytes, is_about: bool) -> None:
    assert rows_about(ANN, Batch(1, 2, line + b"ok,ok,1\n"), FILE, IMPORT) == ([1] if is_about else [])


def test_columns_that_are_left_out_are_searched_by_the_cell() -> None:
    source = Source("csv", header=["Phone", "Source_id"], kept=[2, 0], width=3)
    body = b'X,ann@example.com,1\nX,o\'ann@example.com,1\nX,"see ann@example.com,",1\nP-7,"open,1\n'
    assert rows_about(ANN, Batch(1, 4, body, broken=[body.index(b"P-7")]), source, IMPORT) == [1, 3, 4]
    long = b"X,%s ann@example.com,1\nX,y,1\n" % (b"x" * 200_000)
    assert rows_about(ANN, Batch(1, 2, long), source, IMPORT) == [1]


@pytest.mark.parametrize(
    ("key", "is_about"),
    [
        ("P-7", True), ("P-7\u200b", True), ("\u00a0P-7\u00a0", True), ("P\u200b-7", True), ("\u2060 P-7", True),
        ("P-70", False), ("p-7", False), ("P -7", False),
    ],
)  # fmt: skip
def test_keys_count_as_imports_would_clean_them(key: str, is_about: bool) -> None:
    expected = [1] if is_about else []
    assert rows_about(ANN, Batch(1, 2, f"{key},x,1\nok,,\n".encode()), FILE, IMPORT) == expected
    source = Source("json")
    assert rows_about(ANN, Batch(1, 1, f'{{"source_id":"{key}"}}'.encode()), source, BULK) == expected
    assert rows_about(ANN, Batch(1, 1, f'{{"customer":{{"source_id":"{key}"}}}}'.encode()), source, ORDERS) == expected
    assert rows_about(ANN, Batch(1, 1, f'"{key}"'.encode()), source, METADATA) == expected


@pytest.mark.parametrize(
    ("row", "is_about"),
    [
        ('{"source_id":1001}', True), ('{"source_id":["P-7"]}', True), ('{"source_id":{"x":[1001]}}', True),
        ('["P-7"]', True), ("1001", True), ('{"id":"P-7"}', True), ('{"source_id":1001.5}', False),
        ('[{"source_id":"P-7"}]', True), ('[{"source_id":"x","zip":"1001"}]', False), ('{"zip":1001}', False),
        ('{"source_id":"P-7","x":nul}', True), ('{"source_id": "P-7", "name": "x", }', True),
        ('{"source_id":1001,', True),
        ('{"zip":"1001","x":nul}', False), ('{"source_id":"\\u0050-7",', True), ('{"x":"ann\\u0040example.com"', True),
        ('{"source_id":"P-7', True), ('}]{"source_id":"P-7"', True), ("{" * 5_000, False),
    ],
)  # fmt: skip
def test_rows_of_customers_that_are_wrong_or_no_json(row: str, is_about: bool) -> None:
    assert rows_about(ANN, Batch(1, 1, row.encode()), Source("ndjson"), BULK) == ([1] if is_about else [])


@pytest.mark.parametrize(
    ("row", "is_about"),
    [
        ('{"source_id":"o","customer":{"source_id":1001}}', True), ('{"referrer":{"source_id":["P-7"]}}', True),
        ('{"customer":"P-7"}', True), ('{"customer":[{"source_id":"P-7"}]}', True), ('{"customer_id":1001}', True),
        ('{"source_id":1001}', False), ('{"customer":{"source_id":"x","metadata":{"zip":1001}}}', False),
        ('{"source_id":"1001","customer":{"source_id":"x",}', False), ('{"customer":{"source_id":"P-7"},}', True),
    ],
)  # fmt: skip
def test_orders_that_are_wrong_or_no_json(row: str, is_about: bool) -> None:
    assert rows_about(ANN, Batch(1, 1, row.encode()), Source("ndjson"), ORDERS) == ([1] if is_about else [])


def test_a_source_id_like_the_id_of_another_takes_none_of_their_rows() -> None:
    evil = Person(keys=frozenset({"cust_00ab"}), traces=frozenset({"cust_00ff"}))
    orders = b'{"customer":{"id":"cust_00ab"}},\n{"customer_id":"cust_00ab"},\n{"customer":{"source_id":"cust_00ab"}}'
    assert rows_about(evil, Batch(1, 3, orders), Source("json"), ORDERS) == [3]
    customers = b'{"id":"cust_00ab"},\n{"source_id":"cust_00ab"},\n{"id":"cust_00ff"}'
    assert rows_about(evil, Batch(1, 3, customers), Source("json"), BULK) == [2, 3]
    by_id = Source("json", parameters={"by": "ids"})
    assert rows_about(evil, Batch(1, 2, b'"cust_00ab",\n"cust_00ff"'), by_id, METADATA) == [2]
    titled = Source("csv", header=["Id", "Source_id"])
    assert rows_about(evil, Batch(1, 3, b"cust_00ab,x\n,cust_00ab\ncust_00ff,\n"), titled, IMPORT) == [2, 3]
