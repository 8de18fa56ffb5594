"""Health and status."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import Time


class Alive(TypedDict):
    """The process answers."""

    status: Literal["ok"]


class Ready(TypedDict):
    """Requests and work will be served."""

    status: Literal["ok"]
    workers: int


class DatabaseStatus(TypedDict):
    """The state of the database."""

    version: str
    size_bytes: int
    answer_seconds: float
    clock_ahead_seconds: Annotated[float, Field(description="How far its clock is ahead of the server's.")]
    revision: Annotated[str | None, Field(description="The revision of its schema.")]
    newest_revision: str
    embedded: bool
    trouble: str | None


class Disk(TypedDict):
    """The disk that holds the embedded database."""

    free_bytes: int
    total_bytes: int


class ServerStatus(TypedDict):
    """The state of the server."""

    object: Literal["status"]
    version: str
    time: Time
    project: str
    key: Annotated[str, Field(description="The id of this request's key.")]
    workers: int
    database: DatabaseStatus
    disk: Disk | None
