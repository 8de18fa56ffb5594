"""Sessions: who is signed in. They end on the server, when somebody signs out or when they expire.

The cookie holds 32 random bytes. The table holds their hash, and the project's keys sealed with a key made from them,
so that neither the table nor a backup of it is of any use by itself.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallykeep.core import exact_json
from tallykeep.dashboard.kit.api_client import Keys
from tallykeep.db.connections.pool import Pool
from tallykeep.db.queries import queries

_sql = queries(__package__, "session_store.sql")

_SECRET_BYTES = 32
_EXPIRED_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person's keys, their project, and the token that proves that a form is ours.

    `id` is what the audit log calls the session; nobody can sign in with it.
    """

    keys: Keys
    project: str
    csrf_token: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Begins, finds and ends sessions; `pool` returns the open pool once the server runs."""

    pool: Callable[[], Pool]
    hours: float

    async def begin(self, keys: Keys, project: str) -> str | None:
        """Begin a session and return its cookie; None where there is no such access key any more."""
        secret = secrets.token_bytes(_SECRET_BYTES)
        content = exact_json.dumps({"app_id": keys.app_id, "app_token": keys.app_token, "project": project})
        begun = {
            "id": _id(secret), "key_id": keys.app_id, "sealed": _seal(secret).encrypt(content),
            "lifetime": timedelta(hours=self.hours),
        }  # fmt: skip
        async with self.pool().connection() as connection:
            await connection.execute(_sql.delete_expired, {"step": _EXPIRED_AT_A_TIME})
            added = await (await connection.execute(_sql.add_session, begun)).fetchone()
        return f"{added['project_id']}.{_text(secret)}" if added else None

    async def find(self, cookie: str) -> Session | None:
        """Return the cookie's session; None where there is none, or it has expired."""
        row_key, secret = _read(cookie)
        if not secret:
            return None
        async with self.pool().connection() as connection:
            row = await (await connection.execute(_sql.get_session, row_key)).fetchone()
        try:
            content = exact_json.loads(_seal(secret).decrypt(bytes(row["sealed"]))) if row else None
        except InvalidToken:
            return None
        if content is None:
            return None
        keys = Keys(content["app_id"], content["app_token"])
        return Session(keys, content["project"], _text(_derived(secret, b"tallykeep forms")), _shown_id(secret))

    async def end(self, cookie: str) -> None:
        """End the session, wherever its cookie has gone."""
        row_key, secret = _read(cookie)
        if secret:
            async with self.pool().connection() as connection:
                await connection.execute(_sql.end_session, row_key)


def _read(cookie: str) -> tuple[dict[str, object], bytes]:
    """Return the session's key in the table, and its secret; no secret for a cookie that is not ours."""
    project_id, _, text = cookie.partition(".")
    try:
        secret = base64.urlsafe_b64decode(text + "=")
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES or not (project_id.isascii() and project_id.isdecimal() and len(project_id) < 18):
        return {}, b""
    return {"project_id": int(project_id), "id": _id(secret)}, secret


def _id(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _shown_id(secret: bytes) -> str:
    return f"sess_{_derived(secret, b'tallykeep audit log').hex()[:18]}"


def _seal(secret: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(secret, b"tallykeep session keys")))


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)


def _text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")
