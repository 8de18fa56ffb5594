"""Bodies of the type application/x-www-form-urlencoded: a few short parameters, each at most once."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from tallykeep.api.requests.bodies import body_chunks
from tallykeep.core.errors import InvalidPayloadError
from tallykeep.formats.compression import Limit

URLENCODED = "application/x-www-form-urlencoded"
_MAX = Limit(16 << 10, "none: such forms are short")
_MAX_PARAMETERS = 100


async def read_parameters(request: Request) -> Mapping[str, str]:
    """Return the body's parameters; one without a value counts as left out (RFC 6749, section 3.2).

    Raises InvalidPayloadError for one that comes repeatedly and for what cannot be read, BodyTooLargeError.
    """
    body = b"".join([chunk async for chunk in body_chunks(request, _MAX)])
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        raise InvalidPayloadError(f"The body cannot be read as {URLENCODED}") from None
    names = [name for name, _ in pairs]
    if repeated := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise InvalidPayloadError(f"The parameter {repeated[0]} is there more than once")
    return {name: value for name, value in pairs if value.strip()}
