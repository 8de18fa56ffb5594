"""Customers, products and SKUs: files that change those which are there, or bring new ones."""

from benchmarks.files import own_values as own
from benchmarks.files.sheets import Sheet

_TOO_LONG = "c-{n}-" + 1_100 * "9"

CUSTOMERS = Sheet(
    "customers",
    repeating={
        "Name": lambda number: f"Ada {number}",
        "Email": lambda number: f"ada-{number}@example.com",
        "Phone": lambda number: f"+4940{number}",
        "Source_id": lambda number: f"c-{number}",
        "Address_City": lambda _: "Hamburg",
        "Address_Country": lambda _: "DE",
        "Tier": lambda number: f"tier {number % 5}",
        "Newsletter": lambda _: "yes",
        "Region": own.region,
    },
    own={
        "Name": lambda number: f"Ada {own.scrambled(number)}",
        "Email": own.email,
        "Phone": lambda number: f"+4940{own.scrambled(number):08}",
        "Source_id": lambda number: f"c-{number}",
        "Birthday": own.day,
        "Description": own.note,
        "Address_Line_1": lambda number: f"Long Street {own.scrambled(number + 9)}",
        "Address_Postal_Code": lambda number: f"{own.scrambled(number + 5):08}",
        "Address_City": lambda number: f"Hamburg {own.scrambled(number + 3)}",
        "Address_Country": lambda _: "DE",
    },
    more={
        "Address_Line_2": lambda number: f"Door {own.scrambled(number + 7)}",
        "Address_State": lambda number: f"State {own.scrambled(number + 8)}",
    },
    flaws=(
        {"Email": "ada at {n}"},
        {"Email": "ada@{n}@example.com"},
        {"Email": "@{n}"},
        {"Birthday": "soon {n}"},
        {"Birthday": "2001-02-29"},
        {"Birthday": "01/02/{n}"},
        {"Source_id": _TOO_LONG},
        {"Email": "ada {n}", "Birthday": "then {n}"},
        {"Birthday": "2001-13-{n}"},
    ),
)

PRODUCTS = Sheet(
    "products",
    repeating={
        "source_id": lambda number: f"p-{number}",
        "name": lambda number: f"Shoe {number}",
        "price": lambda number: f"{number % 90}.50",
        "attributes": lambda _: "size,colour",
        "image_url": lambda number: f"https://example.com/{number}.png",
        "Season": lambda _: "summer",
        "Shelf": lambda number: str(number % 70),
        "Region": own.region,
    },
    own={
        "source_id": lambda number: f"p-{number}",
        "name": lambda number: f"Shoe {own.scrambled(number)}",
        "price": own.amount,
        "attributes": lambda number: f"size {number},colour {own.scrambled(number)}",
        "image_url": own.shifted(own.link, 1),
    },
    more={},
    flaws=(
        {"price": "cheap {n}"},
        {"price": "-{n}"},
        {"price": "99999999999999999{n}"},
        {"price": "1.2.3.{n}"},
        {"source_id": _TOO_LONG},
        {"attributes": "[{n}]"},
        {"price": "free {n}", "Region": "Nowhere {n}"},
        {"price": "dear {n}", "Budget": "none {n}"},
        {"price": "{n} or more"},
    ),
)

PRODUCTS_OF_SKUS = 1_000  # that the SKUs belong to in turns, if there are so many


def _sku(number: int) -> str:
    return f"s-{number}"


def _product(number: int) -> str:
    return f"p-{1 + number % PRODUCTS_OF_SKUS}"


SKUS = Sheet(
    "skus",
    repeating={
        "product_id": _product,
        "source_id": _sku,
        "sku": lambda number: f"Size {number % 40}",
        "price": lambda number: f"{number % 90}.50",
        "currency": lambda _: "EUR",
        "attributes": lambda number: f"{{'size':'{number % 40}'}}",
        "Season": lambda _: "summer",
    },
    own={
        "product_id": _product,
        "source_id": _sku,
        "sku": lambda number: f"Size {own.scrambled(number)}",
        "price": own.amount,
        "currency": lambda _: "EUR",
        "attributes": lambda number: f"{{'size':'{own.scrambled(number)}'}}",
        "image_url": own.shifted(own.link, 1),
    },
    more={},
    flaws=(
        {"price": "cheap {n}"},
        {"price": "-{n}"},
        {"price": "1.2.3.{n}"},
        {"product_id": "gone-{n}"},
        {"product_id": ""},
        {"attributes": "size {n}"},
        {"attributes": "{{'size':{n}"},
        {"source_id": _TOO_LONG},
        {"price": "free {n}", "Budget": "none {n}"},
    ),
)
