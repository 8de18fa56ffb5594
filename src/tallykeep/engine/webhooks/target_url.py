"""The URL that a webhook's events go to: read in one way only, so that what is checked is what is connected to."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from tallykeep.core.errors import InvalidPayloadError

MAX_LENGTH = 2_048
_MAX_HOST_LENGTH = 253
_PORTS = {"http": 80, "https": 443}
_FIRST_UNPRIVILEGED_PORT = 1_024
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?][!-\"$-\[\]_a-z~]*)?",
    re.IGNORECASE | re.ASCII,
)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_TO_SLASHES = str.maketrans("?#", "//")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class TargetUrl:
    """A URL in its parts: `host` is lower case, without brackets; `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def host_header(self) -> str:
        """Return what the header Host says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_target_url(text: Any, *, allow_private: bool) -> TargetUrl:
    """Read the URL; raise InvalidPayloadError, which says what is wrong with it.

    With `allow_private`, every port may be named.
    """
    if not isinstance(text, str) or not 0 < len(text) <= MAX_LENGTH:
        raise _invalid(f"should be a URL of at most {MAX_LENGTH} characters")
    match = _URL.fullmatch(text)
    if match is None:
        raise _invalid(_why_unreadable(text))
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = int(match["port"] or _PORTS[scheme])
    if port == 0 or port > 65_535 or not (allow_private or port in _PORTS.values() or port >= _FIRST_UNPRIVILEGED_PORT):
        raise _invalid("should have the port 80 or 443, or one from 1024 to 65535")
    target = match["target"] or "/"
    return TargetUrl(scheme, _host(host), port, target if target.startswith("/") else f"/{target}")


def _why_unreadable(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in _PORTS:
        return "should begin with https:// or http://"
    if "@" in rest.translate(_TO_SLASHES).partition("/")[0]:
        return "should have no user name or password in it"
    if "#" in rest:
        return "should have no fragment (#)"
    return "should be a URL in ASCII characters, others percent-encoded, a host name in its xn-- form"


def _host(host: str) -> str:
    """Return the host; an address has to be written in the one form that everybody reads alike."""
    try:
        if host.startswith("["):
            return str(IPv6Address(host[1:-1]))
        if _NUMBER.fullmatch(host.rpartition(".")[2]):
            return str(IPv4Address(host))
    except AddressValueError:
        raise _invalid("should have a host name, or an address like 192.0.2.1 or [2001:db8::1]") from None
    if len(host) > _MAX_HOST_LENGTH or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise _invalid("should have a host name of labels with 1 to 63 letters, digits and hyphens, without a last dot")
    return host


def _invalid(what: str) -> InvalidPayloadError:
    return InvalidPayloadError(f"Property .target_url {what}")
