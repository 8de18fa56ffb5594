"""Clients whose answers are looked at: a browser that is signed in."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from benchmarks.server import KEYS

_TIMEOUT = 300


@contextmanager
def dashboard(url: str) -> Iterator[httpx.Client]:
    """A browser that is signed in."""
    with httpx.Client(base_url=url, trust_env=False, timeout=_TIMEOUT) as browser:
        own = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
        signed_in = browser.post("/sign-in", data=KEYS, headers=own)
        assert signed_in.status_code == 303, signed_in.text[:500]
        yield browser
