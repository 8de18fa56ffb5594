"""How an endpoint differs from the reference API's of the same method and path.

Declared beside the route, published in /openapi.json as `x-compatibility`, written into docs/compatibility.md by
`make docs`. An endpoint that declares nothing is the same as the reference API's.
"""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Compatibility:
    """The differences; names are those of the wire format, `adds` and `differs` are phrases."""

    ours: bool = False  # the reference API has no such endpoint
    query: tuple[str, ...] | None = None  # the reference API's query parameters, where ours are others
    refused: tuple[str, ...] = ()  # fields of the body, or query parameters, answered with a 400 which names them
    kept: tuple[str, ...] = ()  # fields of the body, or columns, that are kept and shown, without effect
    unused: tuple[str, ...] = ()  # fields of the body that are accepted, without effect
    empty: tuple[str, ...] = ()  # fields of the answer that are always shown as empty
    absent: tuple[str, ...] = ()  # fields of the reference API's answer that ours never has
    added: tuple[str, ...] = ()  # fields of our answer that the reference API's does not have
    adds: tuple[str, ...] = ()  # what else only ours can
    differs: tuple[str, ...] = ()

    @property
    def extra(self) -> dict[str, Any]:
        """Return it as an extension of the operation in OpenAPI."""
        return {
            "x-compatibility": {
                name: value for name, value in asdict(self).items() if value or (value == () and name == "query")
            }
        }


OURS = Compatibility(ours=True).extra
