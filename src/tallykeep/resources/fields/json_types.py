"""Types of values in JSON, as the OpenAPI document describes them."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Cents = Annotated[int | None, Field(description="In cents.")]
Metadata = Annotated[
    dict[str, Any], Field(description="Values under keys of your own; a metadata schema may say what they have to be.")
]
