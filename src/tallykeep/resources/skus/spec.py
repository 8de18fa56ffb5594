"""The fields of a SKU, in JSON and in files (public API documentation, schema ProductsSkusCreateRequestBody)."""

from typing import Any

from tallykeep.db.gates import PRODUCTS, PROJECT, SCHEMAS
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.object_cells import object_cell
from tallykeep.resources.products.listing import CATALOGUE_ORDERS, CATALOGUE_SHORTCUTS
from tallykeep.resources.upserts.declaring.declarations import ListDeclaration, Recognition, Reference
from tallykeep.resources.upserts.declaring.field_types import amount_field, key_field, text_field
from tallykeep.resources.upserts.spec import UpsertSpec

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
            name="attributes", clean=cleaning.json_object, titles=("attributes",), clean_cell=object_cell,
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
    reference=Reference(field="product_id", noun="product", table="products"),
    depends_on=(PROJECT, SCHEMAS, PRODUCTS),
    list_declaration=ListDeclaration(orders=CATALOGUE_ORDERS, shortcuts=CATALOGUE_SHORTCUTS),
    recognition=Recognition(prefixes=("variant", "item")),
    endpoints=(),  # below their product's
    compatibility={},
)  # fmt: skip
