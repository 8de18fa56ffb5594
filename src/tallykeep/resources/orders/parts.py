"""Parts of orders: resources inside them, upserted as a set where that comes to the same as one after the other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields.cleaning import actual
from tallykeep.resources.metadata.schemas import checker_for
from tallykeep.resources.orders.goods import source_of
from tallykeep.resources.orders.items import Item
from tallykeep.resources.orders.known_goods import KnownGoods
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.operation import Upsert
from tallykeep.resources.upserts.quick_json import quick_json_reader
from tallykeep.resources.upserts.references import lock_referred
from tallykeep.resources.upserts.spec import Change, Recheck, UpsertSpec

_sql = queries(__package__, "store.sql")

OrderItem = tuple[Change, int, Item]


@dataclass(slots=True)
class Part:
    """One resource inside one order: what the order says of it, and where, for the reason if it is not accepted."""

    change: Change
    label: str
    values: dict[str, Any]


class Parts:
    """Writes and finds the embedded resources of one batch's orders."""

    def __init__(self, connection: Connection, project_id: int, timestamp: datetime) -> None:
        self._connection = connection
        self._project_id = project_id
        self._timestamp = timestamp
        self._made: set[str] = set()
        self.goods = KnownGoods(connection, project_id)
        self.rechecks: list[Recheck] = []

    async def upsert_people(self, changes: list[Change], person: str) -> None:
        """Upsert the orders' customers, or their referrers, and put their ids in."""
        parts = [part for change in changes if (part := _person(change, person))]
        ids = await self._upsert(CUSTOMER, parts)
        for number, part in enumerate(parts, 1):
            part.change.values[f"{person}_id"] = ids.get(number)

    async def upsert_new(self, spec: UpsertSpec, parts: list[Part]) -> None:
        """Create what is not there yet; what is, only changes where the order says `override`."""
        if not parts or await self._upsert_new_as_set(spec, parts):
            return
        known = set(await self.goods.existing(spec.noun, (part.values.get("source_id") for part in parts)))
        wanted: list[Part] = []
        new: list[str] = []
        for part in parts:
            source_id = part.values.get("source_id")
            if part.values.get("override"):
                wanted.append(part)
            elif source_id not in known:
                wanted.append(part)
                new.append(str(source_id))
            known.add(source_id)
        await self._upsert(spec, wanted, new)
        self.goods.forget(spec.noun)

    async def _upsert_new_as_set(self, spec: UpsertSpec, parts: list[Part]) -> bool:
        """Do the same without having looked for what is there; return False, with nothing done, where that cannot be.

        It can be where parts name what they are of by a source_id, none is wrong, and none that leaves what exists as
        it is stands before one that overrides.
        """
        wanted, kept = new_and_overriding(parts)
        if spec is SKU and wanted is not None:
            wanted = await self._with_products(wanted)
        if wanted is None:
            return False
        operation = await self._operation(spec, kept=kept, is_resolved=True)
        if operation.check(_rows(wanted)) or not operation.is_set:
            return False
        self._blame(await operation.write(), wanted)
        self._made |= operation.made
        ids, existing = _outcome(operation)
        for number, part in enumerate(wanted, 1):
            key = part.values["source_id"]
            if spec is PRODUCT:
                self.goods.note("product", key, id=ids[number])
            elif key not in kept or key not in existing:
                self.goods.note("sku", key, id=ids[number], product_id=part.values["product_id"])
        return True

    async def _with_products(self, parts: list[Part]) -> list[Part] | None:
        """Return these SKUs with the ids of their products, which are locked; None where some are not known so."""
        named = {part.values.get("product_id") for part in parts}
        keys = {key for key in named if isinstance(key, str) and not key.startswith(PRODUCT.prefix)}  # so no id
        if len(keys) < len(named):
            return None
        known = await self.goods.existing("product", keys)
        if not keys.issubset(known):
            return None
        not_ours = {key for key in keys if known[key]["id"] not in self._made}
        if len(await lock_referred(self._connection, self._project_id, SKU, not_ours)) < len(not_ours):
            return None
        ids = [known[part.values["product_id"]]["id"] for part in parts]
        return [Part(part.change, part.label, {**part.values, "product_id": product_id})
                for part, product_id in zip(parts, ids, strict=True)]  # fmt: skip

    async def upsert_named(self, order_items: list[OrderItem]) -> None:
        """Create the products that have a name and no key, and put their ids in; those created so before are reused.

        `order_items` are those whose products are only named.
        """
        skus = await self.goods.existing("sku", (source_of(item, "sku") for _, _, item in order_items))
        named = [order_item for order_item in order_items if source_of(order_item[2], "sku") not in skus]
        if not named:
            return
        names = [str(item["product"]["name"]) for _, _, item in named]
        ids = await self.ids_by_name(set(names))
        new = {
            name: order_item for name, order_item in reversed(list(zip(names, named, strict=True))) if name not in ids
        }
        made = await self._upsert(PRODUCT, [_product_of(order_item) for order_item in new.values()])
        ids |= {name: made[number] for number, name in enumerate(new, 1) if number in made}
        for name, (change, at, item) in zip(names, named, strict=True):
            if name in ids:
                item["product"]["id"] = ids[name]
            elif item is not new[name][2]:
                change.problems.append(f"items[{at}].product: another order of the file says what cannot be of {name}")
        again = [_product_of(order_item) for name, order_item in zip(names, named, strict=True)
                 if order_item[2]["product"].get("override") and order_item is not new.get(name)]  # fmt: skip
        await self._upsert(PRODUCT, again)

    async def ids_by_name(self, names: set[str]) -> dict[str, str]:
        """The ids of the products of these names that have no key.

        Where one is missing, none of them is made by anybody else from now on until the transaction ends.
        """
        ids = await self._named(names)
        if names.issubset(ids):
            return ids
        await self._connection.execute(_sql.wait_for_makers_by_name, {"project_id": self._project_id})
        return await self._named(names)

    async def _named(self, names: set[str]) -> dict[str, str]:
        if not names:
            return {}
        query = {"project_id": self._project_id, "names": sorted(names)}
        rows = await (await self._connection.execute(_sql.named_products, query)).fetchall()
        return {row["name"]: row["id"] for row in rows}

    async def _upsert(self, spec: UpsertSpec, parts: list[Part], new: Collection[str] = ()) -> dict[int, str]:
        """Upsert the parts in order; returns the ids by the parts' numbers, counted from 1."""
        if not parts:
            return {}
        if not new and (ids := await self._upsert_distinct(spec, parts)) is not None:
            return ids
        operation = await self._operation(spec, new=new)
        failures = operation.check(_rows(parts))
        failures += await operation.write()
        self._blame(failures, parts)
        self._made |= operation.made
        self.rechecks += [*operation.rechecks, partial(self._is_overtaken, operation)] if failures else []
        return _outcome(operation)[0]

    async def _upsert_distinct(self, spec: UpsertSpec, parts: list[Part]) -> dict[int, str] | None:
        """Do the same as a set, leaving out what only repeats; return None, with nothing done, where that cannot be."""
        distinct, positions = _without_repetitions(parts)
        operation = await self._operation(spec)
        if spec.resolve or spec.reference or operation.check(_rows(distinct)) or not operation.is_set:
            return None
        self._blame(await operation.write(), distinct)
        self._made |= operation.made
        ids, _ = _outcome(operation)
        return {number: ids[position] for number, position in enumerate(positions, 1)}

    def _blame(self, failures: list[Failure], parts: list[Part]) -> None:
        """Make failures problems of the orders whose parts have failed."""
        for failure in failures:
            part = parts[failure.row - 1]
            part.change.problems.append(f"{part.label}: {failure.reason}")

    async def _operation(
        self, spec: UpsertSpec, *, new: Collection[str] = (), kept: Collection[str] = (), is_resolved: bool = False
    ) -> Upsert:
        checker = await checker_for(self._connection, self._project_id, spec.noun)
        operation = Upsert(self._connection, self._project_id, spec, checker, self._timestamp)
        read, complete = quick_json_reader(spec), spec is SKU
        return operation.use(read, complete=complete, new=new, as_set=True, kept=kept, is_resolved=is_resolved)

    async def _is_overtaken(self, operation: Upsert) -> bool:
        """Whether somebody else has made what was missing when parts failed."""
        return not self._made.issuperset(await operation.present_by_now())


def _outcome(operation: Upsert) -> tuple[dict[int, str], Mapping[str, str]]:
    """Return the ids of what each row is of; and of what was there before it was written as a set, by source_id."""
    if operation.outcome is None:
        return operation.ids, {}
    return operation.ids | operation.outcome.ids, operation.outcome.existing


def _rows(parts: Sequence[Part]) -> list[Row]:
    return [Row(number, part.values) for number, part in enumerate(parts, 1)]


def new_and_overriding(parts: list[Part]) -> tuple[list[Part] | None, set[str]]:
    """Return the parts that count if nothing was there before, and the keys of those that override nothing.

    None where that is not enough: what exists would only take what a later part overrides.
    """
    kept, overriding, wanted = set[str](), dict[str, Part](), list[Part]()
    for part in parts:
        key = part.values.get("source_id")
        if not key or (key in kept and part.values.get("override")):
            return None, kept
        if part.values.get("override"):
            if (last := overriding.get(key)) is None or not _is_repeated(last.values, part.values):
                overriding[key] = part
                wanted.append(part)
        elif key not in kept and key not in overriding:
            kept.add(key)
            wanted.append(part)
    return wanted, kept


def _without_repetitions(parts: list[Part]) -> tuple[list[Part], list[int]]:
    """Leave out parts that say of a resource what the one before has just said; also return which stands for each.

    These are counted from 1.
    """
    distinct: list[Part] = []
    positions: list[int] = []
    last: dict[str, int] = {}
    for part in parts:
        key = part.values.get("source_id")
        position = last.get(key) if key else None
        if position is None or not _is_repeated(distinct[position - 1].values, part.values):
            distinct.append(part)
            position = len(distinct)
            if key:
                last[key] = position
        positions.append(position)
    return distinct, positions


_SCALARS = frozenset({str, int, float, bool, type(None)})


def _is_repeated(values: dict[str, Any], others: dict[str, Any]) -> bool:
    """Whether these say the same, of their types too; False where they are more than scalars."""
    if values != others:
        return False
    types = list(map(type, values.values()))
    return _SCALARS.issuperset(types) and types == list(map(type, others.values()))


def _person(change: Change, person: str) -> Part | None:
    """The person an order names by an object, an id, or both; null takes the one away that the order had."""
    values, by_id = change.values, f"{person}_id"
    if person in values and values[person] is None:
        values.setdefault(by_id, None)
    described = dict(values.pop(person, None) or {})
    if values.get(by_id) is not None and described.setdefault("id", values[by_id]) != values[by_id]:
        change.problems.append(f"{person}: id: differs from {by_id} {actual(described['id'])}")
        return None
    return Part(change, person, described) if described else None


def _product_of(order_item: OrderItem) -> Part:
    change, at, item = order_item
    return Part(change, f"items[{at}].product", item["product"])
