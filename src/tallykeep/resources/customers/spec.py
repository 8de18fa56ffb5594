"""The fields of a customer, in JSON and in files (public API documentation, schema CustomerBase)."""

import re
from typing import Any

from tallykeep.core.compatibility import Compatibility
from tallykeep.resources.customers.loyalty import LOYALTY
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual
from tallykeep.resources.fields.field import Field
from tallykeep.resources.lists.spec import Order
from tallykeep.resources.upserts.declaring.declarations import Endpoint, ListDeclaration, Recognition
from tallykeep.resources.upserts.declaring.field_types import day_field, text_field
from tallykeep.resources.upserts.spec import UpsertSpec

EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

_COMPUTED = tuple(each.name for each in LOYALTY)
_REFUSED = {"segment_id": "is not supported by this version, which has no segments; leave it out"}
_COMPATIBILITY: dict[Endpoint, Compatibility] = {
    "list": Compatibility(
        query=(
            "limit", "page", "email", "city", "name", "segment_id", "created_at[before]", "created_at[after]",
            "updated_at[before]", "updated_at[after]", "order", "starting_after",
        ),
        refused=tuple(_REFUSED),
        empty=_COMPUTED,
    ),
    "get": Compatibility(empty=_COMPUTED, absent=("assets",)),
}  # fmt: skip


def _email(value: Any) -> str:
    """Return the email address, checked as far as is possible without writing to it; an empty one stands for none."""
    address: str = cleaning.text(value)
    if address and not EMAIL.fullmatch(address):
        raise Problem(f"must be an email address like name@example.com {actual(value)}")
    return address


CUSTOMER = UpsertSpec(
    noun="customer",
    prefix="cust_",
    source_id=Field(
        name="source_id",
        titles=("Source_id",),
        shape="key_or_email",
        synonyms=(
            "customer id", "customer number", "customer no", "customer key", "client id", "user id", "member id",
            "external id", "external key", "crm id", "square customer id", "klaviyo id", "shopify id", "hubspot id",
            "record id", "record id contact", "contact id", "contact key", "profile id", "debitorennummer",
            "debitor nr", "adressnummer", "reference id", "reference", "kundennummer", "kundennr", "kunden nr",
            "kunden id", "mitgliedsnummer", "identyfikator", "id klienta", "numer klienta", "numéro client",
            "identifiant", "id client", "número de cliente", "id de cliente", "identificador",
        ),
    ),
    fields=(
        text_field(
            "name", "Name", shape="name", in_summary=True, searched=True,
            synonyms=(
                "full name", "first and last name", "customer name", "display name", "customer", "client",
                "contact", "contact name", "kunde", "kundenname", "vollständiger name", "vor und nachname",
                "imię i nazwisko", "nazwa", "klient", "nom", "nom complet", "nom et prénom", "nombre",
                "nombre completo", "nombre y apellidos", "cliente",
            ),
        ),
        text_field(
            "email", "Email", clean=_email, clean_cell=_email, is_plain=EMAIL.fullmatch, shape="email",
            in_summary=True, searched=True,
            synonyms=(
                "e mail", "mail", "email address", "mail address", "customer email", "contact email",
                "emailadresse", "e mail adresse", "adres email", "adres e mail", "courriel", "adresse email",
                "adresse e mail", "correo", "correo electrónico", "dirección de correo",
            ),
        ),
        text_field(
            "phone", "Phone", shape="phone",
            synonyms=(
                "phone number", "telephone", "telephone number", "tel", "mobile", "mobile number", "mobile phone",
                "cell", "cell phone", "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer",
                "numer telefonu", "komórka", "téléphone", "portable", "teléfono", "móvil", "número de teléfono",
            ),
        ),
        text_field(
            "description", "Description",
            synonyms=(
                "memo", "note", "notes", "comment", "comments", "remark", "beschreibung", "notiz", "bemerkung",
                "opis", "uwagi", "remarque", "descripción", "nota", "comentario",
            ),
        ),
        day_field(
            "birthdate", "Birthday", "Birthdate", older_name="birthday",
            synonyms=(
                "birth date", "date of birth", "dob", "born", "birth day", "geburtsdatum", "geburtstag", "geboren",
                "data urodzenia", "urodziny", "date de naissance", "naissance", "anniversaire",
                "fecha de nacimiento", "nacimiento", "cumpleaños",
            ),
        ),
        text_field(
            "line_1", "Address_line_1", inside="address",
            synonyms=(
                "address", "street address 1", "street 1", "street address line 1", "street name", "address 1",
                "address line", "street", "street address", "address line 1", "line 1", "adresse", "straße",
                "strasse", "straße und hausnummer", "anschrift", "adres", "ulica", "rue", "dirección", "calle",
                "domicilio",
            ),
        ),
        text_field(
            "line_2", "Address_line_2", inside="address",
            synonyms=(
                "street address 2", "street 2", "street address line 2", "address line 2", "address 2", "apartment",
                "suite", "unit", "line 2", "adresszusatz", "zusatz", "mieszkanie", "complément d'adresse", "piso",
            ),
        ),
        text_field(
            "postal_code", "Address_Postal_Code", "Postal_Code", inside="address",
            synonyms=(
                "zip", "zip code", "postcode", "post code", "postal", "plz", "postleitzahl", "kod pocztowy",
                "code postal", "código postal", "cp",
            ),
        ),
        text_field(
            "city", "Address_City", "City", inside="address", in_summary=True,
            synonyms=(
                "town", "locality", "ort", "stadt", "wohnort", "miasto", "miejscowość", "ville", "commune",
                "ciudad", "población", "localidad",
            ),
        ),
        text_field(
            "state", "Address_State", "State", inside="address",
            synonyms=(
                "state province", "state region", "state code", "province code", "region code", "province",
                "region", "county", "bundesland", "kanton", "województwo", "région", "département", "estado",
                "provincia",
            ),
        ),
        text_field(
            "country", "Address_Country", "Country", inside="address",
            synonyms=(
                "country region", "country name", "nation", "country code", "land", "staat", "kraj", "państwo",
                "pays", "país",
            ),
        ),
    ),
    table_name="customers",
    own_timestamps=True,
    computed=LOYALTY,
    list_declaration=ListDeclaration(
        orders={"source_id": Order("source_id", nullable=True)},
        shortcuts={"email": ("email", "$is"), "city": ("address_city", "$is"), "name": ("name", "$is")},
        refused=_REFUSED,
        cursor="starting_after",
        max_page=99,
    ),
    recognition=Recognition(
        prefixes=(
            "defaultaddress", "billingaddress", "billing", "primary", "client", "user", "member", "contact",
            "address", "kunde", "kunden", "klient",
        ),
        expected=(("email", "phone", "address", "birthdate", "description"), ("name", "source_id", "id")),
    ),
    compatibility=_COMPATIBILITY,
)  # fmt: skip
