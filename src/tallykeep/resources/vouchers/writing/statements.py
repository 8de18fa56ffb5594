"""The statements that write vouchers, filled in from the list of their fields."""

from typing import LiteralString

from psycopg import sql

from tallykeep.core import exact_json
from tallykeep.db.queries import queries
from tallykeep.resources.fields.field import Field
from tallykeep.resources.vouchers.fields import DRAFTED

_sql = queries(__package__, "store.sql")


def _default(field: Field) -> sql.Literal:
    """Return what null resets the field's column to."""
    return sql.Literal(exact_json.dumps(field.default).decode() if field.has_json_default else field.default)


def _inserted(field: Field) -> sql.Composable:
    """Return what a new voucher has in the field's column."""
    column = sql.Identifier(field.column_name)
    if field.default is None:
        return column
    return sql.SQL(_sql.value_or_default).format(column=column, default=_default(field))


def _merged(field: Field) -> sql.Composable:
    """Return what becomes of the field's column of a voucher that exists."""
    column = sql.Identifier(field.column_name)
    if field.grows:
        return sql.SQL(_sql.added_to).format(column=column)
    name = sql.Literal(field.column_name)
    return sql.SQL(_sql.replaced).format(column=column, name=name, default=_default(field))


_PARTS = {
    "columns": sql.SQL(", ").join([sql.Identifier(field.column_name) for field in DRAFTED]),
    "inserted": sql.SQL(", ").join(list(map(_inserted, DRAFTED))),
    "merged": sql.SQL(", ").join([_merged(field) for field in DRAFTED if not field.stays]),
}


def _filled(form: LiteralString) -> bytes:
    return sql.SQL(form).format(**_PARTS).as_bytes(None)


CREATE_STAGE = _filled(_sql.create_stage)
COPY_STAGE = _filled(_sql.copy_stage)
COPY_NEW = _filled(_sql.copy_new)
INSERT_STAGED = _filled(_sql.insert_staged)
UPDATE_EXISTING = _filled(_sql.update_existing)
