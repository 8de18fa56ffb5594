"""The fields of a SKU, in JSON and in files (public API documentation, schema ProductsSkusCreateRequestBody)."""

import re
from datetime import datetime
from typing import Any

from tallykeep.core import exact_json
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import PRODUCTS, PROJECT, SCHEMAS
from tallykeep.db.queries import queries
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual
from tallykeep.resources.fields.field import Field
from tallykeep.resources.products.listing import CATALOGUE_ORDERS, CATALOGUE_SHORTCUTS
from tallykeep.resources.upserts.declaring.declarations import ListDeclaration, Recognition
from tallykeep.resources.upserts.declaring.field_types import amount_field, key_field, text_field
from tallykeep.resources.upserts.spec import Change, Recheck, UpsertSpec

_sql = queries(__package__, "store.sql")

# One that is never closed extends to the end, so that it is not searched again from each quote within it.
_SINGLE_QUOTED = re.compile(r"'((?:[^'\\]++|\\.)*+)('|\\?\Z)", re.DOTALL)


def _cell_attributes(cell: str) -> dict[str, Any]:
    """JSON, or the JSON-like text with single quotes that templates show: {'color':'blue','ranking':1}."""
    quoted = _SINGLE_QUOTED.sub(_double_quoted, cell)
    for text in (cell, quoted):
        try:
            return cleaning.json_object(exact_json.loads(text))
        except exact_json.DecodeError:
            continue
    raise Problem(f"must be an object like {{'color':'blue','size':'XS'}} {actual(cell)}")


def _double_quoted(match: re.Match[str]) -> str:
    return exact_json.dumps(match[1].replace("\\'", "'")).decode() if match[2] == "'" else match[0]


async def _find_products(connection: Connection, project_id: int, changes: list[Change], _: datetime) -> list[Recheck]:
    """Put the product's own id into every change; one whose product does not exist gets a problem."""
    keys = sorted({change.values["product_id"] for change in changes if change.values.get("product_id")})
    rows = await lock_products(connection, project_id, keys)
    by_source_id = {row["source_id"]: row["id"] for row in rows}
    ids = {row["id"]: row["id"] for row in rows}
    missed: list[str] = []
    for change in changes:
        key = change.values.get("product_id")
        if key is None:
            continue
        product_id = ids.get(key) or by_source_id.get(key)
        if product_id is None:
            change.problems.append(f"Cannot find product with id {key}")
            missed.append(key)
        else:
            change.values["product_id"] = product_id

    async def is_one_there() -> bool:
        return bool(await lock_products(connection, project_id, missed))

    return [is_one_there] if missed else []


async def lock_products(connection: Connection, project_id: int, keys: list[str]) -> list[dict[str, Any]]:
    """Return the ids and source ids of the products that have one of these keys as either, and keep them from going."""
    return await (await connection.execute(_sql.find_products, {"project_id": project_id, "keys": keys})).fetchall()


SKU = UpsertSpec(
    noun="sku",
    prefix="sku_",
    source_id=Field(
        name="source_id",
        titles=("source_id",),
        required=True,
        synonyms=(
            "variant sku", "sku id", "sku code", "sku number", "variant id", "variant code", "external id",
            "reference", "variantennummer", "id wariantu", "id de variante",
        ),
    ),
    fields=(
        key_field(
            "product_id", "product_id", required=True, is_parent=True, filters={},
            synonyms=(
                "product", "product code", "product number", "product key", "parent id", "parent product",
                "produkt", "produkt id", "artikelnummer", "produktnummer", "id produktu", "produit", "id produit",
                "producto", "id de producto",
            ),
        ),
        text_field(
            "sku", "sku", clean=cleaning.trimmed, description="What it is called.",
            synonyms=(
                "sku name", "name", "title", "variant", "variant name", "variante", "bezeichnung", "wariant",
                "nazwa", "nom", "nombre",
            ),
        ),
        amount_field(
            "price", "price",
            synonyms=(
                "regular price", "variant price", "online price", "price incl tax", "brutto vk", "vk brutto",
                "bruttopreis", "preis brutto", "verkaufspreis brutto", "vk preis", "unit price", "amount", "cost",
                "value", "list price", "retail price", "rrp", "msrp", "preis", "betrag", "einzelpreis",
                "verkaufspreis", "cena", "prix", "prix unitaire", "precio", "precio unitario",
            ),
        ),
        text_field(
            "currency", "currency",
            synonyms=(
                "currency code", "währung", "waluta", "devise", "monnaie", "moneda", "divisa",
            ),
        ),
        Field(
            name="attributes", clean=cleaning.json_object, titles=("attributes",), clean_cell=_cell_attributes,
            default={}, grows=True, json_type=dict[str, Any],
            synonyms=(
                "attribute", "properties", "options", "variants", "eigenschaften", "merkmale", "cechy", "atrybuty",
                "attributs", "atributos",
            ),
        ),
        text_field(
            "image_url", "image_url", shape="link",
            synonyms=(
                "image src", "images", "image 1", "image url 1", "main image", "base image", "bild 1", "bilder",
                "image", "picture", "photo", "image link", "picture url", "photo url", "bild", "bild url",
                "bildlink", "zdjęcie", "url de l'image", "imagen", "foto", "url de imagen",
            ),
        ),
    ),
    table_name="skus",
    title="SKU",
    source_id_required=True,
    resolve=_find_products,
    depends_on=(PROJECT, SCHEMAS, PRODUCTS),
    list_declaration=ListDeclaration(orders=CATALOGUE_ORDERS, shortcuts=CATALOGUE_SHORTCUTS),
    recognition=Recognition(prefixes=("variant", "item")),
    endpoints=(),  # below their product's
)  # fmt: skip
