"""JSON vouchers cleaned by columns come out exactly as they do row by row, whatever stands in them."""

import json
import re
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from tallykeep.core import exact_json
from tallykeep.core.batch import Batch, Source
from tallykeep.core.rows import Failure
from tallykeep.formats.json.elements import ELEMENT_SEPARATOR
from tallykeep.formats.json.typed_rows import TypedRows
from tallykeep.formats.json.unread_rows import UnreadRows
from tallykeep.formats.row_reader import read_rows
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields.json_columns import Objects
from tallykeep.resources.metadata.checker import MetadataChecker, MetadataSchema
from tallykeep.resources.metadata.schemas import clean_properties
from tallykeep.resources.metadata.typed_objects import typed_metadata
from tallykeep.resources.vouchers.draft import COLUMNS, VoucherDraft
from tallykeep.resources.vouchers.importing import json_rows
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers
from tests.sizes import examples
from tests.unit.json_vouchers import BODIES, DEFINED, METADATA

JSON_COLUMNS = {"discount", "gift", "loyalty_card", "extras", "metadata"}
LABELS = CategoryLabels(by_name={"New": "label_1"}, by_id={"cat_1": "label_1", "cat_2": "label_2"})
ANYTHING = MetadataChecker(None)
SCHEMA = MetadataChecker(
    MetadataSchema(clean_properties({"n": {"type": "number", "lt": 100}, "s": {"type": "string", "optional": False}}))
)
# Every type and every constraint that there is, and none of another key.
_EVERY: dict[str, Any] = {
    "n": {"type": "number", "gt": 1, "lte": 100, "ne": [5]},
    "s": {"type": "string", "min_length": 2, "max_length": 8, "ne": ["abc"]},
    "d": {"type": "date", "optional": False},
    "t": {"type": "datetime"},
    "u": {"type": "image_url"},
    "p": {"type": "geopoint"},
    "b": {"type": "boolean"},
    "l": {"type": "number", "array": True, "lt": 2},
    "o": {"type": "object", "object_type": "inner"},
}
_INNER = {"inner": MetadataSchema(clean_properties({"n": {"type": "number", "optional": False}}))}
SCHEMAS = [
    SCHEMA,
    MetadataChecker(MetadataSchema(clean_properties(_EVERY), allow_defined_only=True, nested=_INNER)),
    MetadataChecker(MetadataSchema(clean_properties(_EVERY | {"d": {"type": "date"}}), nested=_INNER)),
    MetadataChecker(
        MetadataSchema(
            clean_properties(
                {
                    "n": {"type": "number", "eq": [1, 5, 1.5], "optional": False},
                    "s": {"type": "string", "eq": ["A", "ü"]},
                }
            )
        )
    ),
    MetadataChecker(
        MetadataSchema(
            clean_properties(
                {
                    "n": {"type": "number", "gte": 1, "lt": 100},
                    "s": {"type": "string", "exact_length": 1},
                    "t": {"type": "datetime", "optional": False},
                    "u": {"type": "image_url", "optional": False},
                    "p": {"type": "geopoint", "optional": False},
                    "b": {"type": "boolean", "optional": False},
                }
            )
        )
    ),
    MetadataChecker(MetadataSchema(clean_properties({"b": {"type": "boolean"}, 'q"': {"type": "string"}}))),
    MetadataChecker(MetadataSchema({}, allow_defined_only=True)),
]
UNESCAPED = {r"\\": "\\", r"\t": "\t", r"\n": "\n", r"\r": "\r"}


def unescaped(text: str) -> str:
    return re.sub(r"\\[\\tnr]", lambda match: UNESCAPED[match[0]], text)


def digits(text: str) -> Any:
    number = Decimal(text)
    return ("number", *(number or number.copy_abs()).as_tuple())


def as_stored(draft: VoucherDraft) -> dict[str, Any]:
    """Return the draft as PostgreSQL has it: of JSON, what it says and the digits of its numbers."""
    fields = {
        name: json.loads(unescaped(text), parse_int=digits, parse_float=digits)
        if name in JSON_COLUMNS and text[0] == "{"
        else text
        for name, text in zip(COLUMNS, draft.fields, strict=True)
    }
    return {"row": draft.row, "code": draft.code, "type": draft.type, "cleared": draft.cleared, **fields}


def outcome(cleaner: JsonVouchers, rows: Any) -> tuple[list[dict[str, Any]], list[Failure]]:
    drafts, failures = cleaner.clean(rows)
    return list(map(as_stored, drafts)), failures


def cleaners() -> list[JsonVouchers]:
    return [
        JsonVouchers(ANYTHING, LABELS),
        JsonVouchers(SCHEMA, LABELS, last_day_counts=True),
        JsonVouchers(ANYTHING, LABELS, "camp_\\1"),
        *(JsonVouchers(schema, LABELS) for schema in SCHEMAS[1:]),
    ]


def assert_same(batch: Batch, source: Source) -> None:
    for cleaner in cleaners():
        quick = outcome(cleaner, read_rows(batch, source))
        carefully = [outcome(cleaner, [row]) for row in read_rows(batch, source)]
        drafts = [draft for drafts, _ in carefully for draft in drafts]
        assert quick == (drafts, [failure for _, failures in carefully for failure in failures])
        assert outcome(cleaner, list(read_rows(batch, source))) == quick


@pytest.fixture(autouse=True, scope="module")
def _all_rows_by_columns() -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_rows, "_FEW", 2)
        yield


@settings(max_examples=examples(150))
@given(st.lists(BODIES, min_size=2, max_size=8))
def test_elements_come_out_as_they_do_one_by_one(elements: list[bytes]) -> None:
    assert_same(Batch(5, len(elements), ELEMENT_SEPARATOR.join(elements)), Source("json"))


@settings(max_examples=examples(60))
@given(st.lists(BODIES.filter(lambda body: b"\n" not in body), min_size=2, max_size=8))
def test_lines_come_out_as_they_do_one_by_one(lines: list[bytes]) -> None:
    assert_same(Batch(5, len(lines), b"\n".join(lines)), Source("ndjson"))


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(DEFINED | METADATA, min_size=1, max_size=8), st.sampled_from(SCHEMAS))
def test_what_a_schema_takes_is_the_same_by_type_and_one_by_one(objects: list[str], checker: MetadataChecker) -> None:
    raws = [Raw(text.encode("utf-8", "surrogatepass")) for text in objects if "\\ud" not in text]

    def check(value: dict[str, Any]) -> bool:
        return not checker.problems(value)

    if raws:
        by_type = Objects(checker.takes, typed_metadata(checker)).read(raws)
        assert list(by_type) == list(Objects(check).read(raws))
        assert [text is not None for text in by_type] == [_is_taken(check, raw) for raw in raws]


def _is_taken(check: Any, raw: Raw) -> bool:
    try:
        value = exact_json.loads(bytes(raw))
    except exact_json.DecodeError:
        return False
    return isinstance(value, dict) and check(value)


USUAL = [
    b'{"code":"A%d","type":"GIFT_VOUCHER","gift":{"amount":%d,"effect":"APPLY_TO_ORDER"},"active":false,"category":"New"}',
    b'{"code":"B%d","type":"LOYALTY_CARD","loyalty_card":{"points":%d},"start_date":"2026-01-01T10:00:00Z"}',
    b'{"code":"C%d","type":"DISCOUNT_VOUCHER","discount":{"type":"PERCENT","percent_off":1.5},"redemption":{"quantity":%d}}',
    b'{"code":"D%d","discount":{"type":"UNIT","unit_off":1,"unit_type":"x"},"metadata":{"card":"4111111111111111","n":%d}}',
    b'{"code":"E%d","gift":{"amount":1},"additional_info":"\\t\\"c\\"\\\\","metadata":{"a":[{"b":%d}],"c":"\\\\ \\n"}}',
    b'{"code":"F%d","gift":{"amount":%d},"id":"v_1","validity_day_of_week":[1],"publish":{"entries":[]},"object":null}',
    b'{"code":"G%d","gift":{"amount":5},"expiration_date":"2026-01-01","metadata":{"price":1.%d0,"big":1e2}}',
]


@pytest.mark.parametrize("form", range(len(USUAL)))
def test_what_is_usual_does_not_take_the_careful_way(form: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JsonVouchers, "_clean_row", None)
    elements = [USUAL[form] % (number, number) for number in range(1, 501)]
    rows = read_rows(Batch(1, 500, ELEMENT_SEPARATOR.join(elements)), Source("json"))
    drafts, failures = JsonVouchers(ANYTHING, LABELS).clean(rows)
    assert ([draft.row for draft in drafts], failures) == (list(range(1, 501)), [])


UNUSUAL = [
    b'{"code":"Z","gift":{"amount":1},"metadata":{"price":1.10}}',
    b'{"code":"Z","gift":{"amount":1},"metadata":{"big":1e2,"long":0.12345678901234567}}',
    b'{"code":"Z","gift":{"amount":1},"metadata":{"a":1e400}}',
    b'{"code":"Z","gift":{"amount":1},"metadata":1e400,"metadata":{}}',
    b'{"code":"Z","gift":{"amount":1},"metadata":{"a":"\xff"},"metadata":{}}',
    b'{"code":"Z","gift":{"amount":1},"unknown":1e400}',
    b'{"code":"Z","gift":{"amount":1},"unknown":"\xff"}',
    b'{"code":"Z","gift":{"amount":1},"metadata":{"a":"\\u0000"}}',
    b'{"code":"Z","gift":{"amount":1},"additional_info":"\\u0000"}',
    b'{"code":"Z","gift":{"amount":1},"metadata":' + b'{"a":' * 33 + b"1" + b"}" * 34,
    b'{"code":"Z","gift":{"amount":1},"metadata":[1]}',
    b'{"code":"Z","gift":{"amount":1},"metadata":{"a":\t1,\n"b":"\\\\t"}}',
    b'{"code":"Z","gift":{"amount":5,"subtracted_amount":2,"balance":4}}',
    b'{"code":"Z","gift":{"amount":5,"subtracted_amount":2,"balance":3}}',
    b'{"code":"Z","type":"DISCOUNT_VOUCHER","gift":{"amount":1e400},"discount":{"type":"AMOUNT","amount_off":1}}',
    b'{"code":"Z","discount":{"type":"UNIT","unit_off":1,"unit_type":"x","effect":"ADD_MANY_ITEMS","units":[5]}}',
    b'{"code":"Z","discount":{"type":"PERCENT","percent_off":100.00000000000000001}}',
    b'{"code":"Z","gift":{"amount":1},"start_date":"2026-01-02","expiration_date":"2026-01-01T10:00:00Z"}',
    b'{"code":"Z","gift":{"amount":1},"start_date":"2026-02-29T10:00:00Z"}',
    b'{"code":"Z\\\\","gift":{"amount":1}}',
    *(b'{"code":"Z","gift":{"amount":1},"additional_info":' + b"[" * depth + b"]" * depth + b"}" for depth in
      (40, 300, 600, 1_030)),
    b'{"code":"Z","gift":{"amount":1},"active":"yes","metadata":' + b'{"a":' * 600 + b"1" + b"}" * 601,
    b'{"code":"Z","gift":{"amount":1},"active":-0,"redemption":{"quantity":-0.0}}',
]  # fmt: skip


@pytest.mark.parametrize("unusual", UNUSUAL)
def test_an_unusual_row_among_usual_ones_comes_out_as_it_does_alone(unusual: bytes) -> None:
    assert b"1e2" in USUAL[6]  # which makes all others unusual, too
    elements = [USUAL[number % 6] % (number, number) for number in range(1, 40)]
    elements[20:20] = [unusual]
    assert_same(Batch(1, len(elements), ELEMENT_SEPARATOR.join(elements)), Source("json"))


def test_one_careful_row_leaves_the_others_to_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    careful = JsonVouchers._clean_row

    def noted(self: JsonVouchers, row: int, raw: Any) -> Any:
        seen.append(row)
        return careful(self, row, raw)

    monkeypatch.setattr(JsonVouchers, "_clean_row", noted)
    elements = [USUAL[number % len(USUAL)] % (number, number) for number in range(1, 501)]
    elements[99] = b'{"code":"Z","gift":{"amount":"ten"}}'
    drafts, failures = JsonVouchers(ANYTHING, LABELS).clean(
        read_rows(Batch(1, 500, ELEMENT_SEPARATOR.join(elements)), Source("json"))
    )
    assert seen == [failure.row for failure in failures] == [100]
    assert len(drafts) == 499


MISTYPED = [
    (b'"code":5', "code: must be a string (actual value is '5')"),
    (b'"active":"perhaps"', "active: must be true or false (actual value is 'perhaps')"),
    (b'"active":-0', "active: must be true or false (actual value is '0')"),
    (b'"category":[1.5]', "category: must be a string (actual value is '[1.5]')"),
    (b'"start_date":{"on":"monday"}', "start_date: must be a date like 2022-09-26 or 2022-09-26T13:00:00Z"
     """ (actual value is '{"on":"monday"}')"""),
    (b'"redemption":{"quantity":"many"}', "redemption.quantity: must be a number (actual value is 'many')"),
    (b'"redemption":{"quantity":-1}', "redemption.quantity: must be between 0 and 9007199254740991"
     " (actual value is '-1')"),
    (b'"redemption":5', "redemption: must be an object (actual value is '5')"),
    (b'"additional_info":{"desk":[1]}', """additional_info: must be a string (actual value is '{"desk":[1]}')"""),
]  # fmt: skip


@pytest.mark.parametrize("source", ["json", "ndjson"])
def test_values_of_other_types_leave_the_others_of_their_run_to_their_columns(
    source: Literal["json", "ndjson"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TypedRows, "_read_kept", None)
    if source == "json":
        monkeypatch.setattr(UnreadRows, "elements", None)  # nothing is split off, either
    elements = [USUAL[number % 4] % (number, number) for number in range(1, 501)]
    for at, (wrong, _) in enumerate(MISTYPED):
        elements[40 * at] = b'{"code":"W","gift":{"amount":1},' + wrong + b"}"
    body = (ELEMENT_SEPARATOR if source == "json" else b"\n").join(elements)
    drafts, failures = JsonVouchers(ANYTHING, LABELS).clean(read_rows(Batch(1, 500, body), Source(source)))
    assert [(failure.row, failure.reason) for failure in failures] == [
        (1 + 40 * at, reason) for at, (_, reason) in enumerate(MISTYPED)
    ]
    assert len(drafts) == 500 - len(MISTYPED)


def test_rows_that_reading_and_splitting_count_otherwise_fail() -> None:
    batch = Batch(1, 3, b'{"code":"A","gift":{"amount":1}},\n{"code":"B","gift":{"amount":1}}')
    for rows in (read_rows(batch, Source("json")), read_rows(batch, Source("ndjson"))):
        drafts, failures = JsonVouchers(ANYTHING, LABELS).clean(rows)
        assert (len(drafts), {failure.reason for failure in failures}) == (
            0, {"Internal error: 3 rows were read as 2"}
        )  # fmt: skip
        assert len(failures) == 3


def test_lines_that_make_one_element_together_are_no_rows() -> None:
    lines = [b'{"code":"A","metadata":[{}', b'{}],"gift":{"amount":1}}', b'{"code":"B","gift":{"amount":1}},{}']
    _, failures = JsonVouchers(ANYTHING, LABELS).clean(read_rows(Batch(1, 3, b"\n".join(lines)), Source("ndjson")))
    assert [failure.reason[:19] for failure in failures] == ["the row is not JSON"] * 3


def test_rows_are_read_one_by_one_in_parts_and_all_at_once_alike() -> None:
    elements = [USUAL[number % len(USUAL)] % (number, number) for number in range(1, 60)]
    batch = Batch(1, len(elements), ELEMENT_SEPARATOR.join(elements))
    expected = list(read_rows(batch, Source("json")))
    rows = read_rows(batch, Source("json"))
    assert [rows[-1], *rows[3:7], *rows[:3][1:]] == [expected[-1], *expected[3:7], *expected[1:3]]
    assert (list(rows), rows[5], list(rows[:2])) == (expected, expected[5], expected[:2])
