"""Campaigns by the name that people know them by."""

from tallykeep.cli.client import Client


def addressed(client: Client, name: str) -> str:
    """What a path may call the campaign: its name or id as given, or its id where a path cannot hold the name."""
    if "/" not in name:
        return name
    found = client.get("/v1/campaigns", **{"filters[name][conditions][$is]": name})["campaigns"]
    return str(found[0]["id"]) if found else name
