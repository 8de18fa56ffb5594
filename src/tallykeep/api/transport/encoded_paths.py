"""Keys inside paths: a slash that belongs to one is written %2F, and parts nothing.

What a server hands on has both alike. So they are told apart in the raw path, before routes are matched: a key's own
slash is U+0000 until the key is read, which no path may hold otherwise.
"""

from urllib.parse import unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import Scope

_OWN_SLASH = "\0"


class _Key(Convertor[str]):
    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return value.replace(_OWN_SLASH, "/")

    def to_string(self, value: str) -> str:
        return value


class _KeyWithSlashes(_Key):
    regex = ".+"


register_url_convertor("key", _Key())
register_url_convertor("slashed", _KeyWithSlashes())


def tell_slashes_apart(scope: Scope) -> None:
    """Make routes with `{name:key}` take a key with slashes as one; those with `{name:slashed}` take bare ones, too."""
    raw = scope.get("raw_path") or b""
    if b"%2F" in raw or b"%2f" in raw:
        path = raw.partition(b"?")[0].decode("latin-1").replace("%2f", "%2F")
        scope["path"] = _OWN_SLASH.join(map(unquote, path.split("%2F")))


def shown_path(path: str) -> str:
    """Return the path as a client may write it."""
    return path.replace(_OWN_SLASH, "%2F")
