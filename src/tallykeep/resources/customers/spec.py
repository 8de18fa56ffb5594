"""What a customer is: its fields in JSON and in files (public API documentation, schema CustomerBase)."""

import re
from typing import Any

from tallykeep.core.batch import ClaimedBatch
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields import validators as cleaning
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.validators import Problem, actual
from tallykeep.resources.metadata.purge import Purge
from tallykeep.resources.upserts.operation import Upsert, begin_upsert
from tallykeep.resources.upserts.spec import UpsertSpec

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

CUSTOMER_PURGE = Purge("customers", key="id", own_timestamps=True)


def _email(value: Any) -> str:
    """An email address as far as it can be told without sending to it; an empty one stands for none."""
    address: str = cleaning.text(value)
    if address and not _EMAIL.fullmatch(address):
        raise Problem(f"must be an email address like name@example.com {actual(value)}")
    return address


def _text(name: str, *titles: str, inside: str | None = None, synonyms: tuple[str, ...]) -> Field:
    return Field(
        name=name, clean=cleaning.text, titles=titles, clean_cell=cleaning.text, inside=inside, synonyms=synonyms
    )


CUSTOMER = UpsertSpec(
    noun="customer",
    prefix="cust_",
    source_id=Field(
        name="source_id",
        titles=("Source_id",),
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
        _text(
            "name", "Name",
            synonyms=(
                "full name", "first and last name", "customer name", "display name", "customer", "client",
                "contact", "contact name", "kunde", "kundenname", "vollständiger name", "vor und nachname",
                "imię i nazwisko", "nazwa", "klient", "nom", "nom complet", "nom et prénom", "nombre",
                "nombre completo", "nombre y apellidos", "cliente",
            ),
        ),
        Field(
            name="email", clean=_email, titles=("Email",), clean_cell=_email, is_plain=_EMAIL.fullmatch,
            synonyms=(
                "e mail", "mail", "email address", "mail address", "customer email", "contact email",
                "emailadresse", "e mail adresse", "adres email", "adres e mail", "courriel", "adresse email",
                "adresse e mail", "correo", "correo electrónico", "dirección de correo",
            ),
        ),
        _text(
            "phone", "Phone",
            synonyms=(
                "phone number", "telephone", "telephone number", "tel", "mobile", "mobile number", "mobile phone",
                "cell", "cell phone", "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer",
                "numer telefonu", "komórka", "téléphone", "portable", "teléfono", "móvil", "número de teléfono",
            ),
        ),
        _text(
            "description", "Description",
            synonyms=(
                "memo", "note", "notes", "comment", "comments", "remark", "beschreibung", "notiz", "bemerkung",
                "opis", "uwagi", "remarque", "descripción", "nota", "comentario",
            ),
        ),
        Field(
            name="birthdate",
            older_name="birthday",
            clean=cleaning.day,
            titles=("Birthday", "Birthdate"),
            clean_cell=spellings.lenient(cleaning.day, spellings.iso_date),
            synonyms=(
                "birth date", "date of birth", "dob", "born", "birth day", "geburtsdatum", "geburtstag", "geboren",
                "data urodzenia", "urodziny", "date de naissance", "naissance", "anniversaire",
                "fecha de nacimiento", "nacimiento", "cumpleaños",
            ),
        ),
        _text(
            "line_1", "Address_line_1", inside="address",
            synonyms=(
                "address", "street address 1", "street 1", "street address line 1", "street name", "address 1",
                "address line", "street", "street address", "address line 1", "line 1", "adresse", "straße",
                "strasse", "straße und hausnummer", "anschrift", "adres", "ulica", "rue", "dirección", "calle",
                "domicilio",
            ),
        ),
        _text(
            "line_2", "Address_line_2", inside="address",
            synonyms=(
                "street address 2", "street 2", "street address line 2", "address line 2", "address 2", "apartment",
                "suite", "unit", "line 2", "adresszusatz", "zusatz", "mieszkanie", "complément d'adresse", "piso",
            ),
        ),
        _text(
            "postal_code", "Address_Postal_Code", "Postal_Code", inside="address",
            synonyms=(
                "zip", "zip code", "postcode", "post code", "postal", "plz", "postleitzahl", "kod pocztowy",
                "code postal", "código postal", "cp",
            ),
        ),
        _text(
            "city", "Address_City", "City", inside="address",
            synonyms=(
                "town", "locality", "ort", "stadt", "wohnort", "miasto", "miejscowość", "ville", "commune",
                "ciudad", "población", "localidad",
            ),
        ),
        _text(
            "state", "Address_State", "State", inside="address",
            synonyms=(
                "state province", "state region", "state code", "province code", "region code", "province",
                "region", "county", "bundesland", "kanton", "województwo", "région", "département", "estado",
                "provincia",
            ),
        ),
        _text(
            "country", "Address_Country", "Country", inside="address",
            synonyms=(
                "country region", "country name", "nation", "country code", "land", "staat", "kraj", "państwo",
                "pays", "país",
            ),
        ),
    ),
    table_name="customers",
    own_timestamps=True,
)  # fmt: skip


async def upsert_customers(connection: Connection, claimed: ClaimedBatch) -> Upsert:
    """Begin one batch of changes to customers."""
    return await begin_upsert(connection, claimed, CUSTOMER)
