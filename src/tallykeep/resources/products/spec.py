"""The fields of a product, in JSON and in files (public API documentation, schema ProductsCreateRequestBody)."""

from tallykeep.core.compatibility import Compatibility
from tallykeep.resources.fields.array_cells import text_array, text_array_cell
from tallykeep.resources.fields.field import Field
from tallykeep.resources.products.listing import CATALOGUE_ORDERS, CATALOGUE_QUERY, CATALOGUE_SHORTCUTS
from tallykeep.resources.upserts.declaring.declarations import ListDeclaration, Recognition
from tallykeep.resources.upserts.declaring.field_types import amount_field, text_field
from tallykeep.resources.upserts.spec import UpsertSpec

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
            name="attributes", clean=text_array, titles=("attributes",), clean_cell=text_array_cell, default=[],
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
