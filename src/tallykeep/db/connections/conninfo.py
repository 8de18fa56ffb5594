"""Connection strings: limits to how long the network may be silent, and the hosts one names."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

# What a URL says itself stays. They find out about a peer that is gone; one that is there and silent needs a guard.
_BOUNDS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def bounded(database_url: str) -> str:
    """Return the connection string of a URL, with limits to how long the network may be silent.

    Raises psycopg.ProgrammingError where it is no URL of PostgreSQL, with the password in its text.
    """
    params = conninfo_to_dict(database_url)
    return make_conninfo(database_url, **{name: value for name, value in _BOUNDS.items() if name not in params})


def by_host(conninfo: str) -> list[str]:
    """Return the connection strings of a string's hosts, each by itself."""
    params = conninfo_to_dict(conninfo)
    lists = {name: str(params[name]).split(",") for name in ("host", "hostaddr", "port") if params.get(name)}
    count = max((len(values) for name, values in lists.items() if name != "port"), default=1)
    if count == 1:
        return [conninfo]
    conninfos = []
    for index in range(count):
        one = {name: values[index] if len(values) > 1 else values[0] for name, values in lists.items()}
        conninfos.append(make_conninfo(conninfo, **one))
    return conninfos
