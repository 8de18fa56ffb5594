"""Secrets of webhooks, and signatures made with them: the reference API's, and those of Standard Webhooks."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from standardwebhooks import Webhook

from tallykeep.db.connections.pool import Connection
from tallykeep.engine.installation_secret import installation_secret

SECRET_PREFIX = "whsec_"  # noqa: S105 - what all of them begin with
_SECRET_BYTES = 32
_NAME = "webhook secrets"


def new_secret() -> str:
    """Return a secret as Standard Webhooks writes them: whsec_, then 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


class Seal:
    """Keeps secrets out of the table `webhooks`: sealed with a key made from one in the table `secrets`."""

    def __init__(self, secret: bytes) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tallykeep webhook secrets").derive(secret)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def close(self, secret: str) -> bytes:
        """Return what is stored of a secret."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Return the secret; raise cryptography.fernet.InvalidToken where it was sealed with another key."""
        return self._fernet.decrypt(sealed).decode()


async def seal_of(connection: Connection) -> Seal:
    """Return the installation's seal."""
    return Seal(await installation_secret(connection, _NAME))


def signature_headers(secrets_: Sequence[str], event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that sign a body; `secrets_` are the current one and perhaps the one before it.

    `timestamp` is the attempt's, in seconds. Sources: standardwebhooks.com (webhook-…, a signature by each secret);
    the reference API's documentation (x-voucherify-signature: HMAC-SHA256 of the body in hex, the secret its key).
    """
    payload, when = body.decode(), datetime.fromtimestamp(timestamp, UTC)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(Webhook(each).sign(event_id, when, payload) for each in secrets_),
        "x-voucherify-signature": hmac.new(secrets_[0].encode(), body, hashlib.sha256).hexdigest(),
    }
