"""The fields of a product, in JSON and in files (public API documentation, schema ProductsCreateRequestBody)."""

from typing import Any

from tallykeep.core.compatibility import Compatibility
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual
from tallykeep.resources.fields.field import Field
from tallykeep.resources.metadata.cell_types import array_in
from tallykeep.resources.products.listing import CATALOGUE_ORDERS, CATALOGUE_QUERY, CATALOGUE_SHORTCUTS
from tallykeep.resources.upserts.declaring.declarations import ListDeclaration, Recognition
from tallykeep.resources.upserts.declaring.field_types import amount_field, text_field
from tallykeep.resources.upserts.spec import UpsertSpec


def _attributes(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Problem(f"must be an array of strings {actual(value)}")
    return list(map(cleaning.text, value))


def _cell_attributes(cell: str) -> list[str]:
    """A JSON array of strings, or items with commas between them."""
    items = array_in(cleaning.text(cell))
    if items is not None:
        return _attributes(items)
    return [item.strip() for item in cell.split(",") if item.strip()]


PRODUCT = UpsertSpec(
    noun="product",
    prefix="prod_",
    source_id=Field(
        name="source_id",
        titles=("source_id",),
        synonyms=(
            "product id", "product number", "product no", "product code", "product key", "item id", "item number",
            "item code", "article number", "sku", "handle", "product sku", "product code sku", "ean", "gtin",
            "external id", "reference", "artikelnummer", "artikel nr", "produktnummer", "produkt id",
            "numer produktu", "kod produktu", "id produktu", "référence", "référence produit", "ref",
            "código de producto", "id de producto", "referencia",
        ),
    ),
    fields=(
        text_field(
            "name", "name", required=True, in_summary=True, searched=True,
            synonyms=(
                "product name", "title", "product", "product title", "item", "item name", "article", "label",
                "artikel", "artikelname", "produkt", "produktname", "bezeichnung", "nazwa", "nazwa produktu", "nom",
                "nom du produit", "produit", "désignation", "nombre", "nombre del producto", "producto", "artículo",
                "título",
            ),
        ),
        amount_field(
            "price", "price", in_summary=True,
            synonyms=(
                "regular price", "variant price", "online price", "price incl tax", "brutto vk", "vk brutto",
                "bruttopreis", "preis brutto", "verkaufspreis brutto", "vk preis", "unit price", "amount", "cost",
                "value", "list price", "retail price", "rrp", "msrp", "preis", "betrag", "einzelpreis",
                "verkaufspreis", "cena", "prix", "prix unitaire", "precio", "precio unitario",
            ),
        ),
        Field(
            name="attributes", clean=_attributes, titles=("attributes",), clean_cell=_cell_attributes, default=[],
            json_type=list[str], description="What its SKUs differ in.",
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
    table_name="products",
    list_declaration=ListDeclaration(
        orders=CATALOGUE_ORDERS, shortcuts={"name": ("name", "$is"), **CATALOGUE_SHORTCUTS}
    ),
    recognition=Recognition(
        prefixes=("item", "article", "produkt", "artikel", "produit", "producto"),
        expected=(("name",), ("price", "attributes", "image_url")),
    ),
    endpoints=("list", "create", "update"),  # the others deal with its SKUs, too
    compatibility={"list": Compatibility(query=CATALOGUE_QUERY, absent=("skus",))},
)  # fmt: skip
