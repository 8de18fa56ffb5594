"""What people call our columns in their own files: English, then German, Polish, French and Spanish where obvious.

By kind of rows and by the field's title in files. Words are compared without regard to case, accents and signs.
"""

_DATES = {
    "Start Date": (
        "valid from", "starts", "starts at", "starts on", "starts at utc", "begin", "begin date", "active from",
        "issue date", "issued",
        "gültig ab", "gueltig ab", "gültig von", "startdatum", "beginn", "ab", "ważny od", "data rozpoczęcia",
        "début", "date de début", "valable du", "valide du", "fecha de inicio", "inicio", "válido desde",
    ),
    "Expiration Date": (
        "valid until", "valid to", "valid till", "valid through", "expires", "expires at", "expires on", "expiry",
        "expiry date", "redeem by", "use by", "expiration time", "expires at utc", "expiration", "expire date",
        "end", "end date", "ends", "ends at", "active until", "best before",
        "gültig bis", "gueltig bis", "ablaufdatum", "ablauf", "enddatum", "bis", "läuft ab", "ważny do",
        "data ważności",
        "data zakończenia", "date d'expiration", "expire le", "valable jusqu'au", "date de fin", "fecha de caducidad",
        "caducidad", "vencimiento", "fecha de vencimiento", "válido hasta", "fin",
    ),
}  # fmt: skip
_CODE = {
    "Code": (
        "id", "voucher", "voucher code", "voucher number", "voucher no", "voucher id", "coupon", "coupon code",
        "coupon number",
        "coupon id", "promo code", "promo", "promotion code", "discount code", "gift code", "gift card",
        "gift card code",
        "gift card number", "card number", "card code", "serial", "serial number", "gutschein", "gutscheincode",
        "gutscheinnummer", "gutschein nr", "rabattcode", "aktionscode", "kartennummer", "kod", "kod kuponu",
        "kod rabatowy", "kod vouchera", "kupon", "code promo", "code de réduction", "bon", "bon de réduction",
        "numéro de bon", "código", "código de cupón", "código promocional", "cupón", "vale",
    ),
}  # fmt: skip
_VOUCHER_STATE = {
    **_DATES,
    "Active": (
        "enabled", "is active", "valid", "is valid", "aktiv", "aktywny", "actif", "activo", "activated", "usable",
    ),
    "Category": ("categories", "group", "kategorie", "gruppe", "kategoria", "catégorie", "categoría", "grupo"),
    "Redemption Limit": (
        "limit", "usage limit per code", "usage limit per coupon", "max usage", "max uses", "maximum uses",
        "max redemptions", "uses", "usage limit", "redemptions", "quantity",
        "number of uses", "redemption quantity", "einlöselimit", "einlösungen", "anzahl", "nutzungen", "limit użyć",
        "liczba użyć", "nombre d'utilisations", "utilisations", "límite de usos", "usos",
    ),
    "Redeemed Quantity": (
        "redeemed", "used", "times used", "times redeemed", "redemption count", "uses so far", "usage count",
        "used count",
        "times used in total", "number of redemptions", "eingelöst", "verwendet",
        "wykorzystano", "utilisé", "usado", "canjeado",
    ),
    "Redeemed Amount": (
        "amount redeemed", "spent", "amount used", "used amount", "eingelöster betrag", "verbraucht", "wydano",
        "montant utilisé", "importe usado",
    ),
    "Additional Info": (
        "info", "additional information", "note", "notes", "comment", "comments", "remark", "remarks", "description",
        "notiz", "bemerkung", "kommentar", "beschreibung", "zusatzinfo", "uwagi", "opis", "notatka", "remarque",
        "commentaire", "nota", "comentario", "observaciones",
    ),
}  # fmt: skip

_PRICE = (
    "regular price", "variant price", "online price", "price incl tax", "brutto vk", "vk brutto", "bruttopreis",
    "preis brutto", "verkaufspreis brutto", "vk preis", "unit price", "amount", "cost", "value", "list price",
    "retail price", "rrp", "msrp", "preis", "betrag",
    "einzelpreis", "verkaufspreis", "cena", "prix", "prix unitaire", "precio", "precio unitario",
)  # fmt: skip
_IMAGE = (
    "image src", "images", "image 1", "image url 1", "main image", "base image", "bild 1", "bilder", "image",
    "picture", "photo", "image link", "picture url", "photo url", "bild", "bild url", "bildlink", "zdjęcie",
    "url de l'image", "imagen", "foto", "url de imagen",
)  # fmt: skip
_ATTRIBUTES = ("attribute", "properties", "options", "variants", "eigenschaften", "merkmale", "cechy", "atrybuty",
               "attributs", "atributos")  # fmt: skip

SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "vouchers": {
        **_CODE,
        **_VOUCHER_STATE,
        "Voucher Type": ("type", "kind", "coupon type", "gutscheinart", "art", "typ", "gutscheintyp", "rodzaj",
                         "typ vouchera", "type de bon", "tipo", "tipo de cupón"),
        "Value": (
            "amount", "amount off", "percent", "percent off", "percentage", "discount", "discount value",
            "discount amount", "discount percent", "gift amount", "gift value", "balance", "worth", "points", "off",
            "unit off", "face value", "wert", "betrag", "rabatt", "nachlass", "prozent", "guthaben", "wartość", "kwota",
            "rabat", "zniżka", "procent", "valeur", "montant", "remise", "réduction", "pourcentage", "solde", "valor",
            "importe", "descuento", "porcentaje", "saldo",
        ),
        "Discount Type": ("value type", "discount kind", "type of discount", "rabattart", "rabatttyp", "typ rabatu",
                          "rodzaj rabatu",
                          "type de remise", "type de réduction", "tipo de descuento"),
        "Discount Effect": ("effect", "applies to", "apply to", "wirkung", "gilt für", "efekt", "effet", "efecto"),
        "Validation Rule ID": ("validation rule", "validation rules", "rule", "rule id", "regel", "reguła", "règle",
                               "regla"),
    },
    "campaign-vouchers": {
        **_CODE,
        **_VOUCHER_STATE,
        "Loyalty Points": ("points", "point balance", "loyalty balance", "punkte", "treuepunkte", "punkty",
                           "punkty lojalnościowe", "points de fidélité", "puntos", "puntos de fidelidad"),
        "Gift Amount": ("gift", "gift value", "amount", "balance", "gift balance", "guthaben", "betrag",
                        "geschenkbetrag", "kwota", "saldo", "montant", "solde", "importe"),
    },
    "customers": {
        "Source_id": (
            "customer id", "customer number", "customer no", "customer key", "client id", "user id", "member id",
            "external id", "external key", "crm id", "square customer id", "klaviyo id", "shopify id", "hubspot id",
            "record id", "record id contact", "contact id", "contact key", "profile id", "debitorennummer",
            "debitor nr", "adressnummer", "reference id", "reference", "kundennummer", "kundennr", "kunden nr",
            "kunden id",
            "mitgliedsnummer", "identyfikator", "id klienta", "numer klienta", "numéro client", "identifiant",
            "id client", "número de cliente", "id de cliente", "identificador",
        ),
        "Name": (
            "full name", "first and last name", "customer name", "display name", "customer", "client", "contact",
            "contact name", "kunde",
            "kundenname", "vollständiger name", "vor und nachname", "imię i nazwisko", "nazwa", "klient", "nom",
            "nom complet",
            "nom et prénom",
            "nombre", "nombre completo", "nombre y apellidos", "cliente",
        ),
        "Email": (
            "e mail", "mail", "email address", "mail address", "customer email", "contact email", "emailadresse",
            "e mail adresse", "adres email", "adres e mail", "courriel", "adresse email", "adresse e mail", "correo",
            "correo electrónico", "dirección de correo",
        ),
        "Phone": (
            "phone number", "telephone", "telephone number", "tel", "mobile", "mobile number", "mobile phone", "cell",
            "cell phone", "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer", "numer telefonu",
            "komórka", "téléphone", "portable", "teléfono", "móvil", "número de teléfono",
        ),
        "Description": ("memo", "note", "notes", "comment", "comments", "remark", "beschreibung", "notiz",
                        "bemerkung", "opis",
                        "uwagi", "remarque", "descripción", "nota", "comentario"),
        "Birthdate": (
            "birth date", "date of birth", "dob", "born", "birth day", "geburtsdatum", "geburtstag", "geboren",
            "data urodzenia", "urodziny", "date de naissance", "naissance", "anniversaire", "fecha de nacimiento",
            "nacimiento", "cumpleaños",
        ),
        "Address_line_1": (
            "address", "street address 1", "street 1", "street address line 1", "street name", "address 1",
            "address line", "street", "street address", "address line 1", "line 1", "adresse",
            "straße", "strasse", "straße und hausnummer", "anschrift", "adres", "ulica", "rue", "dirección", "calle",
            "domicilio",
        ),
        "Address_line_2": ("street address 2", "street 2", "street address line 2", "address line 2", "address 2",
                           "apartment", "suite", "unit", "line 2", "adresszusatz", "zusatz", "mieszkanie",
                           "complément d'adresse", "piso"),
        "Postal_Code": (
            "zip", "zip code", "postcode", "post code", "postal", "plz", "postleitzahl", "kod pocztowy", "code postal",
            "código postal", "cp",
        ),
        "City": ("town", "locality", "ort", "stadt", "wohnort", "miasto", "miejscowość", "ville", "commune", "ciudad",
                 "población", "localidad"),
        "State": ("state province", "state region", "state code", "province code", "region code", "province",
                  "region", "county", "bundesland", "kanton", "województwo", "région", "département",
                  "estado", "provincia"),
        "Country": ("country region", "country name", "nation", "country code", "land", "staat", "kraj", "państwo",
                    "pays", "país"),
    },
    "products": {
        "source_id": (
            "product id", "product number", "product no", "product code", "product key", "item id", "item number",
            "item code", "article number", "sku", "handle", "product sku", "product code sku", "ean", "gtin",
            "external id", "reference", "artikelnummer",
            "artikel nr", "produktnummer",
            "produkt id", "numer produktu", "kod produktu", "id produktu", "référence", "référence produit", "ref",
            "código de producto", "id de producto", "referencia",
        ),
        "name": (
            "product name", "title", "product", "product title", "item", "item name", "article", "label", "artikel",
            "artikelname", "produkt", "produktname", "bezeichnung", "nazwa", "nazwa produktu", "nom", "nom du produit",
            "produit", "désignation", "nombre", "nombre del producto", "producto", "artículo", "título",
        ),
        "price": _PRICE,
        "attributes": _ATTRIBUTES,
        "image_url": _IMAGE,
    },
    "skus": {
        "source_id": (
            "variant sku", "sku id", "sku code", "sku number", "variant id", "variant code", "external id", "reference",
            "variantennummer", "id wariantu", "id de variante",
        ),
        "product_id": ("product", "product code", "product number", "product key", "parent id", "parent product",
                       "produkt", "produkt id", "artikelnummer", "produktnummer", "id produktu", "produit",
                       "id produit", "producto", "id de producto"),
        "sku": ("sku name", "name", "title", "variant", "variant name", "variante", "bezeichnung", "wariant", "nazwa",
                "nom", "nombre"),
        "price": _PRICE,
        "currency": ("currency code", "währung", "waluta", "devise", "monnaie", "moneda", "divisa"),
        "attributes": _ATTRIBUTES,
        "image_url": _IMAGE,
    },
}  # fmt: skip
