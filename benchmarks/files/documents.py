"""JSON files: arrays of objects."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.files import metadata
from benchmarks.files import own_values as own
from benchmarks.files.own_values import Value
from benchmarks.files.sorts import REPEATING, WIDE, numbered
from benchmarks.lab import Lab

Object = dict[str, Any]
# What replaces values of an object, by name, those of its metadata behind a point; {n} is the row's number.
Flaws = Sequence[Mapping[str, Any]]

_VOUCHER_FLAWS: Flaws = (
    {"code": ""},
    {"type": "COUPON {n}"},
    {"active": "perhaps {n}"},
    {"start_date": "soon {n}"},
    {"start_date": "2026-02-30"},
    {"expiration_date": "1999-12-31T00:00:00Z"},
    {"discount": {"type": "AMOUNT", "amount_off": "cheap {n}"}},
    {"redemption": {"quantity": "many {n}"}},
    {"additional_info": {"desk": "{n}"}},
)
_METADATA_FLAWS: Flaws = (
    {"metadata.Region": "Atlantis {n}"},
    {"metadata.Region": None},
    {"metadata.Reference": "{n}"},
    {"metadata.Reference": "REF-{n}-that-is-far-too-long"},
    {"metadata.Budget": "about {n}"},
    {"metadata.Budget": -1.5},
    {"metadata.Budget": 9_000_000},
    {"metadata.Handed Out": "yesterday {n}"},
    {"metadata.Handed Out": "2026-02-30"},
    {"metadata.Link": "shop/{n}.png"},
    {"metadata.Checked": "perhaps {n}"},
)
VOUCHER_FLAWS: Flaws = (*_VOUCHER_FLAWS, *_METADATA_FLAWS)
_WIDE = 25  # keys of metadata of the wide sort, as in its CSV files
# What the texts of the columns are in JSON.
_TYPED: Mapping[str, Callable[[str], Any]] = {"Budget": float, "Checked": lambda text: text == "true"}


def vouchers(lab: Lab, sort: str, rows: int) -> Path:
    """The vouchers of the CSV files."""
    return lab.file(f"vouchers-{sort}-{rows}.json", lambda path: _write(path, _vouchers(sort, rows)))


def orders(lab: Lab, sort: str, rows: int) -> Path:
    """Orders with a customer, three items and their products and SKUs inside."""
    make = repeating_order if sort == REPEATING else own_order
    return lab.file(f"orders-{sort}-{rows}.json", lambda path: _write(path, map(make, range(1, rows + 1))))


def codes_to_update(lab: Lab, rows: int) -> Path:
    """The body of a metadata update of the vouchers that updates.sql puts in."""

    def write(path: Path) -> None:
        codes = [f"SUP-{number:012d}" for number in range(1, rows + 1)]
        path.write_bytes(orjson.dumps({"metadata": {"Channel": "mail", "Checked": True}, "codes": codes}))

    return lab.file(f"codes-{rows}.json", write)


def _vouchers(sort: str, rows: int) -> Iterator[Object]:
    make = repeating_voucher if sort == REPEATING else own_voucher
    columns = metadata.COLUMNS | (metadata.extra(_WIDE - len(metadata.COLUMNS)) if sort == WIDE else {})
    for number, flaw in numbered(sort, rows, len(VOUCHER_FLAWS)):
        voucher = make(number, columns)
        if flaw is not None:
            _break(voucher, VOUCHER_FLAWS[flaw], number)
        yield voucher


def _break(voucher: Object, flaw: Mapping[str, Any], number: int) -> None:
    for path, wrong in flaw.items():
        holder, _, name = path.rpartition(".")
        (voucher[holder] if holder else voucher)[name] = _filled_in(wrong, number)


def _filled_in(wrong: Any, number: int) -> Any:
    if isinstance(wrong, dict):
        return {name: _filled_in(value, number) for name, value in wrong.items()}
    return wrong.format(n=number) if isinstance(wrong, str) else wrong


def repeating_voucher(number: int, _: Mapping[str, Value]) -> Object:
    """One that differs from others in little but its code."""
    return {
        "code": own.code(number),
        "type": "DISCOUNT_VOUCHER",
        "active": bool(number % 2),
        "start_date": "2026-01-01T00:00:00.000Z",
        "expiration_date": "2026-12-31T23:59:00.000Z",
        "discount": {"type": "AMOUNT", "amount_off": 100 * (5 + number % 20)},
        "category": "New",
        "redemption": {"quantity": 1 + number % 3},
        "additional_info": f"Supplier batch {number % 50}",
        "metadata": {"Region": own.region(number), "Channel": "web"},
    }


def own_voucher(number: int, columns: Mapping[str, Value]) -> Object:
    """One of which every value is its own, with this metadata."""
    return {
        "code": own.code(number),
        "type": "DISCOUNT_VOUCHER",
        "active": bool(number % 2),
        "start_date": own.start(number),
        "expiration_date": own.end(number),
        "discount": {"type": "AMOUNT", "amount_off": own.cents(number)},
        "category": f"Season {own.scrambled(number) % 12}",
        "redemption": {"quantity": 1 + own.scrambled(number)},
        "additional_info": own.note(number),
        "metadata": {name: _TYPED.get(name, str)(value(number)) for name, value in columns.items()},
    }


def repeating_order(number: int) -> Object:
    """One of few customers, with few products."""
    return _order(number, f"c-{number % 500}", "Ada", [f"p-{(number + each) % 200}" for each in range(3)], 1_950)


def own_order(number: int) -> Object:
    """One with a customer and products that no other order has."""
    products = [f"p-{number}-{each}" for each in range(3)]
    return _order(number, f"c-{number}", f"Ada {own.scrambled(number)}", products, own.cents(number))


def _order(number: int, customer: str, name: str, products: list[str], price: int) -> Object:
    return {
        "source_id": f"o-{number}",
        "status": "PAID",
        "customer": {"source_id": customer, "name": name, "email": f"{customer}@example.com"},
        "items": [
            _item(product, f"{product} of {name}", price + each, quantity=1 + number % 3, is_sku=each == 2)
            for each, product in enumerate(products)
        ],
        "metadata": {"Reference": own.reference(number), "Till": number % 30},
    }


def _item(product: str, name: str, price: int, *, quantity: int, is_sku: bool) -> Object:
    goods: Object = {"product": {"source_id": product, "name": name, "price": price}}
    if not is_sku:
        return {"related_object": "product", "source_id": product, "quantity": quantity, **goods}
    sku = {"source_id": f"{product}-s", "sku": f"{name} in blue", "price": price, "override": True}
    return {"related_object": "sku", "source_id": f"{product}-s", "quantity": quantity, **goods, "sku": sku}


def _write(path: Path, elements: Iterator[Object]) -> None:
    with path.open("wb") as file:
        file.write(b"[" + orjson.dumps(next(elements)))
        for element in elements:
            file.write(b",\n" + orjson.dumps(element))
        file.write(b"]")
