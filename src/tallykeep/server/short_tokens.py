"""Tokens that settings give to the first project's keys: long ones, or only the machine itself may reach the server."""

from urllib.parse import urlsplit

import structlog

from tallykeep.core.addresses import is_loopback
from tallykeep.core.settings import BadSettingsError, Settings

_log = structlog.get_logger()

MIN_LENGTH = 22  # characters of 128 random bits, in base64; those that are made here have 32


def require_long_tokens(settings: Settings) -> None:
    """Warn of tokens that are too short, which anybody might guess who reaches the server.

    Raises BadSettingsError where others than the machine's own users can.
    """
    given = {
        "TALLYKEEP_APP_TOKEN": settings.app_token, "TALLYKEEP_MANAGEMENT_TOKEN": settings.management_token
    }  # fmt: skip
    short = [name for name, token in given.items() if token and len(token) < MIN_LENGTH]
    if not short:
        return
    problem = (
        f"{' and '.join(short)} should have {MIN_LENGTH} characters or more, so that nobody guesses them: take random"
        " ones (openssl rand -hex 16), or leave them out, and they are made"
    )
    if _is_for_others(settings):
        raise BadSettingsError(f"{problem}. Shorter ones are for a server that only its own machine reaches")
    _log.warning(problem)


def _is_for_others(settings: Settings) -> bool:
    """Return whether the server listens beyond its own machine, or is told of a proxy or a name for others."""
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    is_public = public is not None and not is_loopback(public)
    return not is_loopback(settings.host) or settings.trusted_proxies is not None or is_public
