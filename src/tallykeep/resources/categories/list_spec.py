"""How lists of vouchers and campaigns are filtered by the categories that these carry labels of."""

from dataclasses import replace

from tallykeep.db.queries import queries
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.filters import Condition, Filter
from tallykeep.resources.lists.conditions import text

_sql = queries(__package__, "list_spec.sql")


def _as_list(value: str) -> list[str]:
    return [cleaning.text(value)]


# By way of the labels that stand for the values: they are looked up once, not for every row.
_IS_ONE_OF = Condition(sql=_sql.is_one_of, read=cleaning.text, many=True)
_IS_NONE_OF = Condition(sql=_sql.is_none_of, read=cleaning.text, many=True)
_SHOWN = text(_sql.name)

# The category as it is shown; where whole values are compared, its id may stand for its name.
CATEGORY = Filter(
    {
        **_SHOWN.conditions,
        "$is": replace(_IS_ONE_OF, read=_as_list, many=False),
        "$is_not": replace(_IS_NONE_OF, read=_as_list, many=False),
        "$in": _IS_ONE_OF,
        "$not_in": _IS_NONE_OF,
    },
    _SHOWN.column,
)
CATEGORY_ID = text(_sql.category_id)
