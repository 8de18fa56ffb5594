"""Everything that reads what somebody sent takes time in proportion to its size, whatever it holds."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import tallykeep
from tallykeep.api.requests.multipart import FileForm
from tallykeep.api.requests.submission_options import read_submission_options
from tallykeep.catalog.row_types import ROW_TYPES
from tallykeep.core import exact_json
from tallykeep.core.rows import Row
from tallykeep.engine.intake.open_upload import Splitter
from tallykeep.formats.charset import Transcoder
from tallykeep.formats.csv.header import HeaderHints
from tallykeep.formats.csv.records import is_blank
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.json.array_splitter import JsonSplitter
from tallykeep.formats.json.ndjson_splitter import LinesSplitter
from tallykeep.formats.row_reader import raw_rows, read_rows, split_rows
from tallykeep.preview.problems import ProblemLocator
from tallykeep.preview.recognition import SeenColumn, candidates
from tallykeep.resources.campaigns.list_spec import CAMPAIGNS
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields.code_rules import code_rule
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.resources.metadata.cell_types import typed, typed_array
from tallykeep.resources.metadata.checker import STANDARD_TYPES, MetadataChecker, MetadataSchema
from tallykeep.resources.metadata.schemas import clean_properties
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.row_readers import Reader, json_reader
from tallykeep.resources.vouchers.fields import IN_FILES
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers
from tests.growth import grows_too_fast

UNITS = (
    "(", "[", "{", "[]", "{}", '"', "'", '""', "\\'", '\\"', "\\", ",", '","', "', '", '["', '{"a":', ";", "; ",
    "a: ; ",
    " ", "\t", "\xa0", "\n", "\r\n", "_", "-", "+", ".", "1", "0", "1.", "1,000", "1e9", "e", "#", "%", "€", "/", ":",
    "@", "a@b.", "=", "&", "a", "ab ", "Id-", "no", "\u0301\u0316", "\u200b", "\u200d", "😀\u200d", "İ", "ß", "\x00",
    "(actual value is '", "\udc80",
)  # fmt: skip
AROUND = ("{}", "['{}!")
SIZE = 10_000
# They make a pattern of a text that is always one of ours.
OF_OUR_OWN = ("tallykeep.resources.fields.spreadsheet_spellings._pattern",)

Made = Callable[[int], str]


def texts() -> Iterator[tuple[str, Made]]:
    """Ways to make a text of some size, each with its name."""
    for unit in UNITS:
        for around in AROUND:
            yield around.format(unit), _maker(unit, around)


def _maker(unit: str, around: str) -> Made:
    before, after = around.split("{}")
    return lambda size: before + unit * (size // len(unit)) + after


def slow(run: Callable[[Any], object], made: Callable[[str], Any] = str, size: int = SIZE) -> dict[str, str]:
    """What this takes too long for, of all the texts."""
    faults = {}
    for name, make in texts():
        if fault := grows_too_fast(run, lambda length, make=make: made(make(length)), size):
            faults[name] = fault
    return faults


def readers() -> Iterator[tuple[str, Callable[[str], object]]]:
    """All functions of the layers that see what came, and take a text, some bytes or anything alone."""
    for package in ("core", "formats", "tenants", "resources", "engine", "catalog", "preview", "api", "dashboard"):
        for module in pkgutil.walk_packages([f"{tallykeep.__path__[0]}/{package}"], f"tallykeep.{package}."):
            for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
                is_ours = function.__module__ == module.name and f"{module.name}.{name}" not in OF_OUR_OWN
                if is_ours and not inspect.iscoroutinefunction(function):
                    annotation = _annotation_of(function)
                    if annotation in ("str", "bytes", "Any"):
                        yield f"{module.name}.{name}", _called(function, as_bytes=annotation == "bytes")


def _annotation_of(function: Callable[..., object]) -> str | None:
    wanted = [each for each in inspect.signature(function).parameters.values() if each.default is each.empty]
    if len(wanted) != 1 or wanted[0].kind is not wanted[0].POSITIONAL_OR_KEYWORD:
        return None
    return getattr(wanted[0].annotation, "__name__", None)


def _called(function: Callable[..., object], *, as_bytes: bool) -> Callable[[str], object]:
    def run(text: str) -> object:
        made = function(text.encode("utf-8", "surrogatepass") if as_bytes else text)
        return list(made) if inspect.isgenerator(made) else made

    return run


def test_every_function_that_takes_a_text_is_linear_in_it() -> None:
    functions = dict(readers())
    assert len(functions) > 80
    assert {name: faults for name, run in functions.items() if (faults := slow(run, size=4_000))} == {}


def cleaners() -> Iterator[tuple[str, Callable[[str], object]]]:
    for column in IN_FILES:
        yield f"vouchers.{column.title}", column.clean_cell
    for spec in (CUSTOMER, PRODUCT, SKU, ORDER):
        for field in spec.fields:
            yield f"{spec.noun}.{field.name} in a file", field.clean_cell
            yield f"{spec.noun}.{field.name}", field.clean
            if field.is_plain:
                yield f"{spec.noun}.{field.name} plain", field.is_plain
    for name in STANDARD_TYPES:
        yield f"metadata {name}", lambda text, name=name: typed(name, text)
        yield f"metadata list of {name}", lambda text, name=name: typed_array(name, text)
        checker = MetadataChecker(MetadataSchema({"a": {"type": name, "optional": False}}, allow_defined_only=True))
        yield f"schema {name}", lambda text, checker=checker: checker.problems({"a": text, text: 1})
    # Of the conditions that are read alike, one.
    conditions = {
        condition.read: f"filters[{name}][conditions][{condition_name}]"
        for name, field in CAMPAIGNS.fields.items() for condition_name, condition in field.conditions.items()
    }  # fmt: skip
    for query in conditions.values():
        yield query, lambda text, query=query: read_selection(CAMPAIGNS, [(query, text)])


def test_every_field_is_cleaned_in_linear_time() -> None:
    assert {name: faults for name, clean in cleaners() if (faults := slow(clean, size=4_000))} == {}


VOUCHER = {
    "code": "A", "type": "DISCOUNT_VOUCHER", "category": "c", "category_id": "c", "start_date": "2026-01-01",
    "expiration_date": "2026-01-01", "active": True, "additional_info": "x", "metadata": {"a": "b"},
    "redemption": {"quantity": 1}, "discount": {
        "type": "UNIT", "effect": "ADD_MANY_ITEMS", "units": [{"unit_off": 1, "unit_type": "a", "effect": "x"}],
    },
    "validity_timeframe": {"interval": "P1D", "duration": "P1D"}, "validity_day_of_week": [1],
    "validity_hours": {"daily": [{"days_of_week": [1], "start_time": "10:00"}]}, "validation_rules": ["a"],
}  # fmt: skip
PERSON = {
    "source_id": "a", "id": "b", "name": "n", "email": "e@x", "phone": "1", "birthdate": "2000-01-01",
    "address": {"line_1": "x", "city": "y"}, "metadata": {"a": "b"},
}  # fmt: skip
ORDERED = {
    "source_id": "a", "status": "PAID", "amount": 1, "customer": {"source_id": "a", "name": "b"}, "referrer_id": "x",
    "items": [{"source_id": "a", "related_object": "sku", "quantity": 1, "product": {"name": "p", "metadata": {}},
               "sku": {"sku": "s", "price": 1}}], "metadata": {"a": ["b"]},
}  # fmt: skip
GOODS = {"source_id": "a", "name": "n", "price": 1, "attributes": ["a", "b"], "image_url": "x", "metadata": {"a": {}}}
DEFINED = {"a": {"type": "string", "eq": ["a"], "object_type": "x"}, "b": {"type": "number", "ne": [1], "lt": 5}}


def bodies() -> Iterator[tuple[str, Any, Callable[[Any], object]]]:
    """JSON bodies, and what reads each."""
    strict = MetadataChecker(MetadataSchema({"a": {"type": "string", "eq": ["x"]}}, allow_defined_only=True))
    for checker in (MetadataChecker(None), strict):
        yield "voucher", VOUCHER, partial(_cleaned, JsonVouchers(checker, CategoryLabels()))
    for spec, body in ((CUSTOMER, PERSON), (ORDER, ORDERED), (PRODUCT, GOODS), (SKU, GOODS)):
        yield spec.noun, body, partial(_read, json_reader(spec))
    yield "schema", DEFINED, clean_properties
    yield "code_config", {"length": 8, "charset": "ab", "pattern": "#", "prefix": "p", "postfix": "q"}, code_rule


def _cleaned(vouchers: JsonVouchers, row: Any) -> None:
    vouchers.clean([Row(1, row)])


def _read(read: Reader, row: Any) -> None:
    read(Row(1, row))


def paths(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything within a body."""
    if path:
        yield path
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in inner:
        yield from paths(value, (*path, key))


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[path[0]] = put(body[path[0]], path[1:], value)
    return copy


VALUES: dict[str, Callable[[int], Any]] = {
    "texts": lambda size: ["ab"] * (size // 5), "lists": lambda size: [[]] * (size // 3),
    "numbers": lambda size: [1] * (size // 2), "objects": lambda size: [{"a": "b"}] * (size // 10),
    "keys": lambda size: {f"k{at}": at for at in range(size // 10)}, "quotes": lambda size: '"' * size,
    "hashes": lambda size: "#" * size, "marks": lambda size: "a\u0301\u0316" * (size // 5),
    "parentheses": lambda size: "(" * size, "hidden": lambda size: "\u200b" * (size // 3),
    "blanks": lambda size: " " * size + "x", "digits": lambda size: "1" * size,
    "number": lambda size: exact_json.loads("0." + "1" * min(size, 990)),
}  # fmt: skip


def test_every_part_of_a_body_is_read_in_linear_time() -> None:
    faults = {}
    for name, body, run in bodies():
        for path in paths(body):
            for name_of_value, make in VALUES.items():
                made = lambda size, body=body, path=path, make=make: put(body, path, make(size))  # noqa: E731
                if fault := grows_too_fast(run, made, SIZE):
                    faults[name, path, name_of_value] = fault
    assert faults == {}


def csv_file(titles: frozenset[str] = frozenset(), delimiter: str | None = None) -> Splitter:
    return CsvSplitter(
        batch_rows=10_000, batch_bytes=8 << 20, max_row_bytes=1 << 20, hints=HeaderHints(delimiter, titles=titles)
    )


def json_array() -> Splitter:
    return JsonSplitter(batch_rows=10_000, batch_bytes=8 << 20, max_row_bytes=1 << 20)


def json_lines() -> Splitter:
    return LinesSplitter(batch_rows=10_000, batch_bytes=8 << 20, max_row_bytes=1 << 20)


def passed(splitter: Splitter, body: bytes, chunk: int) -> None:
    """The body through a splitter, and its batches through all that reads them."""
    batches = [each for at in range(0, len(body), chunk) for each in splitter.feed(body[at : at + chunk])]
    for batch in [*batches, *splitter.finish()]:
        rows = read_rows(batch, splitter.source)
        assert len(rows) == batch.row_count == len(raw_rows(batch, splitter.source))
        split_rows(batch, splitter.source, 8)


LINES = (
    "", " ", ",", '"', '""', '"a', 'a"', '"a"b', 'x","y', '","', '"",""', '""",', "x", "x,y", "1,2,3", '"x\n', '"x,y"',
    "," * 99, '"a",' * 30, "\t", "x\r", '"', "#N/A", "\0", "Code,Note", "\ufeff", "é", '"é\n"', "'",
)  # fmt: skip
ELEMENTS = (
    "{}", "[]", '"a"', '{"a":{"b":{"c":{"d":{}}}}}', "[[[[[[[]]]]]]]", '"\\""', "0." + "1" * 30, '{"a":"}{"}', "{\n}",
    "tru", '"', "[", "{", "]", "\\", '{"a":', '["', " ",
)  # fmt: skip


def refused_or_passed(splitter: Callable[[], Splitter], chunk: int = 65_536) -> Callable[[bytes], object]:
    return lambda body: passed(splitter(), body, chunk)


@pytest.mark.parametrize("part", range(4))
def test_files_are_read_in_linear_time(part: int) -> None:
    known = frozenset({"code", "note"})
    faults = {}
    for line in LINES[part::4]:
        for header in ("Code,Note\n", ""):
            for ending in ("\n", "\r"):
                row = (line + ending).encode()
                run = refused_or_passed(lambda: csv_file(known))
                make = lambda size, row=row, header=header: header.encode() + row * (size // len(row))  # noqa: E731
                if fault := grows_too_fast(run, make, 8_000):
                    faults[header, line, ending] = fault
    assert faults == {}


@pytest.mark.parametrize("chunk", [50, 65_536])
def test_json_is_read_in_linear_time(chunk: int) -> None:
    faults = {}
    for element in ELEMENTS:
        row = element.encode()
        array, inner = (
            (lambda size, row=row: b"[" + (row + b",") * (size // (len(row) + 1)) + row + b"]"),
            (lambda size, row=row: b'[{"a":[' + (row + b",") * (size // (len(row) + 1)) + row + b"]}]"),
        )
        bare = lambda size, row=row: b"[" + row * (size // len(row))  # noqa: E731
        for name, make in (("array", array), ("inner", inner), ("bare", bare)):
            if fault := grows_too_fast(refused_or_passed(json_array, chunk), make, 12_000):
                faults[name, element] = fault
        lines = lambda size, row=row: (row + b"\n") * (size // (len(row) + 1))  # noqa: E731
        if fault := grows_too_fast(refused_or_passed(json_lines, chunk), lines, 12_000):
            faults["lines", element] = fault
    assert faults == {}


def test_one_row_without_end_is_read_in_linear_time() -> None:
    faults = {}
    for name, make in texts():
        for format_, splitter, before, after in (
            ("csv", csv_file, "Code\n", "\n"), ("quoted", csv_file, 'Code\n"', '"\n'), ("header", csv_file, "", "\n"),
            ("json", json_array, '["', '"]'), ("bare json", json_array, "[", "]"), ("lines", json_lines, "", "\n"),
        ):  # fmt: skip
            made = lambda size, make=make, before=before, after=after: (  # noqa: E731
                (before + make(size).replace("\n", " ") + after).encode("utf-8", "replace")
            )
            if fault := grows_too_fast(refused_or_passed(splitter), made, 6_000):
                faults[format_, name] = fault
    assert faults == {}


def _recognized(title: str) -> None:
    columns = [SeenColumn(title, (title[:200],)) for _ in range(3)]
    candidates(columns, "csv", title)
    ProblemLocator({0: (title, title)}, ROW_TYPES["customers"], [0]).problems(f"{title}: no; " * 3)


def _formed(content: bytes) -> None:
    form = FileForm("multipart/form-data; boundary=xyz")
    head = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    for at in range(0, len(content), 4_096):
        form._feed((head if at == 0 else b"") + content[at : at + 4_096])
    form._feed(b"\r\n--xyz--\r\n")
    form._finish()


def test_the_rest_is_linear_too() -> None:
    def encoded(text: str) -> bytes:
        return text.encode("utf-8", "replace")

    faults_by_name = {
        "recognition": slow(_recognized, size=4_000),
        "blank": slow(lambda record: is_blank(record, ","), encoded, 4_000),
        "transcoder": slow(lambda data: Transcoder("utf-16").feed(data), encoded, 4_000),
        "forms": slow(_formed, encoded, 4_000),
        "boundaries": slow(_formed, lambda text: b"\r\n--x" * (len(text) // 5)),
        "mapping": slow(lambda text: read_submission_options({"mapping": exact_json.dumps({text: text}).decode()})),
        "values": slow(
            lambda text: read_submission_options({"values": exact_json.dumps({"a": {text: text}}).decode()})
        ),
        "charset": slow(Transcoder),
        "names": slow(lambda text: read_selection(CAMPAIGNS, [(text, text), (f"filters[{text}]", "")])),
    }
    assert {name: faults for name, faults in faults_by_name.items() if faults} == {}
