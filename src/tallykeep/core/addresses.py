"""Addresses in settings: a URL, hosts, networks and paths, each checked when it is read."""

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

ANY_HOST = "*"
_Words = tuple[str, ...]
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_MAX_NAME_LENGTH = 253
_PATH = re.compile(r"(?:/[\w.~-]+)+")


def public_url(value: Any) -> str:
    """Return a URL without a slash at its end; raise ValueError unless it is one that clients can use."""
    text = str(value)
    parts = urlsplit(text)
    is_plain = not parts.query and not parts.fragment and "@" not in parts.netloc
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain or not text.isprintable():
        raise ValueError("the URL at which clients reach the server, such as https://bulk.example.com")
    return text.rstrip("/")


def unless_none(read: Callable[[Any], _Words]) -> Callable[[Any], _Words | None]:
    """Return what reads a value that may be left out."""
    return lambda value: None if value is None else read(value)


def hosts(value: Any) -> _Words:
    """Return host names in lower case, `*.` before one standing for what is below it; raise ValueError."""
    names = tuple(name.lower().rstrip(".") for name in _words(value))
    if not names or not all(name == ANY_HOST or _is_host(name) for name in names):
        raise ValueError(
            "host names or addresses without ports, separated by commas, such as bulk.example.com,*.example.org; or *"
        )
    return tuple(f"[{name}]" if ":" in name and not name.startswith("[") else name for name in names)


def networks(value: Any) -> _Words:
    """Return addresses and networks as uvicorn takes them; raise ValueError."""
    try:
        known = tuple(str(ip_network(word) if "/" in word else ip_address(word)) for word in _words(value))
    except ValueError:
        known = ()
    if not known:
        raise ValueError("addresses or networks of proxies, separated by commas, such as 10.0.0.7,192.168.0.0/16")
    return known


def paths(value: Any) -> _Words:
    """Return paths; raise ValueError."""
    words = tuple(word.rstrip("/") for word in _words(value))
    if not words or not all(map(_PATH.fullmatch, words)):
        raise ValueError("paths, separated by commas, such as /docs,/openapi.json")
    return words


def is_closed(path: str, closed_paths: Iterable[str]) -> bool:
    """Return whether a path is one of these, or below one."""
    return any(path == closed or path.startswith(f"{closed}/") for closed in closed_paths)


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on is reached from the machine itself only."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _words(value: Any) -> _Words:
    words = value.split(",") if isinstance(value, str) else value
    return tuple(stripped for word in words if (stripped := str(word).strip()))


def _is_host(name: str) -> bool:
    if len(name) > _MAX_NAME_LENGTH:
        return False
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return all(map(_LABEL.fullmatch, name.removeprefix("*.").split(".")))
    return True
