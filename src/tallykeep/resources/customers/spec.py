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
from tallykeep.resources.upserts.spec import Upserted
from tallykeep.resources.upserts.statements import Table

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

CUSTOMER_PURGE = Purge("customers", key="id", own_timestamps=True)


def _email(value: Any) -> str:
    """An email address as far as it can be told without sending to it; an empty one stands for none."""
    address: str = cleaning.text(value)
    if address and not _EMAIL.fullmatch(address):
        raise Problem(f"must be an email address like name@example.com {actual(value)}")
    return address


def _text(name: str, *titles: str, inside: str | None = None) -> Field:
    return Field(name=name, clean=cleaning.text, titles=titles, clean_cell=cleaning.text, inside=inside)


CUSTOMER = Upserted(
    noun="customer",
    prefix="cust_",
    fields=(
        _text("name", "Name"),
        Field(name="email", clean=_email, titles=("Email",), clean_cell=_email, is_plain=_EMAIL.fullmatch),
        _text("phone", "Phone"),
        _text("description", "Description"),
        Field(
            name="birthdate",
            older_name="birthday",
            clean=cleaning.day,
            titles=("Birthday", "Birthdate"),
            clean_cell=spellings.lenient(cleaning.day, spellings.iso_date),
        ),
        _text("line_1", "Address_line_1", inside="address"),
        _text("line_2", "Address_line_2", inside="address"),
        _text("postal_code", "Address_Postal_Code", "Postal_Code", inside="address"),
        _text("city", "Address_City", "City", inside="address"),
        _text("state", "Address_State", "State", inside="address"),
        _text("country", "Address_Country", "Country", inside="address"),
    ),
    table=Table(
        name="customers",
        columns=("name", "email", "phone", "description", "birthdate", "address", "metadata"),
        json_columns=("address", "metadata"),
        objects=("address", "metadata"),
        own_timestamps=True,
    ),
)


async def upsert_customers(connection: Connection, claimed: ClaimedBatch) -> Upsert:
    """Begin one batch of changes to customers."""
    return await begin_upsert(connection, claimed, CUSTOMER)
