"""The files that are imported: a supplier's vouchers, customers, products. The same on every run."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from benchmarks.lab import Lab

_SEED = 20261121
_VOUCHERS = (
    "Code,Voucher Type,Active,Start Date,Expiration Date,Discount Type,Value,Category,Redemption Limit,"
    "Additional Info,Region,Channel\n"
)
_REGIONS = ("Europe", "Asia", "Africa")


def voucher_csv(lab: Lab, rows: int) -> Path:
    """So many vouchers as a CSV file."""

    def write(path: Path) -> None:
        with path.open("w") as file:
            file.write(_VOUCHERS)
            file.writelines(_voucher_lines(rows))

    return lab.file(f"vouchers-{rows}.csv", write)


def voucher_csv_of(lab: Lab, size: int) -> Path:
    """Vouchers as a CSV file of at least so many bytes, by less than a row."""

    def write(path: Path) -> None:
        with path.open("w") as file:
            written = file.write(_VOUCHERS)
            lines = _voucher_lines(size)
            while written < size:
                written += file.write(next(lines))

    return lab.file(f"vouchers-of-{size}-bytes.csv", write)


def voucher_json(lab: Lab, rows: int) -> Path:
    """The same vouchers as a JSON array."""

    def write(path: Path) -> None:
        with path.open("w") as file:
            _write_array(file, _voucher_objects(rows))

    return lab.file(f"vouchers-{rows}.json", write)


def _vouchers(rows: int) -> Iterator[tuple[int, str, str]]:
    dice = random.Random(_SEED)
    for number in range(rows):
        yield number, f"SUP-{dice.getrandbits(48):012X}", dice.choice(_REGIONS)


def _voucher_lines(rows: int) -> Iterator[str]:
    for number, code, region in _vouchers(rows):
        active = "TRUE" if number % 2 else "FALSE"
        yield (
            f"{code},DISCOUNT_VOUCHER,{active},2026-01-01T00:00:00.000Z,2026-12-31T23:59:00.000Z,AMOUNT,"
            f"{5 + number % 20},New,{1 + number % 3},Supplier batch {number % 50},{region},web\n"
        )


def _voucher_objects(rows: int) -> Iterator[str]:
    for number, code, region in _vouchers(rows):
        active = "true" if number % 2 else "false"
        yield (
            f'{{"code":"{code}","type":"DISCOUNT_VOUCHER","active":{active},"start_date":"2026-01-01T00:00:00.000Z",'
            f'"expiration_date":"2026-12-31T23:59:00.000Z","discount":{{"type":"AMOUNT","amount_off":'
            f'{100 * (5 + number % 20)}}},"category":"New","redemption":{{"quantity":{1 + number % 3}}},'
            f'"additional_info":"Supplier batch {number % 50}","metadata":{{"Region":"{region}","Channel":"web"}}}}'
        )


def _write_array(file: TextIO, elements: Iterator[str]) -> None:
    file.write("[" + next(elements))
    file.writelines(f",\n{element}" for element in elements)
    file.write("]")


def customer_csv(lab: Lab, rows: int) -> Path:
    """Customers c-1 … c-rows, each with a new name, address and metadata."""

    def write(path: Path) -> None:
        with path.open("w") as file:
            file.write("Name,Email,Phone,Source_id,Address_City,Address_Country,Tier,Newsletter\n")
            for number in range(1, rows + 1):
                file.write(
                    f"Ada {number},ada-{number}@example.com,+4940{number},c-{number},Hamburg,DE,tier {number % 5},yes\n"
                )

    return lab.file(f"customers-{rows}.csv", write)


def product_csv(lab: Lab, rows: int) -> Path:
    """Products p-1 … p-rows, each with a new name, price and metadata."""

    def write(path: Path) -> None:
        with path.open("w") as file:
            file.write("source_id,name,price,attributes,image_url,Season,Shelf\n")
            for number in range(1, rows + 1):
                file.write(
                    f'p-{number},Shoe {number},{number % 90}.50,"size,colour",https://example.com/{number}.png,'
                    f"summer,{number % 70}\n"
                )

    return lab.file(f"products-{rows}.csv", write)


def codes_json(lab: Lab, rows: int) -> Path:
    """The body of a metadata update of the vouchers that updates.sql puts in."""

    def write(path: Path) -> None:
        with path.open("w") as file:
            file.write('{"metadata":{"Channel":"mail","Checked":true},"codes":')
            _write_array(file, (f'"SUP-{number:012d}"' for number in range(1, rows + 1)))
            file.write("}")

    return lab.file(f"codes-{rows}.json", write)
