"""Keys of a project, and the tokens that they are given."""

from typing import Annotated, Literal, NotRequired, Required

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Time, TimeInput
from tallykeep.tenants.callers import KeyKind

Role = Literal["reader", "operator", "admin", "owner"]
_Kind = Annotated[
    KeyKind,
    Field(
        description="`app` for the API, `management` for the management API, `service` for tokens of"
        " POST /v2/oauth/token alone.",
        json_schema_extra={"default": "app"},
    ),
]
_Name = Annotated[str, Field(min_length=1, max_length=100, description="What it is for: 1 to 100 characters.")]
_Scopes = Annotated[
    list[str] | None, Field(description="Permissions of the role that it is narrowed down to; null for all of them.")
]
_Expiry = Annotated[TimeInput | None, Field(description="When it ends; null for never.")]
_Addresses = Annotated[
    list[str], Field(description="Networks that it may be used from, such as 192.0.2.0/24; none for all.")
]

_ProjectId = Annotated[str, Field(description="The project that the key is of.")]


class Key(TypedDict):
    """A key, without its token."""

    id: str
    project_id: _ProjectId
    kind: KeyKind
    name: str
    role: Role
    scopes: Annotated[list[str] | None, Field(description="Permissions that it is narrowed down to.")]
    expires_at: Time | None
    expired: bool
    addresses: Annotated[list[str], Field(description="Networks that it may be used from; none for all.")]
    last_used_at: Annotated[Time | None, Field(description="At most a minute behind.")]
    previous_token_until: Annotated[
        Time | None, Field(description="Until when the token before the last rotation works.")
    ]
    created_at: Time
    current: Annotated[bool, Field(description="Whether it is the key of this request.")]
    object: Literal["key"]


class CreatedKey(Key):
    """A key with a new token, which is shown only once."""

    token: str


class KeyList(TypedDict):
    """The project's keys, oldest first."""

    object: ListObject
    data_ref: Literal["keys"]
    keys: list[Key]
    total: int


class LackedPermission(TypedDict):
    """A permission that a key lacks."""

    permission: str
    why: Annotated[str, Field(description="What it permits, who has it, and how to get it.")]


class CurrentKey(TypedDict):
    """What the key of a request may do, and what not."""

    id: str
    project_id: _ProjectId
    kind: KeyKind
    role: Role
    permissions: Annotated[list[str], Field(description="Those of its role, as far as its scopes leave them.")]
    lacking: list[LackedPermission]
    object: Literal["current_key"]


class NewKey(TypedDict, total=False):
    """A key to create."""

    name: _Name
    kind: _Kind
    role: Required[Role]
    scopes: _Scopes
    expires_at: _Expiry
    addresses: _Addresses


class KeyUpdate(TypedDict, total=False):
    """What to change of a key; what is left out stays."""

    name: _Name
    role: Role
    scopes: _Scopes
    expires_at: _Expiry
    addresses: _Addresses


class KeyRotation(TypedDict, total=False):
    """How a key is rotated."""

    overlap_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=2_592_000,
            description="For how long the token before stays valid.",
            json_schema_extra={"default": 86_400},
        ),
    ]
    end_previous_token: Annotated[
        bool,
        Field(
            description="End the older of two tokens that work, from the last rotation, before its time.",
            json_schema_extra={"default": False},
        ),
    ]


_AccessToken = Annotated[str, Field(min_length=1, description="The token; it is sent as `Authorization: Bearer …`.")]
_ExpiresAt = Annotated[int, Field(description="When it expires, in seconds since 1970.")]
_ExpiresIn = Annotated[int, Field(description="How many seconds are left.")]


class TokenRequest(TypedDict):
    """What is asked of POST /v1/oauth/token."""

    grant_type: Literal["client_credentials"]
    scope: Annotated[
        str, Field(min_length=1, description="`api` for all that the key may do, or scopes with blanks between them.")
    ]


class ServiceTokenRequest(TypedDict):
    """What is asked of POST /v2/oauth/token."""

    grant_type: Literal["client_credentials"]
    scope: NotRequired[
        Annotated[
            str, Field(description="Permissions with blanks between them; all of the key's where it is left out.")
        ]
    ]
    project_id: NotRequired[Annotated[str, Field(description="The project of the key.")]]


class TokenReference(TypedDict):
    """The token that is meant."""

    access_token: _AccessToken


class AccessToken(TypedDict):
    """A token of the first version, which is shown only once."""

    access_token: _AccessToken
    client_id: Annotated[str, Field(description="The id of the key.")]
    expires_at: _ExpiresAt
    expires_in: _ExpiresIn
    scope: str
    token_type: Literal["Bearer"]


class IntrospectedToken(AccessToken):
    """A token that is valid."""

    active: Literal[True]


class InactiveToken(TypedDict):
    """A token that is not valid, or not the key's own."""

    active: Literal[False]


class TokenError(TypedDict):
    """An error of the second version (RFC 6749, section 5.2)."""

    error: str
    error_description: str


class ServiceToken(TypedDict):
    """A token of the second version (RFC 6749, section 5.1), which is shown only once."""

    access_token: _AccessToken
    token_type: Literal["Bearer"]
    expires_in: _ExpiresIn
    scope: Annotated[str, Field(description="The permissions that it has.")]
