"""Hosts that requests may be for: what a client writes into its Host header gets into links and redirects."""

import re
from collections.abc import Iterable

from tallykeep.core.addresses import ANY_HOST

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?")
# Names by which a machine reaches itself: no site elsewhere can make a browser send them.
_OWN = re.compile(r"localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]")

Headers = Iterable[tuple[bytes, bytes]]


class TrustedHosts:
    """The hosts of the setting `trusted_hosts`; without it, and with `*` in it, every host is trusted."""

    def __init__(self, names: tuple[str, ...] | None) -> None:
        self.trusts_all = names is None or ANY_HOST in names
        self._names = frozenset(names or ())
        self._endings = tuple(name[1:] for name in names or () if name.startswith("*."))

    def trusts(self, headers: Headers) -> bool:
        """Return whether the one Host header that there has to be names a trusted host, or the machine itself."""
        if self.trusts_all:
            return True
        hosts = [value for name, value in headers if name == b"host"]
        match = _HOST.fullmatch(hosts[0].decode("latin-1").lower()) if len(hosts) == 1 else None
        if match is None:
            return False
        host = match[1].rstrip(".")
        return host in self._names or host.endswith(self._endings) or _OWN.fullmatch(host) is not None
