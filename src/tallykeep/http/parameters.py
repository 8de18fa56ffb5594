"""Query parameters that several routes share."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BeforeValidator

from tallykeep.resources import cleaning
from tallykeep.resources.cleaning import Problem


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        # A plus sign that was not escaped arrives as a space.
        return datetime.fromisoformat(cleaning.moment(value.replace(" ", "+")))
    except Problem:
        raise ValueError("cannot be recognized as a ISO-8601 compliant date") from None


Limit = Annotated[int, Query(ge=1, le=100, description="How many at most, 1 to 100.")]
Page = Annotated[int, Query(ge=1, le=99, description="Which page, 1 to 99.")]
Moment = Annotated[datetime, BeforeValidator(_moment), Query(description="2016-11-16T14:14:31Z or 2016-11-16")]
