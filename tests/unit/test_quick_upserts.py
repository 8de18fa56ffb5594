"""Customers, products and SKUs of files: columns made ready at once hold what rows read one by one do."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tallykeep.db.copy_format import NULL, copy_text
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.by_column.fast_csv import file_columns
from tallykeep.resources.upserts.row_readers import csv_reader
from tallykeep.resources.upserts.spec import Change, UpsertSpec
from tests.sizes import examples
from tests.unit.csv_files import (
    BLOCKS,
    DATES,
    MAX_ROWS,
    NUMBERS,
    SCHEMAS,
    TEXTS,
    as_json,
    blocks_of,
    read_file,
    rows_of,
    stored_value,
)

_OBJECTS = [
    "{'size':'XS'}", "{'size':'M', 'n': 1.5}", '{"size":"L"}', '{"it\'s":"L"}', "{}", "{'size':null}", "{'size'",
    "null", "[1]", "{'size':'5\"'}", "{'n':1.50}", "{'n':-1}", "{'a':'b','a':'c'}", "{'a':true}", "{'a':{'b':1}}",
    "{'a':'\\\\'}", "{'n':12345678901234567890}", "{'a':'b\\'c'}", "{'ä':'ünï'}", "{'a':'nul\0'}", "{'a':'\t'}",
    '{"a":"b\nc"}', "{,}", "{'':''}", "{'a':1}{'b':2}", "{'a':\"b\"}", "{ 'a': 'b' }", "{'a':['b']}",
]  # fmt: skip
_UPSERTED: dict[str, tuple[UpsertSpec, dict[str, list[str]]]] = {
    "customers": (CUSTOMER, {
        "Source_id": ["CODE", "null", "back\\slash", "", "\u200bX"], "Name": TEXTS, "Phone": TEXTS,
        "Email": ["a@example.com", "not an address", "null", "a@b\\c", 'q"@b'], "Birthdate": [*DATES, "null"],
        "Address_City": TEXTS, "Address_Country": TEXTS, "Region": TEXTS, "Size": NUMBERS, "": ["", "x"],
    }),
    "products": (PRODUCT, {
        "source_id": ["CODE", "null", "back\\slash", ""], "name": TEXTS, "price": [*NUMBERS, "null"],
        "attributes": [
            "size,colour", "size 1,colour 2,cut", '["a","b"]', '["a', "null", "null,a", ",", "a, b", "a ,b", "a,,b",
            " a,b ", "[a]", "it's,7'",
            "a\u00a0,b", "ü,b", "a;b{}", "~,!", "back\\slash,a", "a\nb,c", '"a"', "a]", "[", "x",
        ],
        "image_url": TEXTS, "Region": TEXTS,
        "Size": [*NUMBERS, "null"],
    }),
    "skus": (SKU, {
        "source_id": ["CODE", "null", "back\\slash", ""], "sku": TEXTS, "price": [*NUMBERS, "null"],
        "product_id": ["P1", "P2", " P1 ", "prod_1", "null", "back\\slash", "\u200bP", "p" * 300, "p" * 2_000, 'q"q'],
        "currency": TEXTS, "attributes": _OBJECTS, "image_url": TEXTS, "Region": TEXTS, "Size": [*NUMBERS, "null"],
    }),
}  # fmt: skip


@settings(max_examples=examples(400), deadline=None)
@given(st.data(), st.sampled_from(sorted(_UPSERTED)), st.sampled_from(SCHEMAS), BLOCKS)
def test_a_file_of_what_is_upserted(data: st.DataObject, noun: str, checker: MetadataChecker, block: int) -> None:
    spec, pools = _UPSERTED[noun]
    key, *others = pools
    needed = [field.titles[-1] for field in spec.fields if field.required]
    needed += sorted(checker.required & {*others})
    header = [key, *needed, *data.draw(st.lists(st.sampled_from(sorted({*others} - {*needed})), unique=True))]
    read = read_file(header, rows_of(data.draw, header, pools))
    quick = file_columns(spec, header, checker)
    if quick is None:
        assert not checker.required.issubset(header)
        return
    with blocks_of(block):
        ready, failures, if_there, irregular = quick.sort_out(read)
    careful = {row.number: csv_reader(spec, header, checker)(row) for row in read}
    failed = [*failures, *(failure for _, failure in if_there)]
    others = [*(failure.row for failure in failed), *(row.number for row in irregular)]
    assert sorted([*ready.numbers, *others]) == sorted(careful)
    for failure in failed:
        change = careful[failure.row]
        assert failure.key == change.key
        if change.problems:
            assert failure.reason == "; ".join(change.problems)
        else:
            _assert_refused_whatever_exists(spec, checker, change, failure.reason)
    assert not any(careful[failure.row].problems for _, failure in if_there)
    assert [failure.row for failure in failures] == sorted(failure.row for failure in failures)
    if spec.reference is not None:
        assert [reference for reference, _ in if_there] == [
            careful[failure.row].values[spec.reference.field] for _, failure in if_there
        ]
    for number, code, text in zip(ready.numbers, ready.keys, ready.column_texts, strict=True):
        assert not careful[number].problems
        assert not checker.problems(careful[number].metadata)
        assert careful[number].source_id == code
        pairs = zip(spec.table.columns, text.split("\t"), strict=True)
        assert {name: stored_value(name, part, spec.table.json_columns) for name, part in pairs} == _merged(
            spec, careful[number]
        )
    if spec.reference is not None:
        assert ready.references == [careful[number].values[spec.reference.field] for number in ready.numbers]


_EXISTING: list[dict[str, Any]] = [
    {}, {"Other": 1, "Region": "x"}, {"Region": "a note", "Size": "many"}, {"Size": 5_000, "Opened": "soon"},
    {"Tags": [1], "Place": "91,2", "Link": "shop", "Checked": 1, "Sizes": [9], "Shape": 5, "Opened": 1},
]  # fmt: skip


def _assert_refused_whatever_exists(spec: UpsertSpec, checker: MetadataChecker, change: Change, reason: str) -> None:
    assert change.source_id is not None
    assert all(change.values.get(field.name) is not None for field in spec.fields if field.required)
    for existing in _EXISTING:
        assert checker.problems(existing | change.metadata) == [reason]


def _mostly(usual: list[str], *others: str) -> st.SearchStrategy[str]:
    """As a rule one of the usual texts: with too many others, a column is not read by its form."""
    return st.sampled_from([*usual * (30 * len(others) // len(usual) + 1), *others])


_QUOTED = st.tuples(
    _mostly(["'a'", "'b'", "'ü'", "''", "'A b,c'", "'1'"], '"a"', "a", "'", "'it\\'s'", "'say \"x\"'"),
    _mostly([":", ": "], " :", ""),
    _mostly(["'x'", "''", "1", "0.25", "12", "true", "'{}'"], '"x"', "-1", "1e3", "0.250", "null", "{}", "'x", "[]"),
)
_DOUBLE_QUOTED = st.tuples(
    _mostly(['"a"', '"b"', '""', '"it\'s"'], "'a'", '"a', '"\\u0041"', '"\\\\"'),
    _mostly([":", ": "], " :", ""),
    _mostly(['"x"', '""', "1", "0.25", "false", '"{}"'], "'x'", "null", "9007199254740993", '"a\tb"', "{}"),
)


@settings(max_examples=examples(600), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.lists(_QUOTED, max_size=3), st.lists(_DOUBLE_QUOTED, max_size=3)),
            _mostly([",", ", "], ",,", " , "),
            _mostly(["}"], "", "}}"),
        ),
        min_size=1,
        max_size=3 * MAX_ROWS,
    )
)
def test_objects_in_cells(objects: list[Any]) -> None:
    cells = ["{" + comma.join(map("".join, members)) + end for members, comma, end in objects]
    header = ["source_id", "product_id", "attributes"]
    read = read_file(header, [[f"S{at}", "P", cell] for at, cell in enumerate(cells)])
    quick = file_columns(SKU, header, SCHEMAS[0])
    assert quick is not None
    ready = quick.sort_out(read).ready
    for number, text in zip(ready.numbers, ready.column_texts, strict=True):
        change = csv_reader(SKU, header, SCHEMAS[0])(read[number - 1])
        assert not change.problems
        shown = dict(zip(SKU.table.columns, text.split("\t"), strict=True))["attributes"]
        assert stored_value("attributes", shown, {"attributes"}) == _merged(SKU, change)["attributes"]
        assert None not in change.values.get("attributes", {}).values()


def _merged(spec: UpsertSpec, change: Change) -> dict[str, str]:
    values = {**dict.fromkeys(spec.table.columns), **change.values, "metadata": change.metadata or None}
    return {
        name: NULL if value is None else as_json(value) if name in spec.table.json_columns else copy_text(value)
        for name, value in values.items()
    }
