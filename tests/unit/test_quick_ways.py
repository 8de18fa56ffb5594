"""Columns made ready at once, and rows read one by one: the same vouchers and the same failures, whatever the file."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from json import loads
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tallykeep.core import exact_json
from tallykeep.core import rows as core_rows
from tallykeep.core.batch import Batch, Source
from tallykeep.core.rows import Failure, Row
from tallykeep.db.copy_format import NULL, copy_text
from tallykeep.formats.row_reader import read_rows
from tallykeep.resources.campaigns.import_rows import CampaignVouchers
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields.numerals import Marks
from tallykeep.resources.metadata.checker import MetadataChecker, MetadataSchema
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.by_column.fast_csv import file_columns
from tallykeep.resources.upserts.row_readers import csv_reader
from tallykeep.resources.upserts.spec import Change, UpsertSpec
from tallykeep.resources.vouchers.draft import COLUMNS, DEFAULT, VoucherDraft
from tallykeep.resources.vouchers.importing.csv_rows import CsvVouchers

_JSON = {"discount", "gift", "loyalty_card", "extras", "metadata"}
_NUMBERS = [
    "0", "1", "5.0", "7.50", "12.34", "0.75", "00.5", "1234567.89", "1.250", "1,250", "12,5", "12,50",
    "1.250,00", "15 %", "25 €", "$12.50", "-3", "+4", "1e3", ".5", "5.", "999999999999999", "9007199254740993",
    "123456789012.99", "100", "100.5", "33.3", "12.30", "two", "١٢", "1\u00a0250,00", "12.345",
]  # fmt: skip
_DATES = [
    "2026-01-31", "2026-02-30", "2026-12-31T23:59:59Z", "2026-12-31T23:59:59.999Z", "2026-12-31T24:00:00Z",
    "0000-01-01", "2024-02-29T00:00:00Z", "2026-02-29T00:00:00.000Z", "2026-06-01T12:00:00+02:00", "31.12.2026",
    "01/02/2026", "2026-06-01T12:00", "2026-06-01 12:00:00Z", "2026-W01-1T10:10:10Z", "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-01:00", "2026-13-01T00:00:00Z", "2026-01-01T10:60:00Z", "20260101T000000Z",
    "2025-01-01",
]  # fmt: skip
_TEXTS = [
    "x", "a note", 'say "hi"', "back\\slash", "tab\there", "two\nlines", "a,b;c", "ünïcödé", "null", "NULL",
    " padded ", "\x01", "\x7f", "\u200b", "nul\0", "{}", "#N/A", "'", "1", "true",
]  # fmt: skip
_POOLS: dict[str, list[str]] = {
    "Code": ["CODE", "null", "a b", "back\\slash", "\u200bX", "tab\t", "Ä-1", "x" * 300, "x" * 2_000],
    "Voucher Type": ["DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD", "gift card", "Discount", "FOO", "null"],
    "Discount Type": ["AMOUNT", "PERCENT", "FIXED", "UNIT", "SHIPPING", "%", "FOO", "null"],
    "Discount Effect": ["APPLY_TO_ORDER", "apply to items", "ADD_NEW_ITEMS", "FOO", "null"],
    "Value": [*_NUMBERS, "null"],
    "Active": ["true", "FALSE", "yes", "ja", "maybe", "null"],
    "Category": ["New", "renamed", "\u200bnew", "null"],
    "Validation Rule ID": ["val_1", *_TEXTS],
    "Start Date": [*_DATES, "null"],
    "Expiration Date": [*_DATES, "null"],
    "Redemption Limit": [*_NUMBERS, "null"],
    "Redeemed Quantity": [*_NUMBERS],
    "Redeemed Amount": [*_NUMBERS],
    "Additional Info": _TEXTS,
    "Loyalty Points": [*_NUMBERS, "null"],
    "Gift Amount": [*_NUMBERS, "null"],
    "Region": _TEXTS,
    "Size": [*_NUMBERS, "null", "EUR"],
    "Opened": [*_DATES, "null"],
    "Tags": ["a,b", '["a","b"]', '["a', "null", "x"],
    "Link": ["https://a.example", "http://", "shop/1.png", "null", "https://a.example/far-too-long"],
    "Place": ["1,2", "91,2", "-1.5, 180", "1;2", '{"lat":1}', "null"],
    "Checked": ["true", "no", "1", "perhaps", "null"],
    "Sizes": ["1,2", "[1,8]", "6.5", "[", "x,1", "null"],
    "Shape": ['{"a":1}', '{"b":1}', '{"a":"x","b":2}', "{", '{"a":' * 40 + "1" + "}" * 40, "null"],
    "": ["", "x"],
}
_SCHEMAS = [
    MetadataChecker(None),
    MetadataChecker(
        MetadataSchema(
            {
                "Region": {"type": "string", "min_length": 2, "ne": ["a note"]},
                "Size": {"type": "number", "lt": 1000, "gte": 0},
                "Opened": {"type": "date"},
                "Tags": {"type": "string", "array": True},
                "Shape": {"type": "object"},
            }
        )
    ),
    MetadataChecker(MetadataSchema({"Region": {"type": "string", "optional": False}, "Size": {"type": "number"}})),
    MetadataChecker(MetadataSchema({"Size": {"type": "number", "optional": False}}, allow_defined_only=True)),
    MetadataChecker(MetadataSchema({"Size": {"type": "number"}}, allow_defined_only=True)),
    # Every constraint that there is.
    MetadataChecker(
        MetadataSchema(
            {
                "Elsewhere": {"type": "string", "optional": False},
                "Tags": {"type": "string", "array": True, "optional": False, "max_length": 1},
                "Region": {"type": "string", "optional": False, "eq": ["x", "'", "a note"], "exact_length": 1},
                "Size": {"type": "number", "gt": 1, "lte": 100, "ne": [5]},
                "Opened": {"type": "datetime", "optional": False},
                "Shape": {"type": "object", "object_type": "shape"},
                "Link": {"type": "image_url"},
                "Place": {"type": "geopoint", "optional": False},
                "Checked": {"type": "boolean"},
            },
            allow_defined_only=True,
            nested={"shape": MetadataSchema({"a": {"type": "number", "optional": False}}, allow_defined_only=True)},
        )
    ),
    MetadataChecker(
        MetadataSchema(
            {
                "Region": {"type": "string", "min_length": 1, "max_length": 6},
                "Size": {"type": "number", "eq": [1, 12.5, 5], "lt": 12},
                "Opened": {"type": "date", "optional": False},
                "Checked": {"type": "boolean", "optional": False},
                "Place": {"type": "geopoint"},
                "Sizes": {"type": "number", "array": True, "lt": 7},
            }
        )
    ),
]
_CAMPAIGNS: list[dict[str, Any]] = [
    {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}, "metadata": {"Region": "north"}},
    {"type": "GIFT_VOUCHER", "gift": {"amount": 500, "effect": "APPLY_TO_ORDER"}, "redemption": {"quantity": 3}},
    {"type": "LOYALTY_CARD", "loyalty_card": {"points": 7}, "category": "Old", "additional_info": "say \\ hi"},
]  # fmt: skip
_CATEGORIES = CategoryLabels(by_name={"renamed": "label_1"})
_MAX_ROWS = 12


def _body(header: list[str], rows: list[list[str]]) -> bytes:
    def written(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if re.search(r'[",\n\r]', cell) else cell

    return "".join(",".join(map(written, cells)) + "\n" for cells in rows).encode()


@st.composite
def files(draw: st.DrawFn, pools: Mapping[str, list[str]] = _POOLS) -> tuple[list[str], list[list[str]]]:
    """Files of some columns, of which each is mostly of one sort of cell: ordinary, repeated, blank or irregular.

    In some of them every cell of any row may be wrong, in others all rows are, or lack cells, or have too many.
    """
    titles = draw(st.lists(st.sampled_from(sorted(pools.keys() - {"Code"})), unique=True, max_size=10))
    header = [*titles, "Code"] if draw(st.booleans()) else ["Code", *titles]
    if draw(st.integers(0, 9)) == 0:
        header = titles or ["Value"]
    rows = _rows(draw, header, pools)
    return header, [draw(_misfits(cells)) for cells in rows] if draw(st.integers(0, 4)) == 0 else rows


def _rows(draw: Any, header: list[str], pools: Mapping[str, list[str]]) -> list[list[str]]:
    rows, one_in = draw(st.integers(1, _MAX_ROWS)), draw(st.sampled_from([1, 2, 5, 5]))
    columns = [_column(draw, title, rows, one_in, pools) for title in header]
    return list(map(list, zip(*columns, strict=True)))


def _column(draw: Any, title: str, rows: int, one_in: int, pools: Mapping[str, list[str]]) -> list[str]:
    usual = draw(st.sampled_from([*pools[title], ""]))
    cell = st.sampled_from([*pools[title], "", " "])
    cells = [draw(cell) if draw(st.integers(1, one_in)) == 1 else usual for _ in range(rows)]
    return [f"{text}{at}" if text == "CODE" else text for at, text in enumerate(cells)]


def _misfits(cells: list[str]) -> st.SearchStrategy[list[str]]:
    """The row as it is, without some of its last cells, or with further ones."""
    return st.sampled_from([cells, cells, cells[:-1] or cells, cells[: len(cells) // 2] or cells, [*cells, " "],
                            [*cells, "x"]])  # fmt: skip


@contextmanager
def _blocks_of(cells: int) -> Iterator[None]:
    """Read so many cells at a time: few, and rows are the first or the last of their block."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(core_rows, "_BLOCK_CELLS", cells)
        yield


BLOCKS = st.sampled_from([1, 12, 40, 8_000])


def _read(header: list[str], rows: list[list[str]]) -> Sequence[Row]:
    body = _body(header, rows)
    return read_rows(Batch(1, len(rows), body), Source("csv", header=header, delimiter=","))


def _outcome(drafts: Sequence[VoucherDraft], failures: Sequence[Failure]) -> tuple[list[Any], list[Any]]:
    shown = [(draft.row, draft.code, draft.type, _values(draft), sorted(draft.cleared)) for draft in drafts]
    return sorted(shown, key=repr), sorted((failure.row, failure.key, failure.reason) for failure in failures)


def _values(draft: VoucherDraft) -> dict[str, str]:
    return {name: _value(name, text) for name, text in zip(COLUMNS, draft.fields, strict=True)}


def _value(name: str, text: str, json_columns: Collection[str] = _JSON) -> str:
    """What PostgreSQL would hold, as far as two texts of one value may differ: the order of an object's members."""
    if text in (NULL, DEFAULT) or name not in json_columns:
        return text
    unescaped = re.sub(r"\\([\\tnr])", lambda match: {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}[match[1]], text)
    return repr(_sorted(loads(unescaped, parse_float=Decimal)))


def _as_json(value: Any) -> str:
    return repr(_sorted(loads(exact_json.dumps(value), parse_float=Decimal)))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((name, _sorted(part)) for name, part in value.items())
    return list(map(_sorted, value)) if isinstance(value, list) else value


@settings(max_examples=400, deadline=None)
@given(files(), st.sampled_from(_SCHEMAS), st.booleans(), st.sampled_from([{}, {"Value": ",", "Size": ","}]), BLOCKS)
@example((["Code", "Voucher Type", "Value"], [["A", "GIFT_VOUCHER", "1,50"]]), _SCHEMAS[0], False, {}, 8_000)
def test_a_file_of_vouchers(
    file: tuple[list[str], list[list[str]]], checker: MetadataChecker, last_day_counts: bool, marks: Marks, block: int
) -> None:
    header, rows = file

    def cleaner() -> CsvVouchers:
        return CsvVouchers(header, checker, _CATEGORIES, marks=marks, last_day_counts=last_day_counts)

    with _blocks_of(block):
        quick = cleaner().clean(_read(header, rows))
    careful = cleaner().clean_each(list(_read(header, rows)))
    assert _outcome(*quick) == _outcome(*careful)
    assert [failure.row for failure in quick[1]] == sorted(failure.row for failure in quick[1])


@settings(max_examples=400, deadline=None)
@given(files(), st.sampled_from(_SCHEMAS), st.booleans(), st.sampled_from(_CAMPAIGNS), BLOCKS)
def test_a_file_of_a_campaigns_vouchers(
    file: tuple[list[str], list[list[str]]],
    checker: MetadataChecker,
    last_day_counts: bool,
    voucher: dict[str, Any],
    block: int,
) -> None:
    header, rows = file
    source = Source("csv", header=header, delimiter=",", last_day_counts=last_day_counts)
    campaign = {
        "id": "camp_1", "active": True, "settings": {}, "voucher": voucher,
        "start_date": datetime(2026, 3, 1, tzinfo=UTC), "expiration_date": None,
    }  # fmt: skip
    quick, careful = (CampaignVouchers(source, campaign, checker, _CATEGORIES) for _ in range(2))
    with _blocks_of(block):
        made = quick.clean(_read(header, rows))
    assert _outcome(*made) == _outcome(*careful.clean_each(list(_read(header, rows))))


_ORDINARY = {
    "Code": "C", "Voucher Type": "GIFT_VOUCHER", "Value": "1.25", "Category": "New",
    "Start Date": "2026-01-01T00:00:00Z", "Expiration Date": "2027-01-01", "Redemption Limit": "3",
    "Additional Info": "a note", "Validation Rule ID": "val_1", "Region": "north", "Size": "4",
}  # fmt: skip


@pytest.mark.parametrize("title", _ORDINARY)
@pytest.mark.parametrize(
    "checker", [*_SCHEMAS[:3], _SCHEMAS[4]], ids=["no schema", "a schema", "one with a required key", "a closed one"]
)
def test_any_cell_in_an_ordinary_file(title: str, checker: MetadataChecker) -> None:
    ordinary = _ORDINARY if checker is not _SCHEMAS[4] else {**_ORDINARY, "Region": ""}
    header = list(ordinary)
    for cell in {*_POOLS[title], *_TEXTS}:
        rows = [list((ordinary | {"Code": f"C{at}"} | ({title: cell} if at == 1 else {})).values()) for at in range(9)]
        quick = CsvVouchers(header, checker, _CATEGORIES).clean(_read(header, rows))
        careful = CsvVouchers(header, checker, _CATEGORIES).clean_each(list(_read(header, rows)))
        assert _outcome(*quick) == _outcome(*careful)
        assert len(quick[0]) >= len(rows) - 1


_OBJECTS = [
    "{'size':'XS'}", "{'size':'M', 'n': 1.5}", '{"size":"L"}', '{"it\'s":"L"}', "{}", "{'size':null}", "{'size'",
    "null", "[1]", "{'size':'5\"'}", "{'n':1.50}", "{'n':-1}", "{'a':'b','a':'c'}", "{'a':true}", "{'a':{'b':1}}",
    "{'a':'\\\\'}", "{'n':12345678901234567890}", "{'a':'b\\'c'}", "{'ä':'ünï'}", "{'a':'nul\0'}", "{'a':'\t'}",
    '{"a":"b\nc"}', "{,}", "{'':''}", "{'a':1}{'b':2}", "{'a':\"b\"}", "{ 'a': 'b' }", "{'a':['b']}",
]  # fmt: skip
_UPSERTED: dict[str, tuple[UpsertSpec, dict[str, list[str]]]] = {
    "customers": (CUSTOMER, {
        "Source_id": ["CODE", "null", "back\\slash", "", "\u200bX"], "Name": _TEXTS, "Phone": _TEXTS,
        "Email": ["a@example.com", "not an address", "null", "a@b\\c", 'q"@b'], "Birthdate": [*_DATES, "null"],
        "Address_City": _TEXTS, "Address_Country": _TEXTS, "Region": _TEXTS, "Size": _NUMBERS, "": ["", "x"],
    }),
    "products": (PRODUCT, {
        "source_id": ["CODE", "null", "back\\slash", ""], "name": _TEXTS, "price": [*_NUMBERS, "null"],
        "attributes": [
            "size,colour", "size 1,colour 2,cut", '["a","b"]', '["a', "null", "null,a", ",", "a, b", "a ,b", "a,,b",
            " a,b ", "[a]", "it's,7'",
            "a\u00a0,b", "ü,b", "a;b{}", "~,!", "back\\slash,a", "a\nb,c", '"a"', "a]", "[", "x",
        ],
        "image_url": _TEXTS, "Region": _TEXTS,
        "Size": [*_NUMBERS, "null"],
    }),
    "skus": (SKU, {
        "source_id": ["CODE", "null", "back\\slash", ""], "sku": _TEXTS, "price": [*_NUMBERS, "null"],
        "product_id": ["P1", "P2", " P1 ", "prod_1", "null", "back\\slash", "\u200bP", "p" * 300, "p" * 2_000, 'q"q'],
        "currency": _TEXTS, "attributes": _OBJECTS, "image_url": _TEXTS, "Region": _TEXTS, "Size": [*_NUMBERS, "null"],
    }),
}  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.data(), st.sampled_from(sorted(_UPSERTED)), st.sampled_from(_SCHEMAS), BLOCKS)
def test_a_file_of_what_is_upserted(data: st.DataObject, noun: str, checker: MetadataChecker, block: int) -> None:
    spec, pools = _UPSERTED[noun]
    key, *others = pools
    needed = [field.titles[-1] for field in spec.fields if field.required]
    needed += sorted(checker.required & {*others})
    header = [key, *needed, *data.draw(st.lists(st.sampled_from(sorted({*others} - {*needed})), unique=True))]
    read = _read(header, _rows(data.draw, header, pools))
    quick = file_columns(spec, header, checker)
    if quick is None:
        assert not checker.required.issubset(header)
        return
    with _blocks_of(block):
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
        assert {name: _value(name, part, spec.table.json_columns) for name, part in pairs} == _merged(
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


@settings(max_examples=600, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.lists(_QUOTED, max_size=3), st.lists(_DOUBLE_QUOTED, max_size=3)),
            _mostly([",", ", "], ",,", " , "),
            _mostly(["}"], "", "}}"),
        ),
        min_size=1,
        max_size=3 * _MAX_ROWS,
    )
)
def test_objects_in_cells(objects: list[Any]) -> None:
    cells = ["{" + comma.join(map("".join, members)) + end for members, comma, end in objects]
    header = ["source_id", "product_id", "attributes"]
    read = _read(header, [[f"S{at}", "P", cell] for at, cell in enumerate(cells)])
    quick = file_columns(SKU, header, _SCHEMAS[0])
    assert quick is not None
    ready = quick.sort_out(read).ready
    for number, text in zip(ready.numbers, ready.column_texts, strict=True):
        change = csv_reader(SKU, header, _SCHEMAS[0])(read[number - 1])
        assert not change.problems
        shown = dict(zip(SKU.table.columns, text.split("\t"), strict=True))["attributes"]
        assert _value("attributes", shown, {"attributes"}) == _merged(SKU, change)["attributes"]
        assert None not in change.values.get("attributes", {}).values()


def _merged(spec: UpsertSpec, change: Change) -> dict[str, str]:
    values = {**dict.fromkeys(spec.table.columns), **change.values, "metadata": change.metadata or None}
    return {
        name: NULL if value is None else _as_json(value) if name in spec.table.json_columns else copy_text(value)
        for name, value in values.items()
    }


@pytest.mark.parametrize("rows", [1, 2, 700, 3_000])
def test_cells_that_are_irregular_stand_where_they_stood(rows: int) -> None:
    header = ["Code", "Voucher Type", "Value", "Start Date", "Size"]
    irregular = range(0, rows, 17)
    cells = [
        ["GIFT_VOUCHER", f"{at + 1}.25", f"2026-01-01T00:{at // 60 % 60:02}:{at % 60:02}Z", str(at % 900)]
        for at in range(rows)
    ]
    for at in irregular:
        number = _NUMBERS[at % len(_NUMBERS)]
        cells[at][1:] = [number, _DATES[at % len(_DATES)], number]
    cells = [[f"C{at}", *row] for at, row in enumerate(cells)]
    for checker in _SCHEMAS[:2]:
        quick = CsvVouchers(header, checker, _CATEGORIES).clean(_read(header, cells))
        careful = CsvVouchers(header, checker, _CATEGORIES).clean_each(list(_read(header, cells)))
        assert _outcome(*quick) == _outcome(*careful)
        assert len(quick[0]) >= rows - len(irregular) - rows // 4
