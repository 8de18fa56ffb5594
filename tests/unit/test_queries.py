"""Files of SQL: the text of each query, its comments left out, with parameters as psycopg takes them."""

import pytest

from tallykeep.db.queries import parse

_TWO = """-- What is in front of the first one is of all of them.

-- name: first
-- A comment: not sent, so :that is none of its parameters.
SELECT id FROM things
WHERE id = :id AND kind = ANY (:kinds::text[])
    -- Neither is this.
    AND note <> 'at 10:30, :note' AND ":odd" <> '' -- but what stands behind a line is

-- name: second!
DELETE FROM things WHERE id = :id
"""


def test_each_query_is_a_text_by_its_name() -> None:
    parsed = parse(_TWO, "two.sql")
    assert vars(parsed) == {
        "first": (
            "SELECT id FROM things\nWHERE id = %(id)s AND kind = ANY (%(kinds)s::text[])\n"
            "    AND note <> 'at 10:30, :note' AND \":odd\" <> '' -- but what stands behind a line is"
        ),
        "second": "DELETE FROM things WHERE id = %(id)s",
    }
    with pytest.raises(AttributeError, match="no query 'third'"):
        _ = parsed.third


@pytest.mark.parametrize(
    "text",
    [
        "-- name: first\nSELECT 1\n-- name: first\nSELECT 2\n",
        "-- name: first\n-- name: second\nSELECT 2\n",
        "-- name: first\n-- nothing but a comment\n",
        "-- name: first one\nSELECT 1\n",
        "-- name: first\nSELECT 1\n-- name: the second\nSELECT 2\n",
        "-- name:first\nSELECT 1\n",
    ],
)
def test_a_malformed_file_is_told_when_it_is_loaded(text: str) -> None:
    with pytest.raises(ValueError, match=r"odd\.sql"):
        parse(text, "odd.sql")
