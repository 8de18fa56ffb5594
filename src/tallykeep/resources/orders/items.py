"""The items of an order as they come in JSON, cleaned; goods inside them are checked as far as any order can tell."""

from collections.abc import Mapping
from typing import Any

from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import MAX_INTEGER, MAX_KEY_BYTES, Cleaner, Problem, actual

Item = dict[str, Any]

NUMBERS = (
    "quantity", "initial_quantity", "discount_quantity", "price", "amount", "initial_amount", "discount_amount",
)  # fmt: skip
KEYS = ("source_id", "product_id", "sku_id")
_GOODS_KEYS = ("id", "source_id", "product_id")
# What is said of goods inside an item, be they changed or not.
_GOODS: dict[str, Cleaner] = {
    "name": cleaning.text, "sku": cleaning.text, "price": cleaning.integer, "override": cleaning.json_boolean,
    "metadata": cleaning.json_object,
}  # fmt: skip
_OBJECT = {"object": "order_item"}
RELATED_WORDS = ("product", "sku")
_RELATED = cleaning.one_of(*RELATED_WORDS)


def clean_items(value: Any) -> list[Item]:
    """Clean an order's items, each a copy of its own; raises Problem for the first that cannot be taken."""
    if not isinstance(value, list):
        raise Problem(f"must be an array {actual(value)}")
    return [usual_item(item) or clean_item(number, item) for number, item in enumerate(value)]


def clean_item(number: int, item: Any) -> Item:
    """Clean any item; raises Problem with its number, counted from 0."""
    try:
        cleaned = dict(cleaning.json_object(item))
        for name in NUMBERS:
            if cleaned.get(name) is not None:
                cleaned[name] = named(name, cleaning.integer, cleaned[name])
        cleaned |= clean_keys(cleaned, KEYS)
        if cleaned.get("related_object") is not None:
            named("related_object", _RELATED, cleaned["related_object"])
        if cleaned.get("metadata") is not None:
            named("metadata", cleaning.json_object, cleaned["metadata"])
        for name in ("product", "sku"):
            if cleaned.get(name) is not None:
                held = cleaning.json_object(cleaned[name])
                cleaned[name] = held | clean_keys(held, _GOODS_KEYS)
                for part, clean in _GOODS.items():
                    if held.get(part) is not None:
                        named(f"{name}.{part}", clean, held[part])
    except Problem as problem:
        raise Problem(f"[{number}] {problem}") from None
    return {**cleaned, **_OBJECT}


def clean_keys(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    """Return those of these keys that it has, cleaned; raises Problem with the name of one that cannot be taken."""
    return {name: named(name, cleaning.key_text, values[name]) for name in names if values.get(name) is not None}


def named(name: str, clean: Cleaner, value: Any) -> Any:
    """Return the value cleaned; raises Problem with the name."""
    try:
        return clean(value)
    except Problem as problem:
        raise Problem(f"{name} {problem}") from None


def usual_item(item: Any) -> Item | None:
    """Clean an item in which nothing is unusual, several times as fast as clean_item; None for any other."""
    if type(item) is not dict or (usual := _usual({}, item, _ITEM_TYPES)) is None:
        return None
    return usual | _OBJECT


def _usual(cleaned: Item, values: Item, types: Mapping[str, Any]) -> Item | None:
    """Add the values to what is cleaned; None where one is not of its type, or holds more than an object."""
    for name, value in values.items():
        expected, value_type = types.get(name, _ANYTHING), type(value)
        if expected is _ANYTHING and not name.isprintable():
            return None
        taken: Any
        if value_type is str:
            taken = _usual_text(value, expected)
        elif value_type is int:
            taken = value if expected is _ANYTHING or (expected is int and 0 <= value <= MAX_INTEGER) else None
        elif value_type is dict:
            taken = _usual_object(value, expected)
        elif value is None or value_type is expected or (expected is _ANYTHING and value_type is not list):
            cleaned[name] = value
            continue
        else:
            return None
        if taken is None:
            return None
        cleaned[name] = taken
    return cleaned


def _usual_text(value: str, expected: Any) -> str | None:
    if not value.isprintable():
        return None
    if expected is _KEY:
        return value.strip() if value.isascii() and len(value) <= MAX_KEY_BYTES else None
    is_right = expected is str or expected is _ANYTHING or (expected is _WORD and value in RELATED_WORDS)
    return value if is_right else None


def _usual_object(value: Item, expected: Any) -> Item | None:
    if expected is _GOODS_TYPES:
        return _usual({}, value, _GOODS_TYPES)
    return value if (expected is dict or expected is _ANYTHING) and cleaning.is_flat(value) else None


_KEY, _WORD, _ANYTHING = "a key", "a word", "anything"
_GOODS_TYPES: dict[str, Any] = {
    **dict.fromkeys(_GOODS_KEYS, _KEY), "name": str, "sku": str, "price": int, "override": bool, "metadata": dict,
}  # fmt: skip
_ITEM_TYPES: dict[str, Any] = {
    **dict.fromkeys(NUMBERS, int), **dict.fromkeys(KEYS, _KEY), "related_object": _WORD,
    "product": _GOODS_TYPES, "sku": _GOODS_TYPES, "metadata": dict,
}  # fmt: skip
